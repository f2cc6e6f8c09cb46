-- Pressed links.

-- name: press_insert
INSERT INTO link_press (site, token, pressed_at) VALUES (:site, :token, :now)
ON CONFLICT (token) DO NOTHING

-- What is longer than any name or token of ours is cut, and fits nothing then.
-- name: press_list
SELECT id, substr(site, 1, 256), substr(token, 1, 512) FROM link_press WHERE id > :after ORDER BY id LIMIT :limit

-- name: press_delete
DELETE FROM link_press WHERE id = :id
