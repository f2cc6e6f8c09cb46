-- Addresses to which no automatic mail of a site goes for a while, because mail came back or a person said so. Kinds: store/ledger.h, SuppressionKind.
CREATE TABLE suppression (
	site TEXT NOT NULL,
	address BLOB NOT NULL,
	kind INTEGER NOT NULL,
	boxed BLOB,
	reason TEXT NOT NULL,
	bounces INTEGER NOT NULL,
	since INTEGER NOT NULL,
	until INTEGER NOT NULL,
	PRIMARY KEY (site, address)
) STRICT, WITHOUT ROWID;

CREATE INDEX suppression_newest ON suppression (since);
CREATE INDEX suppression_newest_of_site ON suppression (site, since);
CREATE INDEX suppression_until ON suppression (until);

-- How much mail of mail systems came in each hour (since 1970); what has a tag of ours apart from what anybody can send, so that the one hides no surge of the other.
CREATE TABLE bounce_traffic (
	site TEXT NOT NULL,
	is_tagged INTEGER NOT NULL CHECK (is_tagged IN (0, 1)),
	hour INTEGER NOT NULL,
	mails INTEGER NOT NULL,
	PRIMARY KEY (site, is_tagged, hour)
) STRICT, WITHOUT ROWID;

CREATE INDEX bounce_traffic_hour ON bounce_traffic (hour);

-- What accounts have used of their rate: free_at is when all of it is free again (the theoretical arrival time of the generic cell rate algorithm).
CREATE TABLE account_rate (
	account TEXT PRIMARY KEY,
	free_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX account_rate_free ON account_rate (free_at);

-- Accounts whose server was asked whether it takes an envelope sender with a tag.
CREATE TABLE tagged_sender (
	account TEXT PRIMARY KEY,
	is_accepted INTEGER NOT NULL CHECK (is_accepted IN (0, 1)),
	noted_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
