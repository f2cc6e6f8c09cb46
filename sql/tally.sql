-- Tallies of counters.db (store/tally.c). Whoever may write the file may write numbers that no addition survives and texts without an end, so both are cut when they are read.

-- name: tally_more
UPDATE tally SET count = max(0, min(count, 1000000000000)) + :count
WHERE hour = :hour AND site = :site AND topic = :topic AND item = :item

-- name: tally_begin
INSERT INTO tally (hour, site, topic, item, count)
SELECT :hour, :site, :topic, :item, :count WHERE (SELECT tallies FROM tally_room) < :most

-- name: tally_room_changed
UPDATE tally_room SET tallies = max(0, tallies + :tallies), limiteds = max(0, limiteds + :limiteds)

-- name: tally_limited_more
UPDATE limited SET count = max(0, min(count, 1000000000000)) + :count, last_at = max(last_at, :last_at)
WHERE hour = :hour AND site = :site AND tier = :tier AND key = :key

-- name: tally_limited_begin
INSERT INTO limited (hour, site, tier, key, boxed, count, last_at)
SELECT :hour, :site, :tier, :key, :boxed, :count, :last_at WHERE (SELECT limiteds FROM tally_room) < :most

-- Hours come first in the table, so that one site is asked for hour by hour: walking through those of all others would take each of a thousand reports as long as all of them together.
-- name: tally_hours
WITH RECURSIVE span (hour) AS (
	SELECT :from_hour WHERE :site IS NOT NULL AND :from_hour < :to_hour UNION ALL SELECT hour + 1 FROM span WHERE hour + 1 < :to_hour)
SELECT hour, substr(item, 1, 100), sum(max(0, min(count, 1000000000000)))
FROM (SELECT hour, item, count FROM tally WHERE :site IS NULL AND hour >= :from_hour AND hour < :to_hour AND topic = :topic
	UNION ALL
	SELECT tally.hour, tally.item, tally.count
	FROM span CROSS JOIN tally ON tally.hour = span.hour AND tally.site = :site AND tally.topic = :topic)
GROUP BY hour, item ORDER BY hour, item LIMIT :limit

-- name: tally_sums
WITH RECURSIVE span (hour) AS (
	SELECT :from_hour WHERE :site IS NOT NULL AND :from_hour < :to_hour UNION ALL SELECT hour + 1 FROM span WHERE hour + 1 < :to_hour)
SELECT 0, substr(item, 1, 100), sum(max(0, min(count, 1000000000000))) AS total
FROM (SELECT item, count FROM tally WHERE :site IS NULL AND hour >= :from_hour AND hour < :to_hour AND topic = :topic
	UNION ALL
	SELECT tally.item, tally.count
	FROM span CROSS JOIN tally ON tally.hour = span.hour AND tally.site = :site AND tally.topic = :topic)
GROUP BY item ORDER BY total DESC, item LIMIT :limit

-- How many there are stands in every row, so that one reading is enough.
-- name: tally_limited
WITH RECURSIVE span (hour) AS (
	SELECT :from_hour WHERE :site IS NOT NULL AND :from_hour < :to_hour UNION ALL SELECT hour + 1 FROM span WHERE hour + 1 < :to_hour)
SELECT site, tier, substr(min(boxed), 1, 1024), sum(max(0, min(count, 1000000000000))) AS total, max(last_at), count(*) OVER ()
FROM (SELECT site, tier, key, boxed, count, last_at FROM limited WHERE :site IS NULL AND hour >= :from_hour AND hour < :to_hour
	UNION ALL
	SELECT limited.site, limited.tier, limited.key, limited.boxed, limited.count, limited.last_at
	FROM span CROSS JOIN limited ON limited.hour = span.hour AND limited.site = :site)
GROUP BY site, tier, key ORDER BY total DESC, site, tier, key LIMIT :limit

-- name: tally_since
SELECT min(hour) FROM tally

-- name: tally_purge
DELETE FROM tally WHERE (hour, site, topic, item) IN (
	SELECT hour, site, topic, item FROM tally WHERE hour < :before OR hour > :after LIMIT :limit)

-- name: tally_limited_purge
DELETE FROM limited WHERE (hour, site, tier, key) IN (
	SELECT hour, site, tier, key FROM limited WHERE hour < :before OR hour > :after LIMIT :limit)
