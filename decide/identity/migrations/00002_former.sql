-- +goose Up
-- The hashes of passwords that a person had before, so that they are not chosen again.
CREATE TABLE identity_former (
	id     TEXT PRIMARY KEY,
	person TEXT NOT NULL REFERENCES identity_person (id),
	secret TEXT NOT NULL
);
CREATE INDEX identity_former_person ON identity_former (person);
