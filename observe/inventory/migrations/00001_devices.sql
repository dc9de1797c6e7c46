-- +goose Up
-- What is seen at an address for as long as one thing is behind it. doc holds its facts.
CREATE TABLE inventory_trace (
	id     BIGINT PRIMARY KEY,
	device BIGINT NOT NULL,
	seen   BIGINT NOT NULL,
	doc    JSONB NOT NULL
);

-- Identifiers that several devices show, or that people have said to be of none.
CREATE TABLE inventory_shared (
	field TEXT NOT NULL,
	value TEXT NOT NULL,
	why   TEXT NOT NULL,
	PRIMARY KEY (field, value)
);

-- Who uses what of whom; 0 is outside.
CREATE TABLE inventory_use (
	src BIGINT NOT NULL,
	dst BIGINT NOT NULL,
	app TEXT NOT NULL,
	doc JSONB NOT NULL,
	PRIMARY KEY (src, dst, app)
);

-- What people have said of a device. rev rises with each change.
CREATE TABLE inventory_word (
	device    BIGINT PRIMARY KEY,
	name      TEXT NOT NULL,
	class     TEXT NOT NULL,
	tier      BIGINT NOT NULL,
	ward      TEXT NOT NULL,
	owner     TEXT NOT NULL,
	note      TEXT NOT NULL,
	reference TEXT NOT NULL,
	confirmed TIMESTAMPTZ,
	by        TEXT NOT NULL,
	rev       BIGINT NOT NULL
);

-- What happened to devices.
CREATE TABLE inventory_change (
	id     BIGINT PRIMARY KEY,
	time   BIGINT NOT NULL,
	device BIGINT NOT NULL,
	other  BIGINT NOT NULL,
	kind   TEXT NOT NULL,
	doc    JSONB NOT NULL
);
CREATE INDEX inventory_change_device ON inventory_change (device, time);

-- How far the inventory has come.
CREATE TABLE inventory_state (
	name  TEXT PRIMARY KEY,
	value BIGINT NOT NULL
);
