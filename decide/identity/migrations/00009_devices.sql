-- +goose Up
-- The authority that signs certificates of devices; secret is its sealed key.
CREATE TABLE identity_device_authority (
	id      TEXT PRIMARY KEY,
	cert    TEXT NOT NULL,
	secret  TEXT NOT NULL,
	created TIMESTAMPTZ NOT NULL
);

-- kind is "workstation", "shared" or "service"; inventory the number of the device in the inventory, or empty. serial is that of its newest certificate,
-- before that of the one before, which is good until the newest is used. posture is what it reported of itself.
CREATE TABLE identity_device (
	id         TEXT PRIMARY KEY,
	name       TEXT NOT NULL UNIQUE,
	kind       TEXT NOT NULL,
	unit       TEXT NOT NULL,
	inventory  TEXT NOT NULL,
	serial     TEXT NOT NULL UNIQUE,
	before     TEXT NOT NULL,
	created    TIMESTAMPTZ NOT NULL,
	created_by TEXT NOT NULL,
	expires    TIMESTAMPTZ NOT NULL,
	revoked    TIMESTAMPTZ,
	seen       TIMESTAMPTZ,
	posture    JSONB NOT NULL,
	reported   TIMESTAMPTZ
);

-- Codes with which a device enrols, once; hash is the keyed hash.
CREATE TABLE identity_device_code (
	hash       TEXT PRIMARY KEY,
	name       TEXT NOT NULL,
	kind       TEXT NOT NULL,
	unit       TEXT NOT NULL,
	inventory  TEXT NOT NULL,
	created_by TEXT NOT NULL,
	ends       TIMESTAMPTZ NOT NULL
);

-- device: the session opens nothing without the certificate of that device; empty: it is bound to none.
ALTER TABLE identity_session ADD COLUMN device TEXT NOT NULL DEFAULT '';
CREATE INDEX identity_session_device ON identity_session (device) WHERE device <> '';
