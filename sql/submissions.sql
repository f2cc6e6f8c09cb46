-- Submissions that are kept.

-- name: submission_list
SELECT id FROM submission ORDER BY id DESC LIMIT :limit

-- name: submission_list_of_site
SELECT id FROM submission WHERE site = :site ORDER BY id DESC LIMIT :limit

-- Receipts are ASCII letters and digits, and `~` sorts after all of them.
-- name: submission_list_of_receipt
SELECT id FROM submission WHERE receipt >= :beginning AND receipt < :beginning || '~' LIMIT 2

-- The note to the owner about what is held (kind 5) carries nothing of the submission, so that it was sent is no mail of it.
-- name: submission_summary
SELECT submission.id, substr(submission.receipt, 1, 64), substr(submission.site, 1, 256), submission.form_id, submission.received_at,
	submission.purge_at, coalesce(verdict.status, 1),
	submission.content IS NULL,
	count(*) FILTER (WHERE delivery.state <= 3),
	count(*) FILTER (WHERE delivery.state = 5 AND outbox.kind <> 5),
	count(*) FILTER (WHERE delivery.state = 4 AND delivery.reason IS NOT 'hold' AND delivery.reason GLOB 'bounce.*' IS NOT 1),
	count(*) FILTER (WHERE delivery.state = 7),
	count(*) FILTER (WHERE delivery.state = 4 AND delivery.reason = 'hold'),
	count(*) FILTER (WHERE delivery.state IN (4, 6) AND delivery.reason GLOB 'bounce.*')
FROM submission
LEFT JOIN verdict ON verdict.submission_id = submission.id
LEFT JOIN outbox ON outbox.submission_id = submission.id
LEFT JOIN delivery ON delivery.outbox_id = outbox.id
WHERE submission.id = :id
GROUP BY submission.id

-- SQLite measures a BLOB without reading it. A part that is larger than any of ours (those of keys have about 100 bytes) is NULL here.
-- name: submission_sealed
SELECT substr(submission.receipt, 1, 64), substr(submission.site, 1, 256), submission.form_id,
	EXISTS (SELECT 1 FROM verdict WHERE submission_id = submission.id AND status = 4),
	CASE WHEN length(submission.epoch_id) <= 256 THEN submission.epoch_id END,
	CASE WHEN length(epoch.sealed) <= 256 THEN epoch.sealed END,
	CASE WHEN length(submission.wrapped_key) <= 256 THEN submission.wrapped_key END,
	CASE WHEN length(submission.content) <= :content_limit THEN submission.content END
FROM submission LEFT JOIN epoch ON epoch.id = CASE WHEN length(submission.epoch_id) <= 256 THEN submission.epoch_id END
WHERE submission.id = :id AND (epoch.id IS NOT NULL OR length(submission.epoch_id) > 256)

-- A do_not_store submission that nothing needs any more. A dead delivery (4) still needs it: a person may retry; and so does one that is held: a person may release it.
-- name: submission_erasable
SELECT CASE WHEN length(epoch_id) <= 256 THEN epoch_id END FROM submission
WHERE id = :id AND is_stored_briefly = 1 AND content IS NOT NULL AND NOT EXISTS (
	SELECT 1 FROM outbox JOIN delivery ON delivery.outbox_id = outbox.id
	WHERE outbox.submission_id = submission.id AND delivery.state <= 4)
	AND NOT EXISTS (SELECT 1 FROM verdict WHERE submission_id = submission.id AND status = 2)

-- name: submission_erase
UPDATE submission SET epoch_id = NULL, wrapped_key = NULL, content = NULL WHERE id = :id

-- A mail that was given up does not keep its submission for ever; how many there are is told.
-- name: submission_purgeable
SELECT id, CASE WHEN length(epoch_id) <= 256 THEN epoch_id END, (
	SELECT count(*) FROM outbox JOIN delivery ON delivery.outbox_id = outbox.id
	WHERE outbox.submission_id = submission.id AND delivery.state = 4)
FROM submission
WHERE purge_at <= :now AND NOT EXISTS (
	SELECT 1 FROM outbox JOIN delivery ON delivery.outbox_id = outbox.id
	WHERE outbox.submission_id = submission.id AND delivery.state <= 3)
ORDER BY purge_at LIMIT :limit

-- Sites of what the purge would remove although its notice, or the note about what is held, was given up or is held back.
-- name: submission_losses
SELECT DISTINCT substr(purgeable.site, 1, 256)
FROM (SELECT id, site FROM submission
	WHERE purge_at <= :now AND NOT EXISTS (
		SELECT 1 FROM outbox JOIN delivery ON delivery.outbox_id = outbox.id
		WHERE outbox.submission_id = submission.id AND delivery.state <= 3)
	ORDER BY purge_at LIMIT :limit) AS purgeable
JOIN outbox ON outbox.submission_id = purgeable.id
JOIN delivery ON delivery.outbox_id = outbox.id
WHERE outbox.kind IN (1, 5) AND delivery.state = 4

-- name: submission_delete
DELETE FROM submission WHERE id = :id

-- name: epoch_release
DELETE FROM epoch WHERE id = :id AND NOT EXISTS (SELECT 1 FROM submission WHERE epoch_id = :id)

-- Hands up to 256 KiB of free pages back to the file system: more than a purge of 64 submissions without files frees.
-- name: submission_shrink_file
PRAGMA incremental_vacuum(64)
