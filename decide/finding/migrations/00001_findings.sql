-- +goose Up
-- What was found: a rule between two ends. doc is all but its evidence and history.
CREATE TABLE finding_item (
	id  BIGINT PRIMARY KEY,
	doc JSONB NOT NULL
);

-- What rules said of themselves when they last matched.
CREATE TABLE finding_rule (
	id  TEXT PRIMARY KEY,
	doc JSONB NOT NULL
);

-- The first events of a finding (slots 0 to 3) and the last (4 to 7), each as a batch of one.
CREATE TABLE finding_evidence (
	finding BIGINT NOT NULL,
	slot    BIGINT NOT NULL,
	uid     TEXT NOT NULL,
	place   BIGINT NOT NULL,
	batch   BYTEA NOT NULL,
	PRIMARY KEY (finding, slot)
);

-- What happened to findings: verdicts, and what the program did.
CREATE TABLE finding_history (
	id      BIGINT PRIMARY KEY,
	finding BIGINT NOT NULL,
	doc     JSONB NOT NULL
);
CREATE INDEX finding_history_finding ON finding_history (finding, id);

-- What is counted and not shown, because a person said so.
CREATE TABLE finding_suppression (
	id  BIGINT PRIMARY KEY,
	doc JSONB NOT NULL
);

-- Batches of events that the bus has not yet acknowledged: they are kept with the state that they follow from.
CREATE TABLE finding_outbox (
	id    BIGINT PRIMARY KEY,
	batch BYTEA NOT NULL
);

-- How far the room has come.
CREATE TABLE finding_state (
	name  TEXT PRIMARY KEY,
	value BIGINT NOT NULL
);
