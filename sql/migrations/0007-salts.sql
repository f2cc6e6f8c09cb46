-- Random values that fingerprints are made with (store/salts.h). A salt alone makes none: the vault's key belongs to it.
CREATE TABLE salt (
	id TEXT NOT NULL PRIMARY KEY, -- 8 hex digits: how a fingerprint begins
	secret BLOB NOT NULL,
	created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
