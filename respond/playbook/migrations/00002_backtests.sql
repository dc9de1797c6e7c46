-- +goose Up
-- What a playbook would have done in the past.
CREATE TABLE playbook_backtest (
	id       BIGINT PRIMARY KEY,
	playbook TEXT NOT NULL,
	state    TEXT NOT NULL,
	doc      JSONB NOT NULL
);
CREATE INDEX playbook_backtest_playbook ON playbook_backtest (playbook);
