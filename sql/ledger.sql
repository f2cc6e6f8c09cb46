-- The courier's ledger. A window of time reaches as far ahead as back (:since, :until), so that what a clock noted that ran ahead does not count for
-- ever, and what it noted before it was set back still counts.

-- A proof that lasts longer stays.
-- name: ledger_prove
INSERT INTO proof (site, address, kind, boxed, proved_at, until) VALUES (:site, :address, :kind, :boxed, :proved_at, :until)
ON CONFLICT (site, address) DO UPDATE
SET kind = excluded.kind, boxed = excluded.boxed, proved_at = excluded.proved_at, until = excluded.until
WHERE excluded.until > proof.until

-- name: ledger_token_use
INSERT INTO used_token (id, until) VALUES (:id, :until) ON CONFLICT (id) DO NOTHING

-- name: ledger_token_is_used
SELECT 1 FROM used_token WHERE id = :id

-- name: ledger_is_proved
SELECT 1 FROM proof WHERE site = :site AND address = :address AND until > :now

-- name: ledger_proofs
SELECT site, address, kind, boxed, proved_at, until FROM proof INDEXED BY proof_newest
WHERE until > :now ORDER BY proved_at DESC LIMIT :limit

-- name: ledger_proofs_of_site
SELECT site, address, kind, boxed, proved_at, until FROM proof INDEXED BY proof_newest_of_site
WHERE site = :site AND until > :now ORDER BY proved_at DESC LIMIT :limit

-- name: ledger_forget
DELETE FROM proof WHERE site = :site AND address = :address

-- name: ledger_mail_find
SELECT id, charged_at, leave_until, is_sent FROM mail INDEXED BY mail_recipient
WHERE site = :site AND recipient = :recipient AND receipt = :receipt AND kind = :kind AND generation = :generation

-- Those that were sent or may be on their way; what was settled as not sent reached nobody. Kind 4 is a confirmation; all others are replies. With :receipt only
-- those of other submissions, and never :but itself.
-- name: ledger_mail_of_period
SELECT 1 FROM mail INDEXED BY mail_recipient
WHERE site = :site AND recipient = :recipient AND charged_at > :since AND charged_at < :until
	AND (kind = 4) = (:kind = 4) AND receipt IS NOT :receipt AND id <> :but AND (is_sent = 1 OR leave_until > 0)
LIMIT 1

-- Of all sites.
-- name: ledger_confirmations_of_mailbox
SELECT count(*) FROM (SELECT 1 FROM mail INDEXED BY mail_confirmation
	WHERE kind = 4 AND recipient = :recipient AND charged_at > :since AND charged_at < :until LIMIT :limit)

-- name: ledger_mails_of_domain
SELECT count(*) FROM (SELECT 1 FROM mail INDEXED BY mail_domain
	WHERE site = :site AND domain = :domain AND charged_at > :since AND charged_at < :until LIMIT :limit)

-- name: ledger_mails_of_form
SELECT count(*) FROM (SELECT 1 FROM mail INDEXED BY mail_form
	WHERE site = :site AND form_id = :form_id AND charged_at > :since AND charged_at < :until LIMIT :limit)

-- name: ledger_mails_of_site
SELECT count(*) FROM (SELECT 1 FROM mail INDEXED BY mail_site
	WHERE site = :site AND asked_at > :since AND asked_at < :until AND id <> :but LIMIT :limit)

-- name: ledger_mail_insert
INSERT INTO mail (site, form_id, kind, receipt, generation, recipient, domain, asked_at)
VALUES (:site, :form_id, :kind, :receipt, :generation, :recipient, :domain, :now)

-- name: ledger_mail_charge
UPDATE mail SET asked_at = :now, charged_at = :now, leave_until = :until WHERE id = :id

-- name: ledger_mail_leave
UPDATE mail SET leave_until = :until WHERE id = :id

-- The period begins when it was sent.
-- name: ledger_mail_settle
UPDATE mail SET leave_until = 0, is_sent = :is_sent, charged_at = CASE WHEN :is_sent THEN :now ELSE charged_at END
WHERE id = :id AND charged_at > 0 AND is_sent = 0

-- 1: it ended, and nobody knows whether it was used.
-- name: ledger_take_over
UPDATE mail INDEXED BY mail_leave SET leave_until = 1 WHERE leave_until > 0 AND leave_until > 1

