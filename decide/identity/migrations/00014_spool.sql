-- +goose Up
-- How far what waited for the database was written, by where it waited: the same comes again after a crash, or where somebody puts an old file back.
CREATE TABLE identity_spool (
	id    TEXT PRIMARY KEY,
	taken INTEGER NOT NULL
);
