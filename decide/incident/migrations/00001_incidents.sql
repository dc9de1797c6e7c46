-- +goose Up
-- Incidents: doc is the story, what people said of it, and its history.
CREATE TABLE incident_item (
	id  BIGINT PRIMARY KEY,
	doc JSONB NOT NULL
);

-- What was learnt of each site: pairs of rule and entity, rules, entities, bursts, and how far it is.
CREATE TABLE incident_memory (
	site TEXT NOT NULL,
	kind TEXT NOT NULL,
	key  TEXT NOT NULL,
	doc  JSONB NOT NULL,
	PRIMARY KEY (site, kind, key)
);

-- Batches of events that the bus has not yet acknowledged: they are kept with the state that they follow from.
CREATE TABLE incident_outbox (
	id    BIGINT PRIMARY KEY,
	batch BYTEA NOT NULL
);
CREATE TABLE incident_risk_outbox (
	id    BIGINT PRIMARY KEY,
	batch BYTEA NOT NULL
);

-- How far the room has come.
CREATE TABLE incident_state (
	name  TEXT PRIMARY KEY,
	value BIGINT NOT NULL
);
