-- Deliveries move here and nowhere else. States: 1 queued, 2 leased, 3 deferred, 4 dead, 5 sent, 6 cancelled, 7 refused; so
-- `state <= 3` waits for a session, and `state <= 4` is not settled.

-- The item whose turn it is. CROSS JOIN keeps the order of the tables: walk the index of what is due, oldest first. What :owner holds
-- itself it does not take again, although a clock that jumped ahead says that its lease is over.
-- name: outbox_due
SELECT delivery.outbox_id
FROM delivery INDEXED BY delivery_claimable
CROSS JOIN outbox ON outbox.id = delivery.outbox_id
CROSS JOIN submission ON submission.id = outbox.submission_id
WHERE delivery.state <= 3 AND delivery.claimable_at <= :now AND submission.content IS NOT NULL
	AND (delivery.state <> 2 OR delivery.owner <> :owner)
ORDER BY delivery.claimable_at LIMIT 1

-- One that is due later than any delay of ours was put off by a clock that ran ahead: it is due.
-- name: outbox_due_absurd
SELECT delivery.outbox_id
FROM delivery INDEXED BY delivery_claimable
CROSS JOIN outbox ON outbox.id = delivery.outbox_id
CROSS JOIN submission ON submission.id = outbox.submission_id
WHERE delivery.state <= 3 AND delivery.claimable_at > :horizon AND submission.content IS NOT NULL
	AND (delivery.state <> 2 OR delivery.owner <> :owner)
ORDER BY delivery.claimable_at LIMIT 1

-- name: outbox_next_due
SELECT delivery.claimable_at
FROM delivery INDEXED BY delivery_claimable
CROSS JOIN outbox ON outbox.id = delivery.outbox_id
CROSS JOIN submission ON submission.id = outbox.submission_id
WHERE delivery.state <= 3 AND submission.content IS NOT NULL AND (delivery.state <> 2 OR delivery.owner IS NOT :owner)
ORDER BY delivery.claimable_at LIMIT 1

-- A lease that ran out was a session that tried and never told. Attempts are counted to a million, because whoever may write
-- rows may write a number that no addition survives.
-- name: outbox_lease
UPDATE delivery SET state = 2, owner = :owner, leased_until = :until, attempts = max(0, min(attempts, 1000000)) + (state = 2)
WHERE outbox_id = :outbox_id AND state <= 3 AND (claimable_at <= :now OR claimable_at > :horizon) AND (state <> 2 OR owner <> :owner)

-- The leases of couriers that are gone, for the one that has just begun; they may have been tried.
-- name: outbox_take_over
UPDATE delivery INDEXED BY delivery_claimable
SET state = 1, owner = NULL, leased_until = NULL, attempts = max(0, min(attempts, 1000000)) + 1
WHERE state <= 3 AND state = 2 AND owner <> :owner

-- What is due of one form's mails waits, because none of them can become a letter now, or their account rests. Only among the first :scan that
-- are due: those stand before everybody else's, and the write lock is not ours for long.
-- name: outbox_put_off
UPDATE delivery SET state = 3, due_at = :due_at, reason = :reason, server_text = :server_text, reply_code = 0, settled_at = :now
WHERE id IN (
	SELECT due.id
	FROM (SELECT id, outbox_id, reason FROM delivery INDEXED BY delivery_claimable
		WHERE state <= 3 AND claimable_at <= :now AND state <> 2 AND ordered_at = 0 ORDER BY claimable_at LIMIT :scan) AS due
	CROSS JOIN outbox ON outbox.id = due.outbox_id
	CROSS JOIN submission ON submission.id = outbox.submission_id
	WHERE outbox.kind = :kind AND submission.site = :site AND submission.form_id = :form_id
		AND (:is_renewal = 0 OR due.reason = :reason)
	LIMIT :limit)

-- An item and its deliveries; with :owner only those that this owner holds by the lease that ends at :until. What is longer than any of ours is
-- cut, and fits nothing then: whoever may write rows may write long ones.
-- name: outbox_item
SELECT outbox.id, outbox.submission_id, substr(submission.receipt, 1, 64), substr(submission.site, 1, 256), submission.form_id,
	outbox.kind, outbox.generation, outbox.created_at,
	delivery.id, CASE WHEN length(delivery.recipient) <= 64 THEN delivery.recipient ELSE x'' END, delivery.state, delivery.attempts,
	delivery.due_at, delivery.settled_at, substr(delivery.reason, 1, 64), substr(delivery.server_text, 1, 512), delivery.reply_code,
	delivery.ordered_at
