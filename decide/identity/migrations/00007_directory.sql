-- +goose Up
-- source is the directory that somebody comes from, and external their id there; empty: they are known here alone. roles (doctor, nurse...) and units
-- are what policies read. ended: the directory disabled them, and may enable them again.
ALTER TABLE identity_person ADD COLUMN source TEXT NOT NULL DEFAULT '';
ALTER TABLE identity_person ADD COLUMN external TEXT NOT NULL DEFAULT '';
ALTER TABLE identity_person ADD COLUMN roles JSONB NOT NULL DEFAULT '[]';
ALTER TABLE identity_person ADD COLUMN units JSONB NOT NULL DEFAULT '[]';
ALTER TABLE identity_person ADD COLUMN ended BOOLEAN NOT NULL DEFAULT FALSE;
CREATE UNIQUE INDEX identity_person_external ON identity_person (source, external) WHERE external <> '';
