-- +goose Up
-- Cases: doc is all but the bytes of evidence.
CREATE TABLE incident_case (
	id     BIGINT PRIMARY KEY,
	status TEXT NOT NULL,
	owner  TEXT NOT NULL,
	doc    JSONB NOT NULL
);

-- Bytes of evidence, as they were taken.
CREATE TABLE incident_evidence (
	of_case BIGINT NOT NULL,
	id      BIGINT NOT NULL,
	body    BYTEA NOT NULL,
	PRIMARY KEY (of_case, id)
);
