-- Who did what (store/audit.h). Optional filters are NULL; :action also stands for all orders of a verb.

-- name: audit_note
INSERT INTO audit (at, actor, action, site, target) VALUES (:now, :actor, :action, :site, :target)

-- name: audit_list
SELECT id, at, actor, action, site, target FROM audit INDEXED BY audit_at
WHERE at >= :since AND at < :before
	AND (:site IS NULL OR site = :site) AND (:actor IS NULL OR actor = :actor)
	AND (:action IS NULL OR action = :action OR substr(action, 1, length(:action) + 1) = :action || '.')
	AND (:target IS NULL OR target = :target)
ORDER BY at DESC, id DESC LIMIT :limit

-- name: audit_purge
DELETE FROM audit WHERE id IN (SELECT id FROM audit INDEXED BY audit_at WHERE at < :before LIMIT :limit)
