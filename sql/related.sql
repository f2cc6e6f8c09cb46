-- Other submissions of the same site that came from the same browser, network or address: their ids, newest first, and beside each how many there are. A hash that is
-- longer than any of ours is none. Each walks through what is kept (about 20 ms for 150,000), which nothing but a person asks for.

-- name: related_known
SELECT coalesce(length(verdict.fingerprint_hash) <= 64, 0), coalesce(length(submission.network_hash) <= 64, 0),
	coalesce(length(submission.ip_hash) <= 64, 0)
FROM submission LEFT JOIN verdict ON verdict.submission_id = submission.id
WHERE submission.id = :id

-- name: related_by_fingerprint
SELECT other.submission_id, count(*) OVER ()
FROM verdict AS this CROSS JOIN verdict AS other NOT INDEXED ON other.fingerprint_hash = this.fingerprint_hash AND other.site = this.site
WHERE this.submission_id = :id AND other.submission_id <> this.submission_id
ORDER BY other.submission_id DESC LIMIT :limit

-- name: related_by_network
SELECT other.id, count(*) OVER ()
FROM submission AS this CROSS JOIN submission AS other INDEXED BY submission_origin
	ON other.site = this.site AND other.network_hash = this.network_hash
WHERE this.id = :id AND other.id <> this.id
ORDER BY other.id DESC LIMIT :limit

-- name: related_by_ip
SELECT other.id, count(*) OVER ()
FROM submission AS this CROSS JOIN submission AS other INDEXED BY submission_origin
	ON other.site = this.site AND other.ip_hash = this.ip_hash
WHERE this.id = :id AND other.id <> this.id
ORDER BY other.id DESC LIMIT :limit
