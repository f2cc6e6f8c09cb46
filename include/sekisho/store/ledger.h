/*
 * The courier's ledger: which addresses have proved themselves, which automatic mail was sent, whether a site's fuse has tripped, and which alarms are still to be
 * told. It lies in a file of its own that the front can neither read nor write (db_open_ledger), so that a front that was taken over can make no address
 * proved and no counter small. What it says is trusted.
 *
 * Sites are named by their key; addresses and domains by keyed hashes (VAULT_HASH_ADDRESS of address_folded, VAULT_HASH_DOMAIN of the domain in lower
 * case). Times are clock_now_us. Every function that changes something takes a transaction of its own; errors are those of store/db.h.
 */
#pragma once

#include <glib.h>

#include "sekisho/base/vault.h"
#include "sekisho/form/form.h"
#include "sekisho/store/db.h"

/* --- Proofs ----------------------------------------------------------------------------------------------------------- */

typedef enum { PROOF_LINK = 1, PROOF_OPERATOR = 2 } ProofKind; /* stored: never renumber */

typedef struct {
	char *site;
	VaultHash address;
	ProofKind kind;
	GBytes *boxed;         /* the address, by vault_box */
	gint64 proved_at_us;
	gint64 until_us;
} Proof;
void proof_free(Proof *proof);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Proof, proof_free)

/* From now the address counts as proved; a longer proof that is there stays. */
gboolean ledger_prove(Db *ledger, const Proof *proof, GError **error);
/* The same by a link's token, which works once: `token_id` (any bytes that name it) is remembered until `token_until_us`. *is_first is FALSE, and nothing changes, if it
 * was used before. */
gboolean ledger_redeem(Db *ledger, const Proof *proof, GBytes *token_id, gint64 token_until_us, gboolean *is_first, GError **error);
/* The same for a token that proves no address. */
gboolean ledger_use_token(Db *ledger, GBytes *token_id, gint64 token_until_us, gboolean *is_first, GError **error);
gboolean ledger_is_token_used(Db *ledger, GBytes *token_id, gboolean *is_used, GError **error);
/* Whether any of `hashes` (VaultHash, vault_hashes of one address) is proved now. */
gboolean ledger_is_proved(Db *ledger, const char *site, const GArray *hashes, gboolean *is_proved, GError **error);
/* Proof *, newest first, those past their time left out; `site` NULL: all. NULL on error. */
GPtrArray *ledger_proofs(Db *ledger, const char *site, guint limit, GError **error);
/* The address must prove itself anew. How many proofs went (0: there was none), -1 on error. */
gint ledger_forget(Db *ledger, const char *site, const GArray *hashes, GError **error);

/* --- Automatic mail and the fuse --------------------------------------------------------------------------------------- */

/* One automatic mail to one address. Its identity is site, receipt, kind, generation and recipient. */
typedef struct {
	const char *site;
	guint64 form_id;
	MailKind kind;           /* REPLY, COPY or CONFIRMATION */
	const char *receipt;
	guint generation;
	VaultHash recipient;
	VaultHash domain;
} LedgerMail;

typedef struct {
	gint64 period_us;        /* one mail of each kind per address within it; COPY counts as REPLY */
	guint per_domain;        /* in 24 hours */
	guint per_form;          /* in an hour */
	guint fuse_hour;
	guint fuse_day;
} LedgerLimits;

typedef enum {
	LEDGER_CHARGED,   /* it may be sent once, by a session that begins now; then ledger_settle */
	LEDGER_SENT,      /* this very mail was sent, although whoever asks does not know it (a crash came before its own note) */
	LEDGER_REPEATED,  /* the address had another mail of this kind within the period, or may have had it; or
	                   * LIMIT_CONFIRMATIONS_PER_MAILBOX confirmations within 24 hours, from whichever sites */
	LEDGER_HELD,      /* leave for this very mail was given less than LIMIT_LEASE_MS ago and not settled: it may be on its way. Ask again later */
	LEDGER_DOMAIN,    /* a ceiling is reached, for now */
	LEDGER_FORM,
	LEDGER_TRIPPED    /* the fuse tripped now or earlier: nothing automatic leaves this site until it is reset */
} LedgerAnswer;

/*
 * Asks for leave to send one automatic mail, and counts it. A mail that has leave already is asked for again after ledger_settle (not sent), or
 * LIMIT_LEASE_MS after it was given (its session never told): it is charged once more and not counted again. Each leave is for one copy: whoever may write the
 * outbox can make no second one of it by setting rows back.
 *
 * The fuse trips by the mail that would be one more than fuse_hour within an hour or fuse_day within 24 hours, or more than the site's own history makes likely:
 * once it reaches back seven days, three times the busiest hour (at least 20) and three times the busiest day (UTC; at least 50) of the 28 days that ended 24 hours
 * ago. It counts what was asked for since its last reset, the mails that only a ceiling holds back included, because a flood to one domain is a flood. Hours that made
 * it trip teach nothing. What was charged before it tripped may still be sent. A clock that was put right counts what lies as far ahead as behind.
 */
