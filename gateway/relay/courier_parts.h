/*
 * What the courier's files share. All of it belongs to the courier's one thread.
 *
 *   courier.c   the loop: signals, wake-ups, claiming, retention
 *   desk.c      leased mails waiting for a session, by account; which account rests after a failure
 *   choice.c    which of its site's accounts takes a mail, and until when it waits if none can
 *   allowance.c how many mails an account's rate lets go
 *   obstacle.c  mails that cannot become letters: broken sites and forms
 *   prepare.c   an outbox item becomes a letter
 *   flight.c    one session: from the waiting mails of an account to the outcome of each delivery
 *   digest.c    a site's notices beyond its ceiling wait, and go together in one letter
 *   outlook.c   what a notice tells of the mails to its visitor
 *   automatic.c may this reply or confirmation go to this address now?
 *   press.c     pressed links prove addresses
 *   press_review.c pressed buttons of review pages decide about submissions
 *   invite.c    the review links of notices and notes
 *   held_note.c the owner is told that something is held, at most once an hour
 *   alarm.c     the operator is told, past the log
 *   report_watch.c  a report that should have gone to an owner did not
 *   settle.c    outcomes become rows and log lines
 */
#pragma once

#include <glib.h>

#include "sekisho/base/error.h"
#include "sekisho/conf/config.h"
#include "sekisho/relay/courier.h"
#include "sekisho/relay/letter.h"
#include "sekisho/relay/review.h"
#include "sekisho/store/db.h"
#include "sekisho/store/ledger.h"
#include "sekisho/store/outbox.h"
#include "sekisho/store/presses.h"
#include "worker.h"

typedef struct Flight Flight;
typedef struct Alarms Alarms;

/* Until either clock says so: the wall clock may be set back, and the monotonic one stands still while the machine sleeps. All 0: it is over. */
typedef struct {
	gint64 monotonic_us;
	gint64 wall_us;
} Until;

/* One account and what waits for it. Two accounts are the same if everything about them is: a site that names another one's
 * user must not ride in its session. */
typedef struct {
	Site *site;                /* keeps `account` */
	const Account *account;
	GQueue waiting;            /* Waiting *, oldest lease first */
	guint flights;             /* sessions that run */
	guint width;               /* as many as the server was seen to bear at once; 0: not less than the account allows */
	gboolean has_answered;     /* the server has told of a mail since the last session began */
	gint64 heard_at_us;        /* when it did, or a session began, monotonic */
	guint failures;            /* in a row */
	Until rest;                /* after a failure */
	gint64 rests_since_us;     /* monotonic; only while it rests */
	GError *failure;           /* the last one */
	char *server_text;
	Until spent;               /* the account's rate is used up */
	gint64 turn_us;            /* of the last mail that waits for the rate, wall clock */
	guint overflow;            /* mails put off since the last session began */
	guint64 swept_in_claim;    /* the claim in which mails were put off together last */
	gboolean is_heavy;         /* the last session had a letter with attachments */
} Desk;

typedef struct {
	OutboxItem *item;
	gint64 leased_at_us;       /* monotonic */
} Waiting;

typedef struct {
	const CourierSettings *settings;
	Db *db;
	Db *ledger;                /* ours alone */
	gint64 ledger_alarm_at_us; /* a failure of it is not logged before, monotonic */
	GHashTable *charges;       /* gint64 * of deliveries -> LedgerMail *, charged and not settled */
	GArray *invites;           /* ReviewGrant: rows of review links that are to be written; invite.c's */
	gint64 presses_seen_id;    /* press.c's: behind it are those that are not looked at again before */
	gint64 presses_again_at_us; /* this, monotonic */
	gint64 report_look_at_us;  /* report_watch.c's: not before, monotonic */
	Alarms *alarms;
	char *owner;               /* of our leases; random */
	GHashTable *desks;         /* char * -> Desk * */
	GHashTable *obstacles;     /* obstacle.c's */
	GHashTable *notice_counts; /* digest.c's */
	GPtrArray *flights;        /* Flight *, running */
	const Account *carrier;    /* whose session the letters are for that are being made now; NULL: each site's first */
	GQueue unsettled;          /* DeliveryOutcome *, not written yet; bounded, because nothing is claimed while there are any */
	guint waiting;             /* mails at all desks */
	guint64 claims;            /* so far */
	gboolean is_stopping;
} Courier;

/* --- settle.c ------------------------------------------------------------------------------------------------------------ */

