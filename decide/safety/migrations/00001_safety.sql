-- +goose Up
-- What was decided of the interlock: the last matrix that could be read, what froze automation, shadow mode.
CREATE TABLE safety_state (
	name TEXT PRIMARY KEY,
	doc  TEXT NOT NULL
);
