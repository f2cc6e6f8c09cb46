-- Salts of fingerprints.

-- The two newest, then those that lists name, then others. One that is dated later than :horizon was made by a clock that ran ahead, and is none of the newest.
-- name: salt_list
SELECT substr(id, 1, 8), substr(secret, 1, 32), created_at
FROM (SELECT id, secret, created_at, row_number() OVER (ORDER BY created_at > :horizon, created_at DESC, id) AS place,
	EXISTS (SELECT 1 FROM list_entry WHERE type = 5 AND value >= salt.id || '-' AND value < salt.id || '.') AS is_listed
	FROM salt)
ORDER BY place > 2, place > 2 AND NOT is_listed, place LIMIT :limit

-- name: salt_insert
INSERT INTO salt (id, secret, created_at) VALUES (:id, :secret, :now)

-- Over is what has a successor that is older than :before: its own age says nothing, because a clock that runs ahead makes all of them old. Kept is what an entry of a list
-- begins with: '.' follows '-', and type 5 is LIST_FINGERPRINT.
-- name: salt_purge
DELETE FROM salt WHERE EXISTS (SELECT 1 FROM salt AS next WHERE next.created_at > salt.created_at AND next.created_at < :before)
	AND NOT EXISTS (SELECT 1 FROM list_entry WHERE type = 5 AND value >= salt.id || '-' AND value < salt.id || '.')
