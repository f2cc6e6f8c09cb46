-- Numbers for the owner's report (store/figures.h). Those of all sites walk through what is kept; those of one site begin with its submissions, because a run mails a report to each of them.

-- Mails that a server took (event 1 with state 5), and that came back (event 7). Of notices (kind 1) by recipient, too, because the canary's are nobody's news.
-- name: figures_events
SELECT kind, event, reason, recipient, count(*)
FROM (SELECT outbox.kind, delivery_event.kind AS event, coalesce(delivery_event.reason, '') AS reason,
		CASE outbox.kind WHEN 1 THEN delivery.recipient END AS recipient
	FROM delivery_event
	CROSS JOIN delivery ON delivery.id = delivery_event.delivery_id
	CROSS JOIN outbox ON outbox.id = delivery.outbox_id
	WHERE :site IS NULL AND delivery_event.at >= :from AND delivery_event.at < :to
		AND ((delivery_event.kind = 1 AND delivery_event.state = 5) OR delivery_event.kind = 7)
	UNION ALL
	SELECT outbox.kind, delivery_event.kind, coalesce(delivery_event.reason, ''), CASE outbox.kind WHEN 1 THEN delivery.recipient END
	FROM submission INDEXED BY submission_site
	CROSS JOIN outbox ON outbox.submission_id = submission.id
	CROSS JOIN delivery ON delivery.outbox_id = outbox.id
	CROSS JOIN delivery_event INDEXED BY delivery_event_delivery ON delivery_event.delivery_id = delivery.id
	WHERE submission.site = :site AND delivery_event.at >= :from AND delivery_event.at < :to
		AND ((delivery_event.kind = 1 AND delivery_event.state = 5) OR delivery_event.kind = 7))
GROUP BY 1, 2, 3, 4

-- Automatic mails (replies and copies) that ended without being sent: refused ones (7) as they were promised, cancelled ones (6) as they ended; what a person cancelled has no reason of its own. What came back was sent.
-- name: figures_stopped
SELECT reason, count(*)
FROM (SELECT coalesce(delivery.reason, 'ordered') AS reason, CASE delivery.state WHEN 7 THEN outbox.created_at ELSE delivery.settled_at END AS at
	FROM delivery CROSS JOIN outbox ON outbox.id = delivery.outbox_id
	WHERE :site IS NULL AND delivery.state IN (6, 7) AND outbox.kind IN (2, 3)
	UNION ALL
	SELECT coalesce(delivery.reason, 'ordered'), CASE delivery.state WHEN 7 THEN outbox.created_at ELSE delivery.settled_at END
	FROM submission INDEXED BY submission_site
	CROSS JOIN outbox ON outbox.submission_id = submission.id
	CROSS JOIN delivery ON delivery.outbox_id = outbox.id
	WHERE submission.site = :site AND delivery.state IN (6, 7) AND outbox.kind IN (2, 3))
WHERE at >= :from AND at < :to AND reason NOT LIKE 'bounce.%'
GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT :limit

-- What is not settled, by what it waits for or ended with.
-- name: figures_queue
SELECT delivery.state, coalesce(delivery.reason, ''), count(*), min(outbox.created_at)
FROM (SELECT outbox_id, state, reason FROM delivery INDEXED BY delivery_claimable WHERE state <= 3
	UNION ALL SELECT outbox_id, state, reason FROM delivery INDEXED BY delivery_dead WHERE state = 4) AS delivery
CROSS JOIN outbox ON outbox.id = delivery.outbox_id
CROSS JOIN submission ON submission.id = outbox.submission_id
WHERE (:site IS NULL OR submission.site = :site)
GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT :limit

-- What was held or rejected in the period, also if a person has decided since, and all that is held; this first, then the newest.
-- name: figures_suspicious
SELECT id, count(*) OVER ()
FROM (SELECT submission.id, submission.received_at, verdict.status
	FROM verdict CROSS JOIN submission ON submission.id = verdict.submission_id
	WHERE :site IS NULL AND verdict.status IN (2, 3, 4, 5)
	UNION ALL
	SELECT submission.id, submission.received_at, verdict.status
	FROM submission INDEXED BY submission_site CROSS JOIN verdict ON verdict.submission_id = submission.id
	WHERE submission.site = :site AND verdict.status IN (2, 3, 4, 5))
WHERE status = 2 OR (received_at >= :from AND received_at < :to)
ORDER BY status = 2 DESC, id DESC LIMIT :limit

-- The ledger's.
-- name: figures_alarms
SELECT id, site, topic, text, raised_at FROM alarm
WHERE raised_at >= :from AND raised_at < :to AND (:site IS NULL OR site = :site)
ORDER BY id DESC LIMIT :limit

-- Decisions about single submissions, by command or by link.
-- name: figures_decisions
SELECT count(*) FROM audit
WHERE at >= :from AND at < :to AND (:site IS NULL OR site = :site) AND (action LIKE 'held.%' OR actor = :link)
