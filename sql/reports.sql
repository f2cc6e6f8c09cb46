-- Reports that went to sites' owners (store/reports.h).

-- name: reports_last
SELECT site, number, from_at, to_at, made_at, sent_at, next_by FROM report WHERE site = :site ORDER BY number DESC LIMIT 1

-- The other columns are those of the row that has the largest (SQLite says so of max).
-- name: reports_last_sent
SELECT site, number, from_at, max(to_at), made_at, sent_at, next_by FROM report WHERE site = :site AND sent_at > 0 GROUP BY site

-- name: reports_covered
SELECT 1 FROM report WHERE site = :site AND sent_at > 0 AND from_at <= :from_at AND to_at >= :to_at LIMIT 1

-- name: reports_begin
INSERT INTO report (site, number, from_at, to_at, made_at, next_by) VALUES (:site, :number, :from_at, :to_at, :now, :next_by)
ON CONFLICT (site, number) DO UPDATE
SET from_at = excluded.from_at, to_at = excluded.to_at, made_at = excluded.made_at, next_by = excluded.next_by
WHERE report.sent_at = 0

-- name: reports_sent
UPDATE report SET sent_at = :now WHERE site = :site AND number = :number AND sent_at = 0

-- Of those that were sent the one that reaches furthest says when its follower is due, whatever was tried since; before the first was sent, the one that was tried does.
-- name: reports_missing
SELECT site FROM report AS tried WHERE site > :after GROUP BY site
HAVING coalesce((SELECT next_by FROM (SELECT next_by, max(to_at) FROM report WHERE site = tried.site AND sent_at > 0)), max(next_by)) < :now
ORDER BY site LIMIT :limit

-- name: reports_purge
DELETE FROM report WHERE (site, number) IN (
	SELECT site, number FROM report AS old INDEXED BY report_made
	WHERE made_at < :before AND number < (SELECT max(number) FROM report WHERE site = old.site AND sent_at > 0) LIMIT :limit)
