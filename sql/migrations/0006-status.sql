-- What the gate made of a submission and what a person made of that (store/submissions.h, SubmissionStatus: 1 accepted, 2 held, 3 rejected, 4 released,
-- 5 discarded). A table of its own, because a column would lie behind the sealed content and every list would walk through that. A submission
-- without a row was accepted before there was a gate.
CREATE TABLE verdict (
	submission_id INTEGER PRIMARY KEY REFERENCES submission (id) ON DELETE CASCADE,
	site TEXT NOT NULL,
	status INTEGER NOT NULL CHECK (status BETWEEN 1 AND 5),
	fingerprint_hash BLOB,
	quota_bytes INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX verdict_standing ON verdict (status, site) WHERE status IN (2, 3);
-- How much of a site's quota of refused ones is used: a sum over what is kept, so that nothing is to be given back.
CREATE INDEX verdict_quota ON verdict (site, quota_bytes) WHERE quota_bytes > 0;

-- What the same submission is known by for some minutes (VAULT_HASH_REPETITION). The key is unique: of two that race, one is stored.
CREATE TABLE repetition (
	submission_id INTEGER PRIMARY KEY REFERENCES submission (id) ON DELETE CASCADE,
	key BLOB NOT NULL UNIQUE,
	until INTEGER NOT NULL
) STRICT;

CREATE INDEX repetition_until ON repetition (until);

-- The mail that a form's submission was last promised to tell its site's owner that something is held: while it waits it speaks for all that is held meanwhile. Not another form's:
-- that one may be unreadable, or mail nobody, and then it waits for ever.
CREATE TABLE held_note (
	site TEXT NOT NULL,
	form_id INTEGER NOT NULL,
	outbox_id INTEGER NOT NULL,
	PRIMARY KEY (site, form_id)
) STRICT, WITHOUT ROWID;
