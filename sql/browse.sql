-- Submissions as a person looks for them, newest first; their ids. :ips and :networks are one hash of 21 bytes after the other, and :statuses has a bit for each status.

-- name: browse
SELECT submission.id FROM submission LEFT JOIN verdict ON verdict.submission_id = submission.id
WHERE (:site IS NULL OR submission.site = :site) AND (:form_id = 0 OR submission.form_id = :form_id)
	AND submission.received_at >= :since AND (:before = 0 OR submission.received_at < :before)
	AND (:statuses = 0 OR (:statuses >> coalesce(verdict.status, 1)) & 1)
	AND (:ips IS NULL OR (length(submission.ip_hash) = 21 AND instr(:ips, submission.ip_hash) % 21 = 1))
	AND (:networks IS NULL OR (length(submission.network_hash) = 21 AND instr(:networks, submission.network_hash) % 21 = 1))
ORDER BY submission.id DESC LIMIT :limit

-- The same along the index of sites.
-- name: browse_of_site
SELECT submission.id FROM submission INDEXED BY submission_site LEFT JOIN verdict ON verdict.submission_id = submission.id
WHERE submission.site = :site AND (:form_id = 0 OR submission.form_id = :form_id)
	AND submission.received_at >= :since AND (:before = 0 OR submission.received_at < :before)
	AND (:statuses = 0 OR (:statuses >> coalesce(verdict.status, 1)) & 1)
	AND (:ips IS NULL OR (length(submission.ip_hash) = 21 AND instr(:ips, submission.ip_hash) % 21 = 1))
	AND (:networks IS NULL OR (length(submission.network_hash) = 21 AND instr(:networks, submission.network_hash) % 21 = 1))
ORDER BY submission.id DESC LIMIT :limit

-- Of those alone that are held or were refused, which are few beside the others.
-- name: browse_standing
SELECT submission.id
FROM verdict INDEXED BY verdict_standing CROSS JOIN submission ON submission.id = verdict.submission_id
WHERE verdict.status IN (2, 3) AND (:statuses >> verdict.status) & 1 AND (:site IS NULL OR verdict.site = :site)
	AND (:form_id = 0 OR submission.form_id = :form_id)
	AND submission.received_at >= :since AND (:before = 0 OR submission.received_at < :before)
	AND (:ips IS NULL OR (length(submission.ip_hash) = 21 AND instr(:ips, submission.ip_hash) % 21 = 1))
	AND (:networks IS NULL OR (length(submission.network_hash) = 21 AND instr(:networks, submission.network_hash) % 21 = 1))
ORDER BY submission.id DESC LIMIT :limit

-- How many of them there are, and since when the oldest.
-- name: browse_tally
SELECT count(*), coalesce(min(submission.received_at), 0)
FROM verdict INDEXED BY verdict_standing CROSS JOIN submission ON submission.id = verdict.submission_id
WHERE verdict.status IN (2, 3) AND (:statuses >> verdict.status) & 1 AND (:site IS NULL OR verdict.site = :site)
	AND (:form_id = 0 OR submission.form_id = :form_id)
	AND submission.received_at >= :since AND (:before = 0 OR submission.received_at < :before)
	AND (:ips IS NULL OR (length(submission.ip_hash) = 21 AND instr(:ips, submission.ip_hash) % 21 = 1))
	AND (:networks IS NULL OR (length(submission.network_hash) = 21 AND instr(:networks, submission.network_hash) % 21 = 1))
