-- +goose Up
-- The longest silence of what is at an address, in nanoseconds.
ALTER TABLE inventory_trace ADD COLUMN gap BIGINT NOT NULL DEFAULT 0;