gboolean ledger_charge(Db *ledger, const LedgerMail *mail, const LedgerLimits *limits, LedgerAnswer *answer, GError **error);
/* What became of a charged mail. Sent: it is never charged again. Not sent, and nobody else may have sent it: its leave ends, so that it may be asked for again at
 * once. If that is not known (a session was lost), say nothing. A mail that was not charged is left alone. */
gboolean ledger_settle(Db *ledger, const LedgerMail *mail, gboolean is_sent, GError **error);
/* For a courier that begins, when no other runs: leave that nobody settled ends. */
gboolean ledger_take_over(Db *ledger, GError **error);
/* Whether an address was sent a mail of this kind within `period_us` for another submission than `receipt`, or may have been: one that was settled as not sent
 * does not count. */
gboolean ledger_was_sent(Db *ledger, const LedgerMail *mail, gint64 period_us, gboolean *was_sent, GError **error);

typedef struct {
	char *site;
	gint64 tripped_at_us;    /* 0: it has not */
	char *reason;            /* "hour", "day", "learned_hour", "learned_day"; NULL if it has not tripped */
	guint ceiling;           /* the one that was reached */
	gint64 reset_at_us;      /* the last reset; 0: never */
	guint last_hour;         /* mails asked for, also before the reset */
	guint last_day;
	guint busiest_hour;      /* of the history as above; 0 while it is too short */
	guint busiest_day;
	guint hour_ceiling;      /* that hold now, with `limits` */
	guint day_ceiling;
	gboolean is_hour_learned; /* from the history, not from `limits` */
	gboolean is_day_learned;
} Fuse;
void fuse_free(Fuse *fuse);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Fuse, fuse_free)
/* The one fact that decides whether there is any use in preparing automatic mail of this site. */
gboolean ledger_has_tripped(Db *ledger, const char *site, gboolean *has_tripped, GError **error);
/* Never NULL without an error: a site that has sent nothing has a whole fuse. */
Fuse *ledger_fuse(Db *ledger, const char *site, const LedgerLimits *limits, GError **error);
/* Keys (char *) of sites that asked for automatic mail in the last 24 hours or whose fuse has tripped (these first), at most `limit`. NULL on error. */
GPtrArray *ledger_sites(Db *ledger, guint limit, GError **error);
/* Replies go again, counted from now. FALSE in *was_tripped if it had not tripped. Clears the alarm "fuse" of the site. */
gboolean ledger_fuse_reset(Db *ledger, const char *site, gboolean *was_tripped, GError **error);

/* --- Notes about what is held ------------------------------------------------------------------------------------------- */

typedef struct {
	const char *site;
	gint64 newest_id;        /* the newest submission that the note would tell of */
	gboolean is_to_begin;    /* if it may go it begins; else this only asks */
} LedgerNoteRequest;
typedef enum {
	LEDGER_NOTE_GOES,        /* it may be sent once; then ledger_note_settle */
	LEDGER_NOTE_TOLD,        /* one that was sent a short while ago told of all */
	LEDGER_NOTE_WAITS        /* there was one within LIMIT_HELD_NOTE_US, or may have been */
} LedgerNoteFate;
typedef struct {
	LedgerNoteFate fate;
	gint64 again_at_us;      /* of LEDGER_NOTE_WAITS */
} LedgerNoteAnswer;
/* May the site's owner be told now that something is held? */
gboolean ledger_note_ask(Db *ledger, const LedgerNoteRequest *request, LedgerNoteAnswer *answer, GError **error);
/* What became of the note that went last. Not sent, and nobody else may have sent it: another one may go at once. If that is not known, say nothing. */
gboolean ledger_note_settle(Db *ledger, const char *site, gboolean is_sent, GError **error);

/* --- Alarms ------------------------------------------------------------------------------------------------------------- */

typedef struct {
	gint64 id;
	char *site;              /* "" = the whole gateway */
	char *topic;             /* "fuse", "ceiling", "canary", "captcha" */
	char *text;              /* what happened and what to do: plain text, LF, no personal data */
	gint64 raised_at_us;
} Alarm;
void alarm_free(Alarm *alarm);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Alarm, alarm_free)

