-- Uploaded files: each is named by a row from the commit of its submission until it was removed.

-- name: spool_insert
INSERT INTO spool_file (name, submission_id) VALUES (:name, :submission_id)

-- The content of this submission was erased; its files end with it.
-- name: spool_release
UPDATE spool_file SET submission_id = NULL WHERE submission_id = :id

-- name: spool_released
SELECT name FROM spool_file WHERE submission_id IS NULL LIMIT :limit

-- name: spool_delete
DELETE FROM spool_file WHERE name = :name

-- name: spool_is_named
SELECT 1 FROM spool_file WHERE name = :name
