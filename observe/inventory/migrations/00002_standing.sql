-- +goose Up
-- What is usual for a device, and what was told of it.
CREATE TABLE inventory_standing (
	device BIGINT PRIMARY KEY,
	doc    JSONB NOT NULL
);
