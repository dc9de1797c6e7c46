-- +goose Up
-- The applications that sign people in here. secret is the SHA-256 of 32 random bytes; settings are those of Settings.
CREATE TABLE identity_oidc_client (
	id         TEXT PRIMARY KEY,
	name       TEXT NOT NULL,
	secret     TEXT NOT NULL,
	settings   JSONB NOT NULL,
	created    TIMESTAMPTZ NOT NULL,
	created_by TEXT NOT NULL
);

-- The keys that sign ID tokens. secret is sealed by the site's key.
CREATE TABLE identity_oidc_key (
	id      TEXT PRIMARY KEY,
	secret  TEXT NOT NULL,
	created TIMESTAMPTZ NOT NULL
);

-- One sign-in of a person to an application: its code, and the family of its tokens.
CREATE TABLE identity_oidc_grant (
	id        TEXT PRIMARY KEY,
	client    TEXT NOT NULL,
	person    TEXT NOT NULL,
	session   TEXT NOT NULL,
	issuer    TEXT NOT NULL,
	request   JSONB NOT NULL,
	methods   JSONB NOT NULL,
	acr       TEXT NOT NULL,
	auth_time TIMESTAMPTZ NOT NULL,
	code      TEXT NOT NULL UNIQUE,
	code_ends TIMESTAMPTZ NOT NULL,
	code_used TIMESTAMPTZ,
	created   TIMESTAMPTZ NOT NULL,
	ends      TIMESTAMPTZ NOT NULL,
	ended     TIMESTAMPTZ,
	told      INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX identity_oidc_grant_session ON identity_oidc_grant (session);
CREATE INDEX identity_oidc_grant_ends ON identity_oidc_grant (ends);

-- kind is "access" or "refresh"; hash is the SHA-256 of the token.
CREATE TABLE identity_oidc_token (
	hash    TEXT PRIMARY KEY,
	kind    TEXT NOT NULL,
	family  TEXT NOT NULL,
	ends    TIMESTAMPTZ NOT NULL,
	used    TIMESTAMPTZ
);
CREATE INDEX identity_oidc_token_family ON identity_oidc_token (family);
CREATE INDEX identity_oidc_token_ends ON identity_oidc_token (ends);

-- Requests that applications pushed (RFC 9126).
CREATE TABLE identity_oidc_pushed (
	hash    TEXT PRIMARY KEY,
	client  TEXT NOT NULL,
	request JSONB NOT NULL,
	ends    TIMESTAMPTZ NOT NULL
);
CREATE INDEX identity_oidc_pushed_ends ON identity_oidc_pushed (ends);

-- Assertions that clients used to say who they are (RFC 7523): each counts once.
CREATE TABLE identity_oidc_assertion (
	hash TEXT PRIMARY KEY,
	ends TIMESTAMPTZ NOT NULL
);
