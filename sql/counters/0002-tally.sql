-- How often what happened in each hour (store/tally.h). Hours since 1970 (UTC). Topics: store/tally.h, TallyTopic.
CREATE TABLE tally (
	hour INTEGER NOT NULL,
	site TEXT NOT NULL,
	topic INTEGER NOT NULL,
	item TEXT NOT NULL,
	count INTEGER NOT NULL,
	PRIMARY KEY (hour, site, topic, item)
) STRICT, WITHOUT ROWID;

-- Who was turned away by a limit of his own in each hour: the keyed hash of what the limit counts by, and the text boxed for whoever holds the vault's private key.
CREATE TABLE limited (
	hour INTEGER NOT NULL,
	site TEXT NOT NULL,
	tier INTEGER NOT NULL,
	key BLOB NOT NULL CHECK (length(key) <= 64),
	boxed BLOB NOT NULL,
	count INTEGER NOT NULL,
	last_at INTEGER NOT NULL,
	PRIMARY KEY (hour, site, tier, key)
) STRICT, WITHOUT ROWID;

-- One row: how many rows both have, because counting them takes as long as reading them.
CREATE TABLE tally_room (
	only INTEGER PRIMARY KEY CHECK (only = 1),
	tallies INTEGER NOT NULL,
	limiteds INTEGER NOT NULL
) STRICT;

INSERT INTO tally_room VALUES (1, 0, 0);
