-- +goose Up
-- From where somebody entered: policies look at it for as long as the tokens of the sign-in are used, which the application does from elsewhere.
ALTER TABLE identity_oidc_grant ADD COLUMN address TEXT NOT NULL DEFAULT '';
