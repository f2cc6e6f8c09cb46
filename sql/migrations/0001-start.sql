-- What was acknowledged, and the mails it promised. Times are microseconds since 1970 (UTC). Nothing personal stands in clear:
-- values are sealed (base/vault.h), whatever must be matched is a keyed hash. Ids are never used twice (AUTOINCREMENT),
-- because people and sessions hold them while rows come and go.

-- Keys of ten minutes each, sealed to the vault's public key. A row lives while a submission names it.
CREATE TABLE epoch (
	id BLOB PRIMARY KEY,
	sealed BLOB NOT NULL,
	created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Sealed columns come last, so that lists never walk through them. All three are NULL once the content was erased.
CREATE TABLE submission (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	receipt TEXT NOT NULL UNIQUE,
	site TEXT NOT NULL,
	form_id INTEGER NOT NULL,
	received_at INTEGER NOT NULL,
	purge_at INTEGER NOT NULL,
	is_stored_briefly INTEGER NOT NULL CHECK (is_stored_briefly IN (0, 1)),
	ip_hash BLOB,
	network_hash BLOB,
	epoch_id BLOB REFERENCES epoch (id),
	wrapped_key BLOB,
	content BLOB,
	CHECK ((epoch_id IS NULL) = (content IS NULL) AND (wrapped_key IS NULL) = (content IS NULL))
) STRICT;

CREATE INDEX submission_site ON submission (site);
CREATE INDEX submission_purge ON submission (purge_at);
CREATE INDEX submission_epoch ON submission (epoch_id) WHERE epoch_id IS NOT NULL;

-- One promise of one mail. Kinds: form/form.h, MailKind.
CREATE TABLE outbox (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	submission_id INTEGER NOT NULL REFERENCES submission (id) ON DELETE CASCADE,
	kind INTEGER NOT NULL,
	generation INTEGER NOT NULL DEFAULT 0,
	created_at INTEGER NOT NULL,
	UNIQUE (submission_id, kind)
) STRICT;

-- One recipient's copy. States: store/outbox.h, DeliveryState (1 queued, 2 leased, 3 deferred, 4 dead, 5 sent, 6 cancelled,
-- 7 refused; what still wants something comes first, so that a condition is one comparison). A lease that ran out is as good as queued, so one column says when a session may take the row.
CREATE TABLE delivery (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	outbox_id INTEGER NOT NULL REFERENCES outbox (id) ON DELETE CASCADE,
	recipient BLOB NOT NULL,
	state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 7),
	attempts INTEGER NOT NULL DEFAULT 0,
	due_at INTEGER NOT NULL,
	owner TEXT,
	leased_until INTEGER,
	claimable_at INTEGER GENERATED ALWAYS AS (coalesce(leased_until, due_at)) VIRTUAL,
	reply_code INTEGER NOT NULL DEFAULT 0,
	reason TEXT,
	server_text TEXT,
	settled_at INTEGER NOT NULL DEFAULT 0,
	ordered_at INTEGER NOT NULL DEFAULT 0,
	UNIQUE (outbox_id, recipient),
	CHECK ((owner IS NOT NULL) = (state = 2) AND (leased_until IS NOT NULL) = (state = 2))
) STRICT;

CREATE INDEX delivery_claimable ON delivery (claimable_at) WHERE state <= 3;
CREATE INDEX delivery_unsettled ON delivery (outbox_id) WHERE state <= 4;
