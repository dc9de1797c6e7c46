-- +goose Up
-- record is what was hashed; the columns beside it only serve to search, and are checked against it.
CREATE TABLE ledger_entry (
	seq     BIGINT PRIMARY KEY,
	at      TIMESTAMPTZ NOT NULL,
	actor   TEXT NOT NULL,
	act     TEXT NOT NULL,
	object  TEXT NOT NULL,
	outcome TEXT NOT NULL,
	record  TEXT NOT NULL
);
CREATE INDEX ledger_entry_at ON ledger_entry (at);
CREATE INDEX ledger_entry_actor ON ledger_entry (actor, seq);
CREATE INDEX ledger_entry_act ON ledger_entry (act, seq);
CREATE INDEX ledger_entry_object ON ledger_entry (object, seq);

-- The hashes of the tree in the order of golang.org/x/mod/sumdb/tlog.StoredHashIndex.
CREATE TABLE ledger_hash (
	i BIGINT PRIMARY KEY,
	h BYTEA NOT NULL
);

-- One row (id 1): how many entries there are, and the signed checkpoint that says so.
CREATE TABLE ledger_head (
	id         BIGINT PRIMARY KEY,
	size       BIGINT NOT NULL,
	checkpoint TEXT NOT NULL
);

-- Signed checkpoints of the past.
CREATE TABLE ledger_checkpoint (
	size       BIGINT PRIMARY KEY,
	checkpoint TEXT NOT NULL
);