/* Raises an alarm unless one of this site and topic stands already (*is_new FALSE). It stands until it is cleared. */
gboolean ledger_alarm_raise(Db *ledger, const char *site, const char *topic, const char *text, gboolean *is_new, GError **error);
typedef enum { ALARM_BY_COMMAND = 1, ALARM_BY_MAIL } AlarmChannel;
/* Alarm *, oldest first, that this channel has not told yet. */
GPtrArray *ledger_alarms_untold(Db *ledger, AlarmChannel channel, guint limit, GError **error);
gboolean ledger_alarm_commanded(Db *ledger, gint64 id, GError **error);
gboolean ledger_alarm_mailed(Db *ledger, gint64 id, GError **error);
gboolean ledger_alarm_clear(Db *ledger, const char *site, const char *topic, GError **error);
/* Clears one that both channels told and that was raised more than `age_us` ago: what still is so may be told anew. */
gboolean ledger_alarm_expire(Db *ledger, const char *site, const char *topic, gint64 age_us, GError **error);

/* --- Addresses that mail came back from ------------------------------------------------------------------------------------ */

typedef enum { SUPPRESSION_BOUNCE = 1, SUPPRESSION_OPERATOR = 2 } SuppressionKind; /* stored: never renumber */

/* No automatic mail of the site goes to it until then. */
typedef struct {
	char *site;
	VaultHash address;       /* VAULT_HASH_ADDRESS of address_mailbox: every way to write it counts */
	SuppressionKind kind;
	GBytes *boxed;           /* the address, by vault_box; may be NULL */
	char *reason;            /* "bounce.address" and the like (relay/bounce.h), or "operator" */
	guint bounces;           /* that came back so far */
	gint64 since_us;
	gint64 until_us;         /* G_MAXINT64: until a person takes it back */
} Suppression;
void suppression_free(Suppression *suppression);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Suppression, suppression_free)
/* A longer one that is there stays, and an operator's is never shortened or replaced by a bounce; `bounces` is added to what is there. */
gboolean ledger_suppress(Db *ledger, const Suppression *suppression, GError **error);
/* How many went (0: there was none), -1 on error. `hashes`: VaultHash, vault_hashes of one address. */
gint ledger_unsuppress(Db *ledger, const char *site, const GArray *hashes, GError **error);
gboolean ledger_is_suppressed(Db *ledger, const char *site, const GArray *hashes, gboolean *is_suppressed, GError **error);
/* Suppression *, newest first, those past their time left out; `site` NULL: all. NULL on error. */
GPtrArray *ledger_suppressions(Db *ledger, const char *site, guint limit, GError **error);

/* Mail of mail systems that came to us, counted by hours of UTC; what has a tag of ours by itself, because anybody can send the other. */
typedef struct {
	guint last_hour;         /* of this hour, this one included */
	guint busiest_hour;      /* of the last 28 days, this hour and the one before left out */
	gboolean is_surge;       /* last_hour reached LIMIT_BOUNCE_SURGE and three times busiest_hour */
} BounceTraffic;
/* Counts one; `site` "" if it names none of ours, or says nothing new. */
gboolean ledger_count_bounce(Db *ledger, const char *site, gboolean is_tagged, BounceTraffic *traffic, GError **error);

/* --- What an account may send --------------------------------------------------------------------------------------------- */

typedef struct {
	guint count;
	gint64 period_us;
	guint burst;
} LedgerRate;
typedef struct {
	guint mails;             /* as many as were wanted, or less; 0: there is no room now */
	gint64 again_at_us;      /* of 0 mails: when there is room for one */
} LedgerGrant;
/* Takes up to `wanted` mails of an account's rate (GCRA as policy/rate.h says; `count` mails in `period_us`, `burst` at once; none may be 0). `account` names it (account_key). What was
 * granted and not used is given back by ledger_account_return. */
gboolean ledger_account_take(Db *ledger, const char *account, const LedgerRate *rate, guint wanted, LedgerGrant *grant, GError **error);
gboolean ledger_account_return(Db *ledger, const char *account, const LedgerRate *rate, guint unused, GError **error);

/* --- What the doctor saw --------------------------------------------------------------------------------------------------- */

/* `account`: any text that names the account with its server and user. */
gboolean ledger_note_null_sender(Db *ledger, const char *account, gboolean is_accepted, GError **error);
gboolean ledger_is_null_sender(Db *ledger, const char *account, gboolean *is_accepted, GError **error);
/* The same for an envelope sender with a tag, bounce_address+TAG: where it was seen accepted, notices have one, too. `account` names the site's bounce address, too (account_tagged_key). */
gboolean ledger_note_tagged_sender(Db *ledger, const char *account, gboolean is_accepted, GError **error);
gboolean ledger_is_tagged_sender(Db *ledger, const char *account, gboolean *is_accepted, GError **error);

/* Removes what no rule looks at any more: charges after 31 days, used tokens, proofs and suppressions past their time, traffic after 29 days, unused rates, told alarms 90 days after they were cleared, reports after LIMIT_REPORTS_US, lines of the audit after LIMIT_AUDIT_US; up to
 * `limit` rows of each. How many, or -1. */
gint ledger_purge(Db *ledger, guint limit, GError **error);
