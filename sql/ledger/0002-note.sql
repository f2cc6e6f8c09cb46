-- The last note to a site's owner that something is held (store/ledger.h): when it was let go, the newest submission it tells of, and whether a server took it.
CREATE TABLE held_note (
	site TEXT PRIMARY KEY,
	begun_at INTEGER NOT NULL,
	told_id INTEGER NOT NULL,
	is_sent INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