/* What came of one attempt, or why there was none. */
typedef struct {
	const GError *failure;     /* NULL: sent; put off: waiting for its turn */
	guint reply_code;
	const char *server_text;   /* may be NULL */
	gint64 due_at_us;          /* when to try again, wall clock; 0 = as retry.h says */
	const char *account;       /* name of the one that tried it; NULL: none did */
	const char *reason;        /* where it is no failure: why it is put off ("collapsed"), a word on what was sent ("carrier"); or NULL */
	gboolean is_digest;        /* the mail held others too: what would end it only defers it, and it goes alone next time */
} Attempt;

/*
 * Settles the delivery and logs the attempt. A permanent failure of RELAY_ERROR ends it as dead; a temporary one, a lost session, or a server without
 * SMTPUTF8 where the site has another account, defers it, until it has been tried long enough; any other failure (account, form, files) is somebody's to mend and defers it without end.
 */
void settle_attempt(Courier *courier, const OutboxItem *item, const Delivery *delivery, const Attempt *attempt);
/* All deliveries of an item that can never become a letter: dead, with an alarm each. */
void settle_end(Courier *courier, const OutboxItem *item, const GError *failure);
/*
 * Put off to `why->due_at_us` without having been tried: attempts stay. With a failure (the account's, the form's) or a reason it is deferred and a person
 * sees why; without one it stays as it was. No alarm, no log line: they were given for the account or form.
 */
void settle_put_off(Courier *courier, const Delivery *delivery, const Attempt *why);
/* Waits for its turn without a session's failure: put off for `why->reason`, or as it was if that is NULL; one log line when the reason is a new one. */
void settle_wait(Courier *courier, const OutboxItem *item, const Delivery *delivery, const Attempt *why);
/* Ends as cancelled without having been tried. */
void settle_cancel(Courier *courier, const OutboxItem *item, const Delivery *delivery, const char *reason);
/* Was sent by an earlier courier, whose ledger knows it and whose outbox does not. */
void settle_was_sent(Courier *courier, const OutboxItem *item, const Delivery *delivery);
/* The log line of a delivery that ended because its address is no recipient any more. */
void settle_tell_gone(const OutboxItem *item, const Delivery *delivery);
/* The account failed before it told of the delivery, which is to be settled otherwise: its story says so. */
void settle_tell_failure(Courier *courier, const Delivery *delivery, const Attempt *attempt);
/* Lease given back untouched. */
void settle_give_back(Courier *courier, gint64 delivery_id);
/* The same of one whose session we ended: it may have been sent, and its story says so. */
void settle_break_off(Courier *courier, gint64 delivery_id, const char *account);
/* Writes what has been settled since. TRUE if nothing is left; what the database would not take is tried again at the next call. */
gboolean settle_flush(Courier *courier);
void settle_clear(Courier *courier);
/* TRUE if one of the item's deliveries was settled for that reason, */
gboolean settle_has_reason(const OutboxItem *item, const char *reason);
/* or because of that failure, when it was settled last. */
gboolean settle_has_failed_as(const OutboxItem *item, RelayError code);

/* --- desk.c -------------------------------------------------------------------------------------------------------------- */

void desk_free(Desk *desk);
/* The desk of one of the site's accounts, made if need be. Borrowed until desk_sweep. */
Desk *desk_of(Courier *courier, Site *site, const Account *account);
/* Takes a leased item: to the desk of the account that choice.c says, or it is put off. */
void desk_take(Courier *courier, OutboxItem *item);
/* Deliveries (Delivery *) of an item that their session did not try, because its account failed: due at once if another account of the site takes them, else put off. */
void desk_put_back(Courier *courier, const OutboxItem *item, const GPtrArray *deliveries);
/* TRUE if a person ordered the mail (`sekisho queue retry`). */
gboolean desk_is_ordered(const OutboxItem *item);
/* The desk whose turn it is to begin a session, or NULL. */
Desk *desk_next(Courier *courier);
/* The next mails for one session (OutboxItem *, the caller's), at most `most`; empty if none wait. */
GPtrArray *desk_batch(Courier *courier, Desk *desk, guint most);
/* A session began; the server told of a mail. */
void desk_note_flight(Desk *desk);
void desk_note_answer(Desk *desk);
/* TRUE if sessions run and nothing has been heard of them for some time. */
gboolean desk_is_silent(const Desk *desk);
/* How many the next session should have. */
guint desk_wanted(const Desk *desk);
/* A session of the account failed, and no longer counts among its flights. It rests; or, while others of its sessions run, it only begins no further one beside
 * them, because servers bear so many at once and no more. */
