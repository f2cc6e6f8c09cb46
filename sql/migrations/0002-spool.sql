-- Uploaded files that were acknowledged: the names of their spool files (store/spool.h). The keys to them are sealed in the submission.
-- A row whose submission went, or whose content was erased, stays without one until its file was removed.
CREATE TABLE spool_file (
	name TEXT PRIMARY KEY,
	submission_id INTEGER REFERENCES submission (id) ON DELETE SET NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX spool_file_submission ON spool_file (submission_id);
