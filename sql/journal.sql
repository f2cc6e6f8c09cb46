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

-- An address planned twice gets one copy, the first: policy/replies.h puts what may be mailed before what may not.
-- name: delivery_insert
INSERT INTO delivery (outbox_id, recipient, state, due_at, reason)
VALUES (:outbox_id, :recipient, :state, :now, :reason)
ON CONFLICT (outbox_id, recipient) DO NOTHING
