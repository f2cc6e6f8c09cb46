-- The counters of counters.db (store/counters.c decides; one transaction holds looking and charging together).

-- name: counter_until
SELECT until FROM counter WHERE key = :key

-- name: counter_charge
INSERT OR REPLACE INTO counter (key, until) VALUES (:key, :until)

-- One that is over may be set again.
-- name: counter_mark
INSERT INTO counter (key, until) VALUES (:key, :until)
ON CONFLICT (key) DO UPDATE SET until = excluded.until WHERE counter.until <= :now

-- Cut before it is added to, because whoever may write rows may write a number that no addition survives.
-- name: counter_hit
INSERT INTO hit (entry_id, count, last_at) VALUES (:entry_id, :count, :now)
ON CONFLICT (entry_id) DO UPDATE
SET count = max(0, min(count, 1000000000000000)) + excluded.count, last_at = excluded.last_at

-- name: counter_hits
SELECT entry_id, count, last_at FROM hit LIMIT :limit

-- How many counters come next in the order of keys, and the last of them.
-- name: counter_purge_next
SELECT count(*), substr(max(key), 1, 64)
FROM (SELECT key FROM counter WHERE key > (SELECT key FROM purge) ORDER BY key LIMIT :limit)

-- name: counter_purge
DELETE FROM counter WHERE key > (SELECT key FROM purge) AND key <= :last AND until <= :now

-- name: counter_purge_moved
UPDATE purge SET key = :last

-- name: counter_purge_hits_next
SELECT count(*), max(entry_id)
FROM (SELECT entry_id FROM hit WHERE entry_id > (SELECT entry_id FROM purge) ORDER BY entry_id LIMIT :limit)

-- name: counter_purge_hits
DELETE FROM hit WHERE entry_id > (SELECT entry_id FROM purge) AND entry_id <= :last AND last_at <= :before

-- name: counter_purge_hits_moved
UPDATE purge SET entry_id = :last
