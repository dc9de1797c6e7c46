-- +goose Up
-- The last text of a file of the hospital's own that could be read.
CREATE TABLE playbook_good (
	file TEXT PRIMARY KEY,
	text TEXT NOT NULL
);
