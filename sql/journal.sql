-- What the journal writes in one transaction for all entries that wait.

-- name: epoch_insert
INSERT INTO epoch (id, sealed, created_at) VALUES (:id, :sealed, :now)
ON CONFLICT (id) DO NOTHING

-- name: submission_insert
INSERT INTO submission (receipt, site, form_id, received_at, purge_at, is_stored_briefly,
	ip_hash, network_hash, epoch_id, wrapped_key, content)
VALUES (:receipt, :site, :form_id, :received_at, :purge_at, :is_stored_briefly,
	:ip_hash, :network_hash, :epoch_id, :wrapped_key, :content)

-- name: outbox_insert
INSERT INTO outbox (submission_id, kind, created_at) VALUES (:submission_id, :kind, :now)

-- Kind 5 is a note about what is held. One that no session holds, and that is due by :horizon, tells of this submission, too: it looks at what is held when
-- its turn comes. One that is leased has looked already.
-- name: outbox_note_waits
SELECT 1
FROM submission AS held
CROSS JOIN held_note ON held_note.site = held.site AND held_note.form_id = held.form_id
CROSS JOIN outbox ON outbox.id = held_note.outbox_id AND outbox.kind = 5
CROSS JOIN submission AS carrier ON carrier.id = outbox.submission_id AND carrier.site = held.site AND carrier.form_id = held.form_id
	AND carrier.content IS NOT NULL
CROSS JOIN delivery ON delivery.outbox_id = outbox.id AND delivery.state IN (1, 3) AND delivery.due_at <= :horizon
WHERE held.id = :submission_id LIMIT 1

-- name: outbox_note_promised
INSERT INTO held_note (site, form_id, outbox_id) SELECT site, form_id, :outbox_id FROM submission WHERE id = :submission_id
ON CONFLICT (site, form_id) DO UPDATE SET outbox_id = excluded.outbox_id

-- An address planned twice gets one copy, the first: policy/replies.h puts what may be mailed before what may not.
-- name: delivery_insert
INSERT INTO delivery (outbox_id, recipient, state, due_at, reason)
VALUES (:outbox_id, :recipient, :state, :now, :reason)
ON CONFLICT (outbox_id, recipient) DO NOTHING