void desk_fail(Courier *courier, Desk *desk, const GError *failure, const char *server_text);
/* The account rests, and what waits for it goes by another one of its site, or is put off. */
void desk_block(Courier *courier, Desk *desk, const GError *failure, const char *server_text);
/* What waits here goes by another account of its site, or is put off: this one can take nothing now. */
void desk_clear(Courier *courier, Desk *desk);
/* The account works. */
void desk_unblock(Desk *desk);
/* Gives back what waited too long (or everything), moves what waits behind sessions that hang, and forgets desks that nothing is known about. */
void desk_sweep(Courier *courier, gboolean is_all);
/* From now on for so long. */
Until until_after(gint64 time_us);
/* How long still; 0 or less: it is over. */
gint64 until_left_us(const Until *until);

/* --- choice.c ------------------------------------------------------------------------------------------------------------- */

/* Reason of deliveries that wait because their accounts' rates are used up. */
#define CHOICE_RATE "rate"
/* The desk of the first account of the site that can take the item now; NULL: none can. */
Desk *choice_of(Courier *courier, Site *site, const OutboxItem *item);
/* Puts `deliveries` (Delivery *) of the item off until one of the site's accounts can take them. To be called when none can. */
void choice_put_off(Courier *courier, Site *site, const OutboxItem *item, const GPtrArray *deliveries);

/* --- allowance.c ---------------------------------------------------------------------------------------------------------- */

/* How many of `wanted` mails the account may send now; they count from now on. 0: none before desk->spent is over. */
guint allowance_take(Courier *courier, Desk *desk, guint wanted);
/* So many of them were not tried. */
void allowance_return(Courier *courier, const Desk *desk, guint unused);

/* --- obstacle.c ---------------------------------------------------------------------------------------------------------- */

/* The item cannot become a letter: it waits with all of its site, form and kind, under one alarm a minute, or is given up if waiting is in vain. */
void obstacle_met(Courier *courier, const OutboxItem *item, const GError *failure);
/* Puts off all that is due of the site, form and kind of `item`. TRUE if it was the first time in this claim; else nothing happens. */
gboolean obstacle_put_off(Courier *courier, const OutboxItem *item, const PutOff *put_off);
/* A letter was made. */
void obstacle_passed(Courier *courier, const OutboxItem *item);
/* Forgets what was not met for long. */
void obstacle_sweep(Courier *courier);

/* --- prepare.c ------------------------------------------------------------------------------------------------------------- */

/* The letter of this item with its due recipients, and the item's deliveries brought up to date; NULL if there is no recipient left
 * (no error), or if it cannot be made now. */
Letter *prepare_letter(Courier *courier, OutboxItem *item, GError **error);

/* --- outlook.c --------------------------------------------------------------------------------------------------------------- */

/* What becomes of the replies and copies that a notice's submission causes, as lines "LABEL: WORDS" in the form's language, for its facts; of `planned` (PlannedRecipient *)
 * it looks at what a visitor typed, and shows none of it. "" if there is nothing to tell, or it is not known: a notice never waits for it. The caller's. */
char *outlook_text(Courier *courier, const OutboxItem *notice, const Site *site, const Form *form, const GPtrArray *planned);

/* --- automatic.c ------------------------------------------------------------------------------------------------------------ */

/* Reasons of deliveries that wait. */
#define AUTOMATIC_CONSENT "consent"
#define AUTOMATIC_FUSE "fuse"
#define AUTOMATIC_CEILING "ceiling"
/* And of cancelled ones. */
#define AUTOMATIC_EXPIRED "expired"

/* A leased delivery of an automatic mail to a typed address. All borrowed. */
typedef struct {
	const Site *site;
	const Form *form;
	const OutboxItem *item;
	const Delivery *delivery;
	const char *address;
} AutomaticMail;

typedef enum { AUTOMATIC_GOES, AUTOMATIC_WAITS, AUTOMATIC_CANCELLED, AUTOMATIC_WAS_SENT } AutomaticFate;
typedef struct {
	AutomaticFate fate;
	const char *reason;        /* static; NULL with AUTOMATIC_WAITS: it stays as it was */
	gint64 due_at_us;          /* of AUTOMATIC_WAITS */
} AutomaticDecision;

/* What becomes of it now; may make a confirmation of the same submission. AUTOMATIC_GOES: it is charged, and must be sent or tried again. STORE_ERROR of the
 * outbox; the ledger's failures make it wait and are logged here. */
