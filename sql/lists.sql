-- The operator's lists. The front can write this file, too, so what is longer than anything of ours is cut when it is read.

-- name: list_add
INSERT INTO list_entry (action, points, type, value, boxed, site, form_id, reason, created_at, expires_at)
VALUES (:action, :points, :type, :value, :boxed, :site, :form, :reason, :now, :expires)
ON CONFLICT (type, value, site, form_id) DO UPDATE SET action = excluded.action, points = excluded.points, boxed = excluded.boxed,
	reason = excluded.reason, created_at = excluded.created_at, expires_at = excluded.expires_at

-- name: list_remove
DELETE FROM list_entry WHERE id = :id

-- name: list_changed
UPDATE list_generation SET generation = generation + 1

-- name: list_generation
SELECT generation FROM list_generation

-- name: list_count
SELECT count(*) FROM list_entry

-- Several statements, because no plan is good for all.
-- name: list_find
SELECT id, action, points, type, substr(value, 1, 1100), substr(boxed, 1, 2000), substr(site, 1, 256), form_id, substr(reason, 1, 500), created_at, expires_at
FROM list_entry
WHERE id > :after AND (:site IS NULL OR site = :site) AND (:type = 0 OR type = :type) AND (:action = 0 OR action = :action) AND (:form = 0 OR form_id = :form)
ORDER BY id LIMIT :limit

-- name: list_find_value
SELECT id, action, points, type, substr(value, 1, 1100), substr(boxed, 1, 2000), substr(site, 1, 256), form_id, substr(reason, 1, 500), created_at, expires_at
FROM list_entry
WHERE type IN (1, 2, 3, 4, 5, 6, 7, 8) AND value = :value AND (:type = 0 OR type = :type)
	AND id > :after AND (:site IS NULL OR site = :site) AND (:action = 0 OR action = :action) AND (:form = 0 OR form_id = :form)
ORDER BY id LIMIT :limit

-- Goes through the values of one type, which stand in the index.
-- name: list_find_within
SELECT id, action, points, type, substr(value, 1, 1100), substr(boxed, 1, 2000), substr(site, 1, 256), form_id, substr(reason, 1, 500), created_at, expires_at
FROM list_entry
WHERE id IN (SELECT id FROM list_entry WHERE type = :type AND value <> '' AND instr(:within, value) > 0)
	AND id > :after AND (:site IS NULL OR site = :site) AND (:action = 0 OR action = :action) AND (:form = 0 OR form_id = :form)
ORDER BY id LIMIT :limit

-- name: list_purge
DELETE FROM list_entry WHERE id IN (SELECT id FROM list_entry WHERE expires_at > 0 AND expires_at < :before ORDER BY expires_at LIMIT :limit)
