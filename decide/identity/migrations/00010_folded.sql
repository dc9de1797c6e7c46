-- +goose Up
-- folded is what somebody is looked for by: name, login, number, directory, roles and units in small letters without accents. Empty: to be made.
ALTER TABLE identity_person ADD COLUMN folded TEXT NOT NULL DEFAULT '';
CREATE INDEX identity_person_folded ON identity_person (folded, id);
CREATE INDEX identity_person_created ON identity_person (created, id);
CREATE INDEX identity_session_seen ON identity_session (seen);