-- name: ledger_traffic_add
INSERT INTO traffic (site, hour, mails) VALUES (:site, :hour, 1)
ON CONFLICT (site, hour) DO UPDATE SET mails = mails + 1

-- name: ledger_traffic_disown
UPDATE traffic SET is_lesson = 0 WHERE site = :site AND hour >= :since

-- The oldest hour that is known, whatever happened in it, and the busiest that teaches; :horizon is where the history ends.
-- name: ledger_history_hours
SELECT coalesce(min(hour), :horizon), coalesce(max(mails) FILTER (WHERE is_lesson), 0)
FROM traffic WHERE site = :site AND hour >= :since AND hour < :horizon

-- name: ledger_history_days
SELECT coalesce(max(total), 0)
FROM (SELECT sum(mails) AS total FROM traffic WHERE site = :site AND hour >= :since AND hour < :horizon AND is_lesson = 1
	GROUP BY hour / 24)

-- name: ledger_fuse
SELECT tripped_at, reason, ceiling, reset_at FROM fuse WHERE site = :site

-- name: ledger_fuse_trip
INSERT INTO fuse (site, tripped_at, reason, ceiling) VALUES (:site, :now, :reason, :ceiling)
ON CONFLICT (site) DO UPDATE SET tripped_at = excluded.tripped_at, reason = excluded.reason, ceiling = excluded.ceiling

-- name: ledger_fuse_reset
UPDATE fuse SET tripped_at = 0, reason = NULL, ceiling = 0, reset_at = :now WHERE site = :site AND tripped_at > 0

-- Tripped ones first.
-- name: ledger_sites
SELECT site FROM (
	SELECT site, 1 AS is_tripped FROM fuse INDEXED BY fuse_tripped WHERE tripped_at > 0
	UNION ALL SELECT site, 0 FROM mail INDEXED BY mail_asked WHERE asked_at > :since)
GROUP BY site ORDER BY max(is_tripped) DESC, site LIMIT :limit

-- name: ledger_alarm_raise
INSERT INTO alarm (site, topic, text, raised_at) VALUES (:site, :topic, :text, :now)
ON CONFLICT (site, topic) WHERE cleared_at = 0 DO NOTHING

-- Channel 1 is the command, 2 the mail.
-- name: ledger_alarms_untold
SELECT id, site, topic, text, raised_at FROM alarm INDEXED BY alarm_untold
WHERE cleared_at = 0 AND is_commanded + is_mailed < 2 AND CASE :channel WHEN 1 THEN is_commanded ELSE is_mailed END = 0
ORDER BY id LIMIT :limit

-- name: ledger_alarm_commanded
UPDATE alarm SET is_commanded = 1 WHERE id = :id

-- name: ledger_alarm_mailed
UPDATE alarm SET is_mailed = 1 WHERE id = :id

-- name: ledger_alarm_clear
UPDATE alarm SET cleared_at = :now WHERE site = :site AND topic = :topic AND cleared_at = 0

-- name: ledger_alarm_expire
UPDATE alarm SET cleared_at = :now
WHERE site = :site AND topic = :topic AND cleared_at = 0 AND is_commanded = 1 AND is_mailed = 1
	AND (raised_at < :since OR raised_at > :until)

-- name: ledger_null_sender_note
INSERT INTO null_sender (account, is_accepted, noted_at) VALUES (:account, :is_accepted, :now)
ON CONFLICT (account) DO UPDATE SET is_accepted = excluded.is_accepted, noted_at = excluded.noted_at

-- name: ledger_null_sender
SELECT is_accepted FROM null_sender WHERE account = :account

-- name: ledger_tagged_sender_note
INSERT INTO tagged_sender (account, is_accepted, noted_at) VALUES (:account, :is_accepted, :now)
ON CONFLICT (account) DO UPDATE SET is_accepted = excluded.is_accepted, noted_at = excluded.noted_at

-- name: ledger_tagged_sender
SELECT is_accepted FROM tagged_sender WHERE account = :account

-- name: ledger_suppression_count
UPDATE suppression SET bounces = min(bounces, 1000000) + :bounces WHERE site = :site AND address = :address

