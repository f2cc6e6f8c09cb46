-- Submissions that are kept.

-- name: submission_list
SELECT id FROM submission ORDER BY id DESC LIMIT :limit

-- name: submission_list_of_site
SELECT id FROM submission WHERE site = :site ORDER BY id DESC LIMIT :limit

-- Receipts are ASCII letters and digits, and `~` sorts after all of them.
-- name: submission_list_of_receipt
SELECT id FROM submission WHERE receipt >= :beginning AND receipt < :beginning || '~' LIMIT 2

-- name: submission_summary
SELECT submission.id, submission.receipt, submission.site, submission.form_id, submission.received_at, submission.purge_at,
	submission.content IS NULL,
	count(*) FILTER (WHERE delivery.state <= 3),
	count(*) FILTER (WHERE delivery.state = 5),
	count(*) FILTER (WHERE delivery.state = 4),
	count(*) FILTER (WHERE delivery.state = 7)
FROM submission
LEFT JOIN outbox ON outbox.submission_id = submission.id
LEFT JOIN delivery ON delivery.outbox_id = outbox.id
WHERE submission.id = :id
GROUP BY submission.id

-- name: submission_sealed
SELECT submission.receipt, submission.site, submission.form_id,
	submission.epoch_id, epoch.sealed, submission.wrapped_key,
	CASE WHEN length(submission.content) <= :content_limit THEN submission.content END
FROM submission JOIN epoch ON epoch.id = submission.epoch_id
WHERE submission.id = :id

-- A do_not_store submission that nothing needs any more. A dead delivery (4) still needs it: a person may retry.
-- name: submission_erasable
SELECT epoch_id FROM submission
WHERE id = :id AND is_stored_briefly = 1 AND content IS NOT NULL AND NOT EXISTS (
	SELECT 1 FROM outbox JOIN delivery ON delivery.outbox_id = outbox.id
	WHERE outbox.submission_id = submission.id AND delivery.state <= 4)

-- name: submission_erase
UPDATE submission SET epoch_id = NULL, wrapped_key = NULL, content = NULL WHERE id = :id

-- A mail that was given up does not keep its submission for ever; how many there are is told.
-- name: submission_purgeable
SELECT id, epoch_id, (
	SELECT count(*) FROM outbox JOIN delivery ON delivery.outbox_id = outbox.id
	WHERE outbox.submission_id = submission.id AND delivery.state = 4)
FROM submission
WHERE purge_at <= :now AND NOT EXISTS (
	SELECT 1 FROM outbox JOIN delivery ON delivery.outbox_id = outbox.id
	WHERE outbox.submission_id = submission.id AND delivery.state <= 3)
ORDER BY purge_at LIMIT :limit

-- name: submission_delete
DELETE FROM submission WHERE id = :id

-- name: epoch_release
DELETE FROM epoch WHERE id = :id AND NOT EXISTS (SELECT 1 FROM submission WHERE epoch_id = :id)

-- Hands up to 256 KiB of free pages back to the file system: more than a purge of 64 submissions without files frees.
-- name: submission_shrink_file
PRAGMA incremental_vacuum(64)
