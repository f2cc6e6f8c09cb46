-- What review links open.

-- A later mail with the same link makes it last longer and never shorter.
-- name: review_grant
INSERT INTO review (submission_id, stage, wrapped, expires_at) VALUES (:submission_id, :stage, :wrapped, :expires_at)
ON CONFLICT (submission_id, stage) DO UPDATE SET wrapped = excluded.wrapped, expires_at = max(expires_at, excluded.expires_at)

-- A key that is larger than any of ours (about 80 bytes) is not read.
-- name: review_wrapped
SELECT wrapped FROM review WHERE submission_id = :submission_id AND stage = :stage AND expires_at > :now AND length(wrapped) <= 256

-- Whether one stands, be its time just over: who pressed the button was in time.
-- name: review_stands
SELECT 1 FROM review WHERE submission_id = :submission_id AND stage = :stage

-- A release ends what waited for it and not the link of its notice, which may be quicker than the command that released. :stage NULL: all.
-- name: review_end
DELETE FROM review WHERE submission_id = :id AND (:stage IS NULL OR stage <= :stage)

-- name: review_purge
DELETE FROM review WHERE (submission_id, stage) IN (SELECT submission_id, stage FROM review WHERE expires_at <= :now ORDER BY expires_at LIMIT :limit)

-- What submission_sealed gives, without the content: the key alone is wrapped anew.
-- name: review_sealed_key
SELECT substr(submission.receipt, 1, 64), substr(submission.site, 1, 256), submission.form_id,
	CASE WHEN length(submission.epoch_id) <= 256 THEN submission.epoch_id END,
	CASE WHEN length(epoch.sealed) <= 256 THEN epoch.sealed END,
	CASE WHEN length(submission.wrapped_key) <= 256 THEN submission.wrapped_key END
FROM submission JOIN epoch ON epoch.id = CASE WHEN length(submission.epoch_id) <= 256 THEN submission.epoch_id END
WHERE submission.id = :id AND submission.content IS NOT NULL
