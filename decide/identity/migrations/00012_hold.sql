-- +goose Up
-- Whom nobody may erase until it is taken back: a court, an investigation. held_by is an actor of the ledger.
CREATE TABLE identity_hold (
	person  TEXT PRIMARY KEY REFERENCES identity_person (id),
	reason  TEXT NOT NULL,
	held_by TEXT NOT NULL,
	at      TIMESTAMPTZ NOT NULL
);
