-- +goose Up
-- What people decided and what was learnt: kind is "duty", "team", "grant", "glass", "stay" or "use"; doc says the rest.
CREATE TABLE access_item (
	kind TEXT NOT NULL,
	id   TEXT NOT NULL,
	doc  JSONB NOT NULL,
	PRIMARY KEY (kind, id)
);

-- Batches of events that the bus has not yet acknowledged.
CREATE TABLE access_outbox (
	id    BIGINT PRIMARY KEY,
	batch BYTEA NOT NULL
);

-- How far the room has come.
CREATE TABLE access_state (
	name  TEXT PRIMARY KEY,
	value BIGINT NOT NULL
);
