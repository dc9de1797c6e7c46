-- +goose Up
-- kind may be "password", "passkey", "totp" or "recovery" (one row for each code). counter is the number of the last code of an app
-- that was taken: none is taken twice.
ALTER TABLE identity_factor ADD COLUMN counter BIGINT NOT NULL DEFAULT 0;

-- enrol: whoever signed in must first add a second factor, and can do nothing else.
ALTER TABLE identity_session ADD COLUMN enrol BOOLEAN NOT NULL DEFAULT FALSE;