FROM outbox
JOIN submission ON submission.id = outbox.submission_id
LEFT JOIN delivery ON delivery.outbox_id = outbox.id
	AND (:owner IS NULL OR (delivery.state = 2 AND delivery.owner = :owner AND delivery.leased_until = :until))
WHERE outbox.id = :outbox_id
ORDER BY delivery.id

-- Ways through the items, newest first; outbox_fits says of each whether it is wanted.
-- name: outbox_walk
SELECT id FROM outbox ORDER BY id DESC

-- name: outbox_walk_site
SELECT outbox.id FROM submission CROSS JOIN outbox ON outbox.submission_id = submission.id
WHERE submission.site = :site ORDER BY submission.id DESC, outbox.id DESC

-- name: outbox_walk_receipt
SELECT outbox.id FROM submission CROSS JOIN outbox ON outbox.submission_id = submission.id
WHERE submission.receipt = :receipt ORDER BY outbox.id DESC

-- name: outbox_walk_unsettled
SELECT outbox_id FROM delivery INDEXED BY delivery_claimable WHERE state <= 3
UNION SELECT outbox_id FROM delivery INDEXED BY delivery_dead WHERE state = 4
ORDER BY outbox_id DESC

-- :recipients is one hash of 21 bytes after the other.
-- name: outbox_fits
SELECT 1 FROM outbox JOIN submission ON submission.id = outbox.submission_id
WHERE outbox.id = :outbox_id AND (:site IS NULL OR submission.site = :site) AND (:form_id = 0 OR submission.form_id = :form_id)
	AND (:receipt IS NULL OR submission.receipt = :receipt) AND (:mail_kind = 0 OR outbox.kind = :mail_kind)
	AND (:since = 0 OR outbox.created_at >= :since) AND (:before = 0 OR outbox.created_at < :before)
	AND ((:states = 0 AND :reason IS NULL AND :recipients IS NULL) OR EXISTS (
		SELECT 1 FROM delivery WHERE delivery.outbox_id = outbox.id AND (:states = 0 OR (:states >> delivery.state) & 1) AND (:reason IS NULL OR delivery.reason = :reason)
			AND (:recipients IS NULL OR (length(delivery.recipient) = 21 AND instr(:recipients, delivery.recipient) % 21 = 1))))

-- What is not settled, by site, state and reason.
-- name: outbox_counts
SELECT substr(submission.site, 1, 256), delivery.state, substr(delivery.reason, 1, 64), count(*), min(outbox.created_at)
FROM (SELECT id, outbox_id, state, reason, recipient FROM delivery INDEXED BY delivery_claimable WHERE state <= 3
	UNION ALL SELECT id, outbox_id, state, reason, recipient FROM delivery INDEXED BY delivery_dead WHERE state = 4) AS delivery
CROSS JOIN outbox ON outbox.id = delivery.outbox_id
CROSS JOIN submission ON submission.id = outbox.submission_id
WHERE (:site IS NULL OR submission.site = :site) AND (:form_id = 0 OR submission.form_id = :form_id)
	AND (:receipt IS NULL OR submission.receipt = :receipt) AND (:mail_kind = 0 OR outbox.kind = :mail_kind)
	AND (:since = 0 OR outbox.created_at >= :since) AND (:before = 0 OR outbox.created_at < :before)
	AND (:states = 0 OR (:states >> delivery.state) & 1) AND (:reason IS NULL OR delivery.reason = :reason)
	AND (:recipients IS NULL OR (length(delivery.recipient) = 21 AND instr(:recipients, delivery.recipient) % 21 = 1))
GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3 LIMIT :limit

-- name: outbox_list_of_submission
SELECT id FROM outbox WHERE submission_id = :submission_id ORDER BY id

-- name: delivery_lease_end
SELECT leased_until FROM delivery WHERE id = :id AND state = 2 AND owner = :owner

-- name: delivery_gone
UPDATE delivery SET state = 6, owner = NULL, leased_until = NULL, reason = 'gone', settled_at = :now
WHERE id = :id AND state = 2 AND owner = :owner

-- An address that went and came back is a recipient again.
-- name: delivery_ensure
INSERT INTO delivery (outbox_id, recipient, state, due_at, owner, leased_until)
VALUES (:outbox_id, :recipient, 2, :now, :owner, :until)
ON CONFLICT (outbox_id, recipient) DO UPDATE
SET state = 2, due_at = excluded.due_at, owner = excluded.owner, leased_until = excluded.leased_until, reason = NULL
WHERE state = 6 AND reason = 'gone'

-- :tried is 1 if a session tried it. What a person ordered is done with it.
-- name: delivery_settle
UPDATE delivery
SET state = :state, owner = NULL, leased_until = NULL, attempts = max(0, min(attempts, 1000000)) + :tried,
	due_at = coalesce(:due_at, due_at), reply_code = :reply_code, reason = :reason, server_text = :server_text,
	settled_at = :now, ordered_at = 0