gboolean automatic_decide(Courier *courier, const AutomaticMail *mail, AutomaticDecision *decision, GError **error);
/* Settles what does not go. */
void automatic_settle(Courier *courier, const AutomaticMail *mail, const AutomaticDecision *decision);
/* The courier's charges, empty. */
GHashTable *automatic_charges_new(void);
/* Until its delivery is settled; `mail` is copied. Of a MAIL_HELD only its site counts. */
void automatic_remember_charge(Courier *courier, gint64 delivery_id, const LedgerMail *mail);
/* What became of a delivery, be it one that was charged or not. Unknown: a session had it and never told. */
typedef enum { AUTOMATIC_SENT, AUTOMATIC_NOT_SENT, AUTOMATIC_UNKNOWN } AutomaticOutcome;
void automatic_note_outcome(Courier *courier, gint64 delivery_id, AutomaticOutcome outcome);
/* Whether the mail's address has proved itself to its site, or need not. STORE_ERROR of the ledger. */
gboolean automatic_is_proved(const Courier *courier, const AutomaticMail *mail, gboolean *is_proved, GError **error);
/* Whether automatic mail of its site goes to the address no more, because some came back or a person says so. FALSE if the ledger failed. */
gboolean automatic_is_suppressed(const Courier *courier, const AutomaticMail *mail, gboolean *is_suppressed, GError **error);
/* Gives the letter our tagged bounce address for envelope sender; an automatic mail none at all where the site wants that, a notice the address as it is unless the doctor saw a tag accepted. */
void automatic_address_envelope(const Courier *courier, const Site *site, const OutboxItem *item, Letter *letter);
/* Until when the item may wait, and a confirmation's link works. */
gint64 automatic_expiry_us(const Site *site, const OutboxItem *item);
/* As proofs name an address. */
void automatic_address_hash(const Courier *courier, const char *address, VaultHash *hash);
/* TRUE if proofs name it so, be it by an older key. */
gboolean automatic_is_address(const Courier *courier, const char *address, const VaultHash *hash);
/* TRUE if the ceilings count both as one. */
gboolean automatic_is_same_mailbox(const char *address, const char *other);

/* --- press.c ------------------------------------------------------------------------------------------------------------------ */

/* What a link is for. */
typedef struct {
	const char *receipt;       /* VAULT_RECEIPT_BYTES */
	VaultHash address;         /* automatic_address_hash */
	gint64 expires_at_us;
} PressTarget;
/* The link that a confirmation carries: URL of the site with a signed token. ASCII. The caller's. */
char *press_link(Vault *vault, const Site *site, const PressTarget *target);
/* What was seen of a pressed link. */
typedef struct {
	gboolean is_verified;      /* it is one of ours, and its button one of its own */
	gboolean is_again;         /* it was carried out before */
	char receipt[VAULT_RECEIPT_BYTES + 1]; /* "": not known */
} PressSight;
/* The button was pressed in time; the courier may have been down meanwhile. */
#define PRESS_GRACE_US G_TIME_SPAN_HOUR
/* BASE_ERROR_FORGED with this reason. FALSE. */
gboolean press_refuse(const char *reason, GError **error);
/* TRUE if this failure of a verified link leaves its row for later: a database is in trouble, or a person can mend it. */
gboolean press_waits(const GError *failure);
/* Acts on the oldest LIMIT_PRESSES pressed links, those left out that wait for a site's or form's files. FALSE, and it is logged, if a database is in trouble or one of
 * the rows: others are acted on. */
gboolean presses_attend(Courier *courier);

/* --- press_review.c ----------------------------------------------------------------------------------------------------------- */

/* Carries out what the button of a review page asks for. FALSE: what press_waits knows is tried again; whatever else it is ends the row, and the site's owner is told of a verified one by the alarm "review". */
gboolean press_review(Courier *courier, const Press *press, PressSight *sight, GError **error);

/* --- invite.c ----------------------------------------------------------------------------------------------------------------- */

/* The courier's invites, empty. */
GArray *invites_new(void);
/* Whose rows wait for invites_write. */
ReviewHouse invite_house(const Courier *courier);
/* The review link of a submission; NULL if there is nothing to decide or the ledger cannot be asked. The caller's. */
char *invite_link(const Courier *courier, const Site *site, const SubmissionSummary *summary, ReviewStage stage);
/* The lines of a notice's facts with its link, each ended by LF, or NULL. The caller's. */
char *invite_line(const Courier *courier, const Site *site, const OutboxItem *notice, const char *locale);
/* Writes the rows that are pending; what fails is logged and stays. To be called before the letters leave. */
void invites_write(Courier *courier);

/* --- held_note.c -------------------------------------------------------------------------------------------------------------- */

