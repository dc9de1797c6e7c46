-- +goose Up
-- Acts against attacks, each for a time. Every change of one has its entry in the ledger, in the same transaction.
CREATE TABLE containment_lease (
	id  BIGINT PRIMARY KEY,
	doc TEXT NOT NULL
);

-- What happened to each.
CREATE TABLE containment_history (
	lease BIGINT NOT NULL,
	n     BIGINT NOT NULL,
	doc   TEXT NOT NULL,
	PRIMARY KEY (lease, n)
);

-- Batches of events that the bus has not yet acknowledged: they are kept with the state that they follow from.
CREATE TABLE containment_outbox (
	id    BIGINT PRIMARY KEY,
	batch BYTEA NOT NULL
);

-- How far the room has come.
CREATE TABLE containment_state (
	name  TEXT PRIMARY KEY,
	value BIGINT NOT NULL
);
