-- +goose Up
-- Colleagues who vouch for somebody who lost every second factor: the first, then the second, whereupon there is a pass. pass is its HMAC.
CREATE TABLE identity_vouch (
	id        TEXT PRIMARY KEY,
	person    TEXT NOT NULL UNIQUE REFERENCES identity_person (id),
	voucher   TEXT NOT NULL REFERENCES identity_person (id),
	seconder  TEXT REFERENCES identity_person (id),
	created   TIMESTAMPTZ NOT NULL,
	pass      TEXT,
	ends      TIMESTAMPTZ NOT NULL
);