/* What a note tells. */
typedef struct {
	guint count;
	gint64 oldest_at_us;
	GPtrArray *newest;         /* SubmissionSummary *, at most LIMIT_HELD_NOTE_ROWS */
} HeldNote;
void held_note_clear(HeldNote *note);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HeldNote, held_note_clear)
/* Whether this item (MAIL_HELD) is sent now: then `note` says what it tells, it is charged, and must be sent or tried again. Otherwise, *goes FALSE, its deliveries are settled. STORE_ERROR of
 * the database; the ledger's failures make it wait and are logged here. */
gboolean held_note_decide(Courier *courier, const Site *site, const OutboxItem *item, HeldNote *note, gboolean *goes, GError **error);
/* The note as a letter without envelope recipients: our own text in the site's language, in which nothing is that a visitor typed. RELAY_ERROR_MESSAGE if the site's from or the
 * item's receipt cannot be used. */
Letter *held_note_letter(
    const Courier *courier, Site *site, const Form *form, const OutboxItem *item, const HeldNote *note, GError **error);

/* --- report_watch.c ------------------------------------------------------------------------------------------------------ */

/* Raises the alarm `report` of sites whose report should have gone; looks once an hour. */
void report_watch(Courier *courier);

/* --- alarm.c ------------------------------------------------------------------------------------------------------------------ */

Alarms *alarms_new(Courier *courier);
/* Ends what is being told. */
void alarms_free(Alarms *alarms);
/* Raises an alarm in the ledger, to be told soon. TRUE if none of this site and topic stood already. */
gboolean alarm_raise(Courier *courier, const char *site, const char *topic, const char *text);
/* The same with the text "alarm.TOPIC" in the site's language, for what mends itself: one that was told a day ago is told anew. */
void alarm_raise_daily(Courier *courier, const Site *site, const char *topic);
/* The same for a site that may be broken by now: then in English; or gone: then it is the gateway's alarm. FALSE, and it is logged, if it could not be raised. */
gboolean alarm_raise_for(Courier *courier, const char *site, const char *topic);
/* Does what can be done without waiting. */
void alarms_attend(Alarms *alarms);
#define ALARM_DESCRIPTORS (WORKER_DESCRIPTORS + 1)
/* What to poll for, and when alarms_attend is due at the latest (g_get_monotonic_time). */
void alarms_descriptors(const Alarms *alarms, struct pollfd descriptors[ALARM_DESCRIPTORS]);
gint64 alarms_deadline_us(const Alarms *alarms);
/* TRUE if nothing is being told at this moment. */
gboolean alarms_are_idle(const Alarms *alarms);

/* --- digest.c ---------------------------------------------------------------------------------------------------------------- */

/* An item and its letter. Both its own. */
typedef struct {
	OutboxItem *item;
	Letter *letter;
} Parcel;
Parcel *parcel_new(OutboxItem *item, Letter *letter);
void parcel_free(Parcel *parcel);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Parcel, parcel_free)

/* What one letter carries. */
typedef struct {
	Letter *letter;        /* a digest's own; NULL: that of the only parcel */
	GPtrArray *parcels;    /* Parcel *, oldest first */
	gint64 counted_hour;   /* the hour in which it was counted as a notice; 0: it was not */
	gint64 counted_quarter; /* the quarter in which it was counted as its form's digest beyond the ceiling; 0: it was not */
} Bundle;
void bundle_free(Bundle *bundle);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Bundle, bundle_free)

/* The courier's notice_counts, empty. */
GHashTable *digest_counts_new(void);
/* TRUE, and it is settled, if it is a notice that waits for a digest and there will be none before the next quarter of an hour: no letter need be made. */
gboolean digest_holds(Courier *courier, const OutboxItem *item);
/* Takes a parcel that may go. The bundle in which it goes by itself; or NULL: it now stands in `gathered` (Parcel *) with those that go together, or it is put
 * off beyond the ceiling. */
Bundle *digest_take(Courier *courier, Parcel *parcel, GPtrArray *gathered);
/* The bundles (Bundle *) of what was gathered, which is empty then; what may not go now is put off. */
GPtrArray *digest_bundle(Courier *courier, GPtrArray *gathered);
/* A counted bundle did not reach anybody. */
void digest_uncount(Courier *courier, const Bundle *bundle);

/* --- flight.c ---------------------------------------------------------------------------------------------------------------- */

/* Starts a session for the mails waiting at `desk`, if any of them can be sent. Adds it to courier->flights. */
void flight_start(Courier *courier, Desk *desk);
/* Lets it work. TRUE once it has ended and all its deliveries are settled; the caller removes and frees it then. */
gboolean flight_step(Courier *courier, Flight *flight);
const Worker *flight_worker(const Flight *flight);
void flight_kill(Flight *flight);
void flight_free(Flight *flight);
