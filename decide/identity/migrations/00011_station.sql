-- +goose Up
-- kind may be "badge" (the keyed hash of its number, which names and proves nothing) and "pin", too. A badge is one person's.
CREATE UNIQUE INDEX identity_factor_badge ON identity_factor (secret) WHERE kind = 'badge';

-- Somebody who proved on a workstation of a ward who they are, and may open their own session on those of the same place by a tap, until ends.
-- seen is their last tap there.
CREATE TABLE identity_shift (
	id      TEXT PRIMARY KEY,
	person  TEXT NOT NULL REFERENCES identity_person (id),
	place   TEXT NOT NULL,
	methods JSONB NOT NULL,
	proved  TIMESTAMPTZ NOT NULL,
	seen    TIMESTAMPTZ NOT NULL,
	ends    TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX identity_shift_person ON identity_shift (person, place);
