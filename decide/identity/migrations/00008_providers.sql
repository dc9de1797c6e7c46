-- +goose Up
-- national is the number of a professional (RPPS), by which a provider may know them; empty: it is not known here.
ALTER TABLE identity_person ADD COLUMN national TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX identity_person_national ON identity_person (national) WHERE national <> '';

-- Somebody whom an OpenID provider sent. subject is the keyed hash of what it calls them, session its own session, token the sealed ID token with which
-- they are signed out there; methods is what the provider proved, activity the one of activities that they chose.
CREATE TABLE identity_arrival (
	id         TEXT PRIMARY KEY,
	person     TEXT NOT NULL REFERENCES identity_person (id),
	factor     TEXT NOT NULL,
	provider   TEXT NOT NULL,
	subject    TEXT NOT NULL,
	session    TEXT NOT NULL,
	token      TEXT NOT NULL,
	methods    JSONB NOT NULL,
	activities JSONB NOT NULL,
	activity   TEXT NOT NULL DEFAULT '',
	opened     BOOLEAN NOT NULL DEFAULT FALSE,
	created    TIMESTAMPTZ NOT NULL
);
CREATE INDEX identity_arrival_subject ON identity_arrival (provider, subject);
CREATE INDEX identity_arrival_person ON identity_arrival (person);

-- arrival is how somebody came; empty: by themselves.
ALTER TABLE identity_session ADD COLUMN arrival TEXT NOT NULL DEFAULT '';
CREATE INDEX identity_session_arrival ON identity_session (arrival) WHERE arrival <> '';
