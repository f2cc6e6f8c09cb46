-- What the gate held or refused, and submissions that repeat one another.

-- The submission that this one repeats: accepted, held or released. One that a clock which ran ahead dated later than now, give or take a minute, counts no more.
-- name: repetition_find
SELECT substr(submission.receipt, 1, 64), coalesce(verdict.status, 1)
FROM repetition
CROSS JOIN submission ON submission.id = repetition.submission_id
LEFT JOIN verdict ON verdict.submission_id = repetition.submission_id
WHERE repetition.key = :key AND repetition.until > :now AND submission.received_at <= :now + 60000000
	AND coalesce(verdict.status, 1) IN (1, 2, 4)

-- A key whose time is over, or whose submission was refused or discarded, is the new one's.
-- name: repetition_insert
INSERT INTO repetition (submission_id, key, until) VALUES (:submission_id, :key, :until)
ON CONFLICT (key) DO UPDATE SET submission_id = excluded.submission_id, until = excluded.until

-- name: repetition_purge
DELETE FROM repetition WHERE submission_id IN (SELECT submission_id FROM repetition WHERE until <= :now ORDER BY until LIMIT :limit)

-- Of rows that count at least so much each, :limit are enough to know that there is no room; none counts more than a sum survives, because whoever may
-- write rows may write any number.
-- name: rejected_quota
SELECT coalesce(sum(min(max(quota_bytes, :least), 1000000000000)), 0)
FROM (SELECT quota_bytes FROM verdict INDEXED BY verdict_quota WHERE site = :site AND quota_bytes > 0 LIMIT :limit)

-- name: verdict_insert
INSERT INTO verdict (submission_id, site, status, fingerprint_hash, quota_bytes)
VALUES (:submission_id, :site, :status, :fingerprint_hash, :quota_bytes)

-- name: verdict_change
UPDATE verdict SET status = :status WHERE submission_id = :id

-- What is let through is no refused one any more, and so counts no more to the quota.
-- name: verdict_release
UPDATE verdict SET status = 4, quota_bytes = 0 WHERE submission_id = :id

-- name: held_end_later
UPDATE submission SET purge_at = max(purge_at, :purge_at) WHERE id = :id

-- name: held_of_receipt
SELECT submission.id FROM submission CROSS JOIN verdict ON verdict.submission_id = submission.id
WHERE submission.receipt = :receipt AND verdict.status = 2

-- What decides if a person may act.
-- name: held_standing
SELECT coalesce(verdict.status, 1), submission.content IS NULL
FROM submission LEFT JOIN verdict ON verdict.submission_id = submission.id
WHERE submission.id = :id

-- name: held_end_earlier
UPDATE submission SET purge_at = min(purge_at, :purge_at) WHERE id = :id

-- What waits for a person, newest first along the index.
-- name: held_list_of_site
SELECT submission.id
FROM verdict INDEXED BY verdict_standing CROSS JOIN submission ON submission.id = verdict.submission_id
WHERE verdict.status IN (2, 3) AND verdict.status = :status AND verdict.site = :site AND submission.received_at >= :since
ORDER BY verdict.submission_id DESC LIMIT :limit

-- Of all sites, or of both kinds (:status 0): all of them are looked at.
-- name: held_list
SELECT submission.id
FROM verdict INDEXED BY verdict_standing CROSS JOIN submission ON submission.id = verdict.submission_id
WHERE verdict.status IN (2, 3) AND (:status = 0 OR verdict.status = :status)
	AND (:site IS NULL OR verdict.site = :site) AND submission.received_at >= :since
ORDER BY submission.id DESC LIMIT :limit

-- What does not wait any more: newest first through the table, for a person who asks now and then.
-- name: held_list_decided
SELECT submission.id FROM verdict CROSS JOIN submission ON submission.id = verdict.submission_id
WHERE verdict.status = :status AND (:site IS NULL OR verdict.site = :site) AND submission.received_at >= :since
ORDER BY verdict.submission_id DESC LIMIT :limit

-- How many held_list has, and since when the oldest.
-- name: held_tally
SELECT count(*), coalesce(min(submission.received_at), 0)
FROM verdict INDEXED BY verdict_standing CROSS JOIN submission ON submission.id = verdict.submission_id
WHERE verdict.status IN (2, 3) AND verdict.status = :status AND (:site IS NULL OR verdict.site = :site) AND submission.received_at >= :since;

-- name: held_count
SELECT count(*), coalesce(min(submission.received_at), 0)
FROM verdict INDEXED BY verdict_standing CROSS JOIN submission ON submission.id = verdict.submission_id
WHERE verdict.status = 2 AND verdict.status IN (2, 3) AND verdict.site = :site
