-- The operator's lists (store/list_entries.h). Networks, words and domains stand in clear; the value of a mail address is a keyed hash in hex digits,
-- and the address itself is boxed.
CREATE TABLE list_entry (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	action INTEGER NOT NULL CHECK (action BETWEEN 1 AND 4),
	points INTEGER NOT NULL,
	type INTEGER NOT NULL CHECK (type BETWEEN 1 AND 8),
	value TEXT NOT NULL,
	boxed BLOB,
	site TEXT NOT NULL,
	form_id INTEGER NOT NULL,
	reason TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	expires_at INTEGER NOT NULL,
	UNIQUE (type, value, site, form_id)
) STRICT;

CREATE INDEX list_entry_expires ON list_entry (expires_at) WHERE expires_at > 0;

-- One row: a number that grows with every change of the lists, so that "has anything changed?" costs one page.
CREATE TABLE list_generation (
	only INTEGER PRIMARY KEY CHECK (only = 1),
	generation INTEGER NOT NULL
) STRICT;

INSERT INTO list_generation VALUES (1, 0);
