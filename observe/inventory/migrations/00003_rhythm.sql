-- +goose Up
-- How many conversations ended in each hour of the week, by the clocks of the site: 168 uvarints, from Monday. serves is 1 for
-- those that it served, 0 for those that it asked for.
CREATE TABLE inventory_rhythm (
	trace  BIGINT NOT NULL,
	serves BIGINT NOT NULL,
	counts BYTEA NOT NULL,
	PRIMARY KEY (trace, serves)
);
