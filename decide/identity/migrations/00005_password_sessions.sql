-- +goose Up
-- Sessions that a password alone opened, before a second factor was asked for: their people sign in anew and add one.
DELETE FROM identity_session WHERE CAST(methods AS TEXT) = '["pwd"]';
