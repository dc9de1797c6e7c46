-- +goose Up
-- Whom to reach, and how.
CREATE TABLE notify_contact (
	id  TEXT PRIMARY KEY,
	doc JSONB NOT NULL
);

-- Who is on call when.
CREATE TABLE notify_rota (
	id  TEXT PRIMARY KEY,
	doc JSONB NOT NULL
);

-- Who is told what, and who next when nobody answers.
CREATE TABLE notify_policy (
	id  TEXT PRIMARY KEY,
	doc JSONB NOT NULL
);

-- What people were told of. due is when the next are, in unix milliseconds.
CREATE TABLE notify_notice (
	id    BIGINT PRIMARY KEY,
	about TEXT NOT NULL,
	state TEXT NOT NULL,
	due   BIGINT NOT NULL,
	doc   JSONB NOT NULL
);
CREATE INDEX notify_notice_about ON notify_notice (about, id);
CREATE INDEX notify_notice_due ON notify_notice (state, due);

-- Messages: one notice to one person in one way. due is when it is tried next.
CREATE TABLE notify_message (
	id      BIGINT PRIMARY KEY,
	notice  BIGINT NOT NULL,
	contact TEXT NOT NULL,
	channel TEXT NOT NULL,
	state   TEXT NOT NULL,
	due     BIGINT NOT NULL,
	made    BIGINT NOT NULL,
	doc     JSONB NOT NULL
);
CREATE INDEX notify_message_due ON notify_message (state, due);
CREATE INDEX notify_message_notice ON notify_message (notice);
CREATE INDEX notify_message_contact ON notify_message (contact, made);
