-- +goose Up
-- Up to when somebody has read what was changed in how they sign in.
ALTER TABLE identity_person ADD COLUMN told TIMESTAMPTZ;
