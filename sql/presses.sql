-- Pressed links.

-- name: press_insert
INSERT INTO link_press (site, token, decision, pressed_at) VALUES (:site, :token, :decision, :now)
ON CONFLICT (token) DO NOTHING

-- What is longer than any name or token of ours is cut, and fits nothing then.
-- name: press_list
SELECT id, substr(site, 1, 256), substr(token, 1, 512), substr(decision, 1, 64) FROM link_press WHERE id > :after ORDER BY id LIMIT :limit

-- name: press_decision
SELECT substr(decision, 1, 64) FROM link_press WHERE token = :token

-- name: press_delete
DELETE FROM link_press WHERE id = :id
