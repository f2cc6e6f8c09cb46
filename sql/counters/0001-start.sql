-- counters.db: what may be lost (store/counters.h). Keys are keyed hashes; times are microseconds since 1970 (UTC).

-- A rate's: when everything that was charged is worked off (the theoretical arrival time of GCRA). A mark's: until when it is set. No index on the time:
-- it would move with each charge, and cost more than the charge.
CREATE TABLE counter (
	key BLOB PRIMARY KEY CHECK (length(key) <= 64),
	until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row: behind which counter and behind whose hits the purge goes on.
CREATE TABLE purge (
	only INTEGER PRIMARY KEY CHECK (only = 1),
	key BLOB NOT NULL CHECK (length(key) <= 64),
	entry_id INTEGER NOT NULL
) STRICT;

INSERT INTO purge VALUES (1, x'', 0);

-- Of the operator's lists.
CREATE TABLE hit (
	entry_id INTEGER PRIMARY KEY,
	count INTEGER NOT NULL,
	last_at INTEGER NOT NULL
) STRICT;
