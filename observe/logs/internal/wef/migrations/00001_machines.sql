-- +goose Up
-- How far each machine has delivered what it is subscribed to, and when it was last heard of. seen is in milliseconds since 1970.
CREATE TABLE logs_wef_machine (
	identity     TEXT NOT NULL,
	subscription TEXT NOT NULL,
	bookmark     TEXT NOT NULL,
	host         TEXT NOT NULL,
	address      TEXT NOT NULL,
	seen         BIGINT NOT NULL,
	PRIMARY KEY (identity, subscription)
);
