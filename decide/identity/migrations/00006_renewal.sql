-- +goose Up
-- renew: why a password must be replaced before it opens anything more ("stolen", "asked"); empty: it need not.
ALTER TABLE identity_factor ADD COLUMN renew TEXT NOT NULL DEFAULT '';

-- renew: whoever signed in must first choose another password, and can do nothing else.
ALTER TABLE identity_session ADD COLUMN renew TEXT NOT NULL DEFAULT '';
