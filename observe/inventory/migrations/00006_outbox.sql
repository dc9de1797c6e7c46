-- +goose Up
-- Batches of events that are told, and that the bus has not yet acknowledged: they are kept with the state that they follow from.
CREATE TABLE inventory_outbox (
	id    BIGINT PRIMARY KEY,
	batch BYTEA NOT NULL
);

-- What the watch has noticed and not told yet, as one document.
CREATE TABLE inventory_watch (
	name TEXT PRIMARY KEY,
	doc  BYTEA NOT NULL
);
