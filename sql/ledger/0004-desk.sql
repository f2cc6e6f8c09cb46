-- Who did what (store/audit.h). Nothing personal but the login names of operators: targets are receipts, numbers and names of ours.
CREATE TABLE audit (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	at INTEGER NOT NULL,
	actor TEXT NOT NULL,
	action TEXT NOT NULL,
	site TEXT NOT NULL,
	target TEXT NOT NULL
) STRICT;

CREATE INDEX audit_at ON audit (at);

-- Reports that were made for a site's owner (store/reports.h), numbered without a gap. sent_at 0: no server has taken it yet. next_by: when the one after it must have been sent.
CREATE TABLE report (
	site TEXT NOT NULL,
	number INTEGER NOT NULL,
	from_at INTEGER NOT NULL,
	to_at INTEGER NOT NULL,
	made_at INTEGER NOT NULL,
	sent_at INTEGER NOT NULL DEFAULT 0,
	next_by INTEGER NOT NULL,
	PRIMARY KEY (site, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX report_made ON report (made_at);
