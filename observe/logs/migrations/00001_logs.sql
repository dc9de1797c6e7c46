-- +goose Up
-- Log sources: what came of each, and what people said of it.
CREATE TABLE logs_source (
	id  TEXT PRIMARY KEY,
	doc JSONB NOT NULL
);

-- Tokens by which senders prove who they are, as SHA-256 of each.
CREATE TABLE logs_token (
	name TEXT PRIMARY KEY,
	sum  TEXT NOT NULL UNIQUE,
	doc  JSONB NOT NULL
);

-- How far files are read.
CREATE TABLE logs_place (
	path TEXT PRIMARY KEY,
	doc  JSONB NOT NULL
);
