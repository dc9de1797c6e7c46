-- +goose Up
-- Playbooks that a person switched on or off.
CREATE TABLE playbook_switch (
	id  TEXT PRIMARY KEY,
	doc JSONB NOT NULL
);

-- A playbook that runs, or ran, for an incident: what of it was done.
CREATE TABLE playbook_run (
	id       BIGINT PRIMARY KEY,
	playbook TEXT NOT NULL,
	incident TEXT NOT NULL,
	state    TEXT NOT NULL,
	doc      JSONB NOT NULL,
	UNIQUE (playbook, incident)
);
CREATE INDEX playbook_run_state ON playbook_run (state);
CREATE INDEX playbook_run_incident ON playbook_run (incident);