WHERE id = :id AND state = 2 AND owner = :owner

-- What failed before is deferred again, with its reason.
-- name: delivery_give_back
UPDATE delivery SET state = CASE WHEN reason IS NULL THEN 1 ELSE 3 END, owner = NULL, leased_until = NULL,
	due_at = coalesce(:due_at, due_at)
WHERE id = :id AND state = 2 AND owner = :owner

-- name: delivery_submission
SELECT outbox.submission_id FROM delivery JOIN outbox ON outbox.id = delivery.outbox_id WHERE delivery.id = :id

-- What decides if a person may act: submission, whether its content is there, whether a session holds the item now, kind, whether the time is over for which it is kept.
-- name: outbox_standing
SELECT submission.id, submission.content IS NOT NULL,
	EXISTS (SELECT 1 FROM delivery WHERE outbox_id = outbox.id AND state = 2 AND leased_until > :now), outbox.kind,
	submission.purge_at <= :now
FROM outbox JOIN submission ON submission.id = outbox.submission_id
WHERE outbox.id = :outbox_id

-- The deliveries that an order moves, as its own statement below says once more.
-- name: outbox_movable
SELECT id FROM delivery
WHERE outbox_id = :outbox_id AND ((:from >> state) & 1 OR (:takes_gone = 1 AND state = 6 AND reason = 'gone'))

-- A dead delivery begins its attempts anew, and so does one whose address was no recipient any more.
-- name: outbox_retry_failed
UPDATE delivery SET state = 1, due_at = :now, ordered_at = :now, overdue_at = 0, attempts = CASE state WHEN 3 THEN attempts ELSE 0 END,
	reason = CASE WHEN state = 6 OR reason = 'hold' THEN NULL ELSE reason END
WHERE outbox_id = :outbox_id AND (state IN (3, 4) OR (state = 6 AND reason = 'gone'))

-- name: outbox_flush
UPDATE delivery SET state = 1, due_at = :now, ordered_at = :now, overdue_at = 0 WHERE outbox_id = :outbox_id AND state = 3

-- name: outbox_retry_sent
UPDATE delivery SET state = 1, due_at = :now, ordered_at = :now, attempts = 0 WHERE outbox_id = :outbox_id AND state = 5

-- name: outbox_next_generation
UPDATE outbox SET generation = max(0, min(generation, 1000000)) + 1 WHERE id = :outbox_id

-- Mails that still wait when their submission's time is over. From when they are first seen so, they have five more days (432000 s), as long as a mail server
-- tries: a clock that jumped ahead, or a gateway that was off for long, ends nothing that was not tried since. Without content nothing is ever
-- tried.
-- name: outbox_overdue_mark
UPDATE delivery SET overdue_at = :now
WHERE id IN (
	SELECT delivery.id
	FROM submission INDEXED BY submission_purge
	CROSS JOIN outbox ON outbox.submission_id = submission.id
	CROSS JOIN delivery ON delivery.outbox_id = outbox.id
	WHERE submission.purge_at <= :now AND delivery.state <= 3 AND delivery.overdue_at = 0
	LIMIT :limit)

-- name: outbox_overdue
SELECT delivery.id
FROM submission INDEXED BY submission_purge
CROSS JOIN outbox ON outbox.submission_id = submission.id
CROSS JOIN delivery ON delivery.outbox_id = outbox.id
WHERE submission.purge_at <= :now
	AND ((delivery.state = 3 AND delivery.overdue_at > 0 AND delivery.overdue_at <= :now - 432000000000)
		OR (delivery.state IN (1, 3) AND submission.content IS NULL))
LIMIT :limit

-- name: outbox_overdue_end
UPDATE delivery SET state = 4, reason = 'retention', server_text = NULL, reply_code = 0, ordered_at = 0, settled_at = :now
WHERE id = :id AND state IN (1, 3)

-- What it waited for is over, and told by its story.
-- name: outbox_cancel
UPDATE delivery SET state = 6, owner = NULL, leased_until = NULL, reason = NULL, server_text = NULL, reply_code = 0, ordered_at = 0,
	settled_at = :now
WHERE outbox_id = :outbox_id AND state <= 4

-- name: outbox_hold
UPDATE delivery SET state = 4, owner = NULL, leased_until = NULL, reason = 'hold', server_text = NULL, reply_code = 0, ordered_at = 0,
	settled_at = :now
WHERE outbox_id = :outbox_id AND state <= 3

