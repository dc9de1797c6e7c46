-- +goose Up
-- What people decided of rules about logs: which are out of force, and which in force whatever their set says.
CREATE TABLE logrule_decision (
	rule TEXT PRIMARY KEY,
	doc  JSONB NOT NULL
);

-- How often rules matched, and when which log source was heard last.
CREATE TABLE logrule_state (
	name TEXT PRIMARY KEY,
	doc  JSONB NOT NULL
);

-- +goose Down
DROP TABLE logrule_state;
DROP TABLE logrule_decision;
