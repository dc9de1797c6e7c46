-- +goose Up
CREATE TABLE identity_person (
	id         TEXT PRIMARY KEY,
	login      TEXT NOT NULL UNIQUE,
	name       TEXT NOT NULL,
	duties     JSONB NOT NULL,
	created    TIMESTAMPTZ NOT NULL,
	created_by TEXT NOT NULL,
	disabled   TIMESTAMPTZ
);

-- What a person can prove to be themselves with. kind is "password"; others come with their own secrets.
CREATE TABLE identity_factor (
	id      TEXT PRIMARY KEY,
	person  TEXT NOT NULL REFERENCES identity_person (id),
	kind    TEXT NOT NULL,
	label   TEXT NOT NULL,
	secret  TEXT NOT NULL,
	created TIMESTAMPTZ NOT NULL,
	used    TIMESTAMPTZ
);
CREATE INDEX identity_factor_person ON identity_factor (person, kind);

-- hash is the SHA-256 of what the cookie holds. methods are those of RFC 8176, and proved is when they were used.
CREATE TABLE identity_session (
	hash    TEXT PRIMARY KEY,
	id      TEXT NOT NULL UNIQUE,
	person  TEXT NOT NULL REFERENCES identity_person (id),
	methods JSONB NOT NULL,
	proved  TIMESTAMPTZ NOT NULL,
	created TIMESTAMPTZ NOT NULL,
	seen    TIMESTAMPTZ NOT NULL,
	ends    TIMESTAMPTZ NOT NULL,
	address TEXT NOT NULL,
	agent   TEXT NOT NULL
);
CREATE INDEX identity_session_person ON identity_session (person);
CREATE INDEX identity_session_ends ON identity_session (ends);

-- One-time links. kind is "setup", "invite" or "reset"; hash is the SHA-256 of what the link holds.
CREATE TABLE identity_link (
	hash    TEXT PRIMARY KEY,
	kind    TEXT NOT NULL,
	person  TEXT REFERENCES identity_person (id),
	created TIMESTAMPTZ NOT NULL,
	ends    TIMESTAMPTZ NOT NULL,
	used    TIMESTAMPTZ
);