-- Kind 4 is a confirmation. It is as old as the mails that wait for it, so that its link does not outlive them; the note about what is held (5) is older.
-- name: outbox_confirmation_ensure
INSERT INTO outbox (submission_id, kind, created_at)
SELECT :submission_id, 4, coalesce(min(created_at), :now) FROM outbox WHERE submission_id = :submission_id AND kind < 4
ON CONFLICT (submission_id, kind) DO NOTHING

-- name: outbox_confirmation
SELECT id FROM outbox WHERE submission_id = :submission_id AND kind = 4

-- An address that went and came back is asked again.
-- name: delivery_ask
INSERT INTO delivery (outbox_id, recipient, state, due_at)
VALUES (:outbox_id, :recipient, 1, :now)
ON CONFLICT (outbox_id, recipient) DO UPDATE
SET state = 1, due_at = excluded.due_at, reason = NULL
WHERE state = 6 AND reason = 'gone'

-- What waits with this reason need not wait any longer.
-- name: outbox_make_due
UPDATE delivery SET due_at = :now
WHERE id IN (
	SELECT delivery.id
	FROM submission
	CROSS JOIN outbox ON outbox.submission_id = submission.id
	CROSS JOIN delivery ON delivery.outbox_id = outbox.id
	WHERE submission.receipt = :receipt AND delivery.state = 3 AND delivery.reason = :reason AND delivery.due_at > :now)

-- name: outbox_make_site_due
UPDATE delivery SET due_at = :now
WHERE id IN (
	SELECT delivery.id
	FROM delivery INDEXED BY delivery_claimable
	CROSS JOIN outbox ON outbox.id = delivery.outbox_id
	CROSS JOIN submission ON submission.id = outbox.submission_id
	WHERE delivery.state <= 3 AND delivery.claimable_at > :now AND delivery.state = 3 AND delivery.reason = :reason
		AND submission.site = :site
	LIMIT :limit)

-- What a report may mean: a refused one never left, and one that is gone did not either. Two rows say that it is not clear.
-- name: outbox_bounce_find
SELECT delivery.id, outbox.submission_id, CASE WHEN length(delivery.recipient) <= 64 THEN delivery.recipient ELSE x'' END, delivery.state
FROM submission
CROSS JOIN outbox ON outbox.submission_id = submission.id
CROSS JOIN delivery ON delivery.outbox_id = outbox.id
WHERE submission.receipt = :receipt AND outbox.kind = :kind AND delivery.state <> 7
	AND NOT (delivery.state = 6 AND delivery.reason IS 'gone')
	AND (:recipients IS NULL OR (length(delivery.recipient) = 21 AND instr(:recipients, delivery.recipient) % 21 = 1))
LIMIT 2

-- name: delivery_bounce
UPDATE delivery SET state = :state, reason = :reason, server_text = :server_text, reply_code = :reply_code, settled_at = :now
WHERE id = :id AND state = 5

-- name: event_insert
INSERT INTO delivery_event (delivery_id, at, kind, state, account, actor, reason, server_text, reply_code)
VALUES (:delivery_id, :now, :kind, :state, :account, :actor, :reason, :server_text, :reply_code)

-- What outbox_lease and outbox_take_over count as an attempt: a session had it and never told.
-- name: outbox_lost
SELECT id FROM delivery
WHERE outbox_id = :outbox_id AND state = 2 AND (claimable_at <= :now OR claimable_at > :horizon) AND owner <> :owner

-- name: outbox_lost_all
SELECT id FROM delivery INDEXED BY delivery_claimable WHERE state <= 3 AND state = 2 AND owner <> :owner

-- The first and the last ones stay.
-- name: event_trim
DELETE FROM delivery_event
WHERE id IN (SELECT id FROM delivery_event
	WHERE delivery_id = :delivery_id
		AND id > (SELECT id FROM delivery_event WHERE delivery_id = :delivery_id ORDER BY id LIMIT 1 OFFSET :first)
		AND id < (SELECT id FROM delivery_event WHERE delivery_id = :delivery_id ORDER BY id DESC LIMIT 1 OFFSET :last)
	ORDER BY id LIMIT :limit)

-- name: event_list
SELECT delivery_event.id, delivery_event.delivery_id, delivery_event.at, delivery_event.kind, delivery_event.state,
	substr(delivery_event.account, 1, 256), substr(delivery_event.actor, 1, 256), substr(delivery_event.reason, 1, 64),
	substr(delivery_event.server_text, 1, 512), delivery_event.reply_code
FROM delivery CROSS JOIN delivery_event ON delivery_event.delivery_id = delivery.id
WHERE delivery.outbox_id = :outbox_id
ORDER BY delivery_event.id LIMIT :limit
