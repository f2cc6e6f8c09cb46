-- What is not settled either waits (delivery_claimable has it) or is dead. Only the few dead ones need an index of their own; one over all that is not
-- settled cost every submission a page of the log.
DROP INDEX delivery_unsettled;
CREATE INDEX delivery_dead ON delivery (outbox_id) WHERE state = 4;

-- When a mail was first seen to wait longer than its submission is kept; 0: it does not.
ALTER TABLE delivery ADD COLUMN overdue_at INTEGER NOT NULL DEFAULT 0;