-- One that is over gives way; else a longer one stays, and an operator's (2) gives way to none but an operator's.
-- name: ledger_suppress
INSERT INTO suppression (site, address, kind, boxed, reason, bounces, since, until)
VALUES (:site, :address, :kind, :boxed, :reason, :bounces, :since, :until)
ON CONFLICT (site, address) DO UPDATE
SET kind = excluded.kind, boxed = coalesce(excluded.boxed, boxed), reason = excluded.reason, since = excluded.since, until = excluded.until
WHERE suppression.until <= :now
	OR (excluded.until > suppression.until AND (suppression.kind <> 2 OR excluded.kind = 2))

-- name: ledger_unsuppress
DELETE FROM suppression WHERE site = :site AND address = :address

-- name: ledger_is_suppressed
SELECT 1 FROM suppression WHERE site = :site AND address = :address AND until > :now

-- name: ledger_suppressions
SELECT site, address, kind, boxed, reason, bounces, since, until FROM suppression INDEXED BY suppression_newest
WHERE until > :now ORDER BY since DESC LIMIT :limit

-- name: ledger_suppressions_of_site
SELECT site, address, kind, boxed, reason, bounces, since, until FROM suppression INDEXED BY suppression_newest_of_site
WHERE site = :site AND until > :now ORDER BY since DESC LIMIT :limit

-- name: ledger_bounce_add
INSERT INTO bounce_traffic (site, is_tagged, hour, mails) VALUES (:site, :is_tagged, :hour, 1)
ON CONFLICT (site, is_tagged, hour) DO UPDATE SET mails = mails + 1

-- The hour before this one is no history yet, or a surge would hide that it goes on.
-- name: ledger_bounce_traffic
SELECT coalesce(max(mails) FILTER (WHERE hour = :hour), 0), coalesce(max(mails) FILTER (WHERE hour < :hour - 1), 0)
FROM bounce_traffic WHERE site = :site AND is_tagged = :is_tagged AND hour >= :since AND hour <= :hour

-- name: ledger_account_rate
SELECT free_at FROM account_rate WHERE account = :account

-- name: ledger_account_charge
INSERT INTO account_rate (account, free_at) VALUES (:account, :free_at)
ON CONFLICT (account) DO UPDATE SET free_at = excluded.free_at

-- name: ledger_purge_mails
DELETE FROM mail WHERE id IN (SELECT id FROM mail INDEXED BY mail_asked WHERE asked_at < :before LIMIT :limit)

-- name: ledger_purge_tokens
DELETE FROM used_token WHERE id IN (SELECT id FROM used_token INDEXED BY used_token_until WHERE until < :before LIMIT :limit)

-- name: ledger_purge_proofs
DELETE FROM proof
WHERE (site, address) IN (SELECT site, address FROM proof INDEXED BY proof_until WHERE until < :before LIMIT :limit)

-- name: ledger_purge_traffic
DELETE FROM traffic
WHERE (site, hour) IN (SELECT site, hour FROM traffic INDEXED BY traffic_hour WHERE hour < :before LIMIT :limit)

-- name: ledger_purge_suppressions
DELETE FROM suppression
WHERE (site, address) IN (SELECT site, address FROM suppression INDEXED BY suppression_until WHERE until < :before LIMIT :limit)

-- name: ledger_purge_bounce_traffic
DELETE FROM bounce_traffic
WHERE (site, is_tagged, hour) IN (
	SELECT site, is_tagged, hour FROM bounce_traffic INDEXED BY bounce_traffic_hour WHERE hour < :before LIMIT :limit)

-- name: ledger_purge_account_rates
DELETE FROM account_rate
WHERE account IN (SELECT account FROM account_rate INDEXED BY account_rate_free WHERE free_at < :before LIMIT :limit)

-- name: ledger_purge_alarms
DELETE FROM alarm
WHERE id IN (SELECT id FROM alarm INDEXED BY alarm_cleared WHERE cleared_at > 0 AND cleared_at < :before LIMIT :limit)

-- name: ledger_note_read
SELECT begun_at, told_id, is_sent FROM held_note WHERE site = :site

-- name: ledger_note_begin
INSERT INTO held_note (site, begun_at, told_id) VALUES (:site, :now, :told_id)
ON CONFLICT (site) DO UPDATE SET begun_at = excluded.begun_at, told_id = excluded.told_id, is_sent = 0

-- name: ledger_note_sent
UPDATE held_note SET is_sent = 1 WHERE site = :site

-- name: ledger_note_failed
DELETE FROM held_note WHERE site = :site AND is_sent = 0
