-- The courier's own file: what it must be able to believe (store/ledger.h). Times are microseconds since 1970 (UTC); addresses and domains are
-- keyed hashes.

-- Addresses that have proved themselves to a site. Kinds: store/ledger.h, ProofKind.
CREATE TABLE proof (
	site TEXT NOT NULL,
	address BLOB NOT NULL,
	kind INTEGER NOT NULL,
	boxed BLOB,
	proved_at INTEGER NOT NULL,
	until INTEGER NOT NULL,
	PRIMARY KEY (site, address)
) STRICT, WITHOUT ROWID;

CREATE INDEX proof_newest ON proof (proved_at);
CREATE INDEX proof_newest_of_site ON proof (site, proved_at);
CREATE INDEX proof_until ON proof (until);

-- Tokens of links that were used.
CREATE TABLE used_token (
	id BLOB PRIMARY KEY,
	until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX used_token_until ON used_token (until);

-- Automatic mails that were asked for. asked_at: the first time, or when it was charged at last. charged_at 0: only a ceiling holds it back.
-- leave_until: when the leave ends that was given and not settled (1: it has ended); 0: there is none.
CREATE TABLE mail (
	id INTEGER PRIMARY KEY,
	site TEXT NOT NULL,
	form_id INTEGER NOT NULL,
	kind INTEGER NOT NULL,
	receipt TEXT NOT NULL,
	generation INTEGER NOT NULL,
	recipient BLOB NOT NULL,
	domain BLOB NOT NULL,
	asked_at INTEGER NOT NULL,
	charged_at INTEGER NOT NULL DEFAULT 0,
	leave_until INTEGER NOT NULL DEFAULT 0,
	is_sent INTEGER NOT NULL DEFAULT 0 CHECK (is_sent IN (0, 1))
) STRICT;

CREATE INDEX mail_recipient ON mail (site, recipient);
-- Kind 4 is a confirmation: those are counted over all sites.
CREATE INDEX mail_confirmation ON mail (recipient, charged_at) WHERE kind = 4;
CREATE INDEX mail_domain ON mail (site, domain, charged_at);
CREATE INDEX mail_form ON mail (site, form_id, charged_at);
CREATE INDEX mail_site ON mail (site, asked_at);
CREATE INDEX mail_asked ON mail (asked_at);
CREATE INDEX mail_leave ON mail (leave_until) WHERE leave_until > 0;

-- How many were asked for in each hour (since 1970), for what a site's history makes likely. is_lesson 0: the fuse tripped by them.
CREATE TABLE traffic (
	site TEXT NOT NULL,
	hour INTEGER NOT NULL,
	mails INTEGER NOT NULL,
	is_lesson INTEGER NOT NULL DEFAULT 1 CHECK (is_lesson IN (0, 1)),
	PRIMARY KEY (site, hour)
) STRICT, WITHOUT ROWID;

CREATE INDEX traffic_hour ON traffic (hour);

-- Sites whose fuse has tripped (tripped_at > 0) or did once.
CREATE TABLE fuse (
	site TEXT PRIMARY KEY,
	tripped_at INTEGER NOT NULL,
	reason TEXT,
	ceiling INTEGER NOT NULL,
	reset_at INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE INDEX fuse_tripped ON fuse (site) WHERE tripped_at > 0;

-- One of a site ('' = the whole gateway) and topic stands (cleared_at 0) at a time.
CREATE TABLE alarm (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	site TEXT NOT NULL,
	topic TEXT NOT NULL,
	text TEXT NOT NULL,
	raised_at INTEGER NOT NULL,
	is_commanded INTEGER NOT NULL DEFAULT 0 CHECK (is_commanded IN (0, 1)),
	is_mailed INTEGER NOT NULL DEFAULT 0 CHECK (is_mailed IN (0, 1)),
	cleared_at INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE UNIQUE INDEX alarm_standing ON alarm (site, topic) WHERE cleared_at = 0;
CREATE INDEX alarm_untold ON alarm (id) WHERE cleared_at = 0 AND is_commanded + is_mailed < 2;
CREATE INDEX alarm_cleared ON alarm (cleared_at) WHERE cleared_at > 0;

-- Accounts whose server was asked whether it takes mail from <>.
CREATE TABLE null_sender (
	account TEXT PRIMARY KEY,
	is_accepted INTEGER NOT NULL CHECK (is_accepted IN (0, 1)),
	noted_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
