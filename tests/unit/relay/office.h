/*
 * A whole small gateway without network for the courier's tests: configuration, keys, database, and submissions in it. Sessions are the
 * test program itself, which sends nothing.
 */
#pragma once

#include <glib.h>

#include "relay/courier_parts.h"

typedef struct {
	char *tree; /* conf/tree.h */
	char *data_directory;
	Config *config;
	Vault *vault;
	CourierSettings settings;
	Courier courier;
} Office;

typedef struct {
	const char *name;
	void (*run)(Office *office, gconstpointer unused);
} OfficeTest;
/* Runs `tests`, up to one without a name, each in an office of its own, as /MODULE/NAME. What main() returns. */
int office_run(int argc, char **argv, const char *module, const OfficeTest *tests);
void office_open(Office *office, gconstpointer unused);
void office_close(Office *office, gconstpointer unused);
/* Reads the configuration again, as a new courier would. */
void office_reload(Office *office);
/* Commits a submission to form 4 of example.jp with one mail promised to `address`. */
void office_submit(Office *office, const char *receipt, MailKind kind, const char *address);
/* A notice with an uploaded file. */
void office_submit_file(Office *office, const char *receipt, const char *address);
/* A notice of another site, promised to owner@example.jp. */
void office_submit_to(Office *office, const char *site, const char *receipt);
/* A submission whose your-email is `email`, with a mail of that kind promised to that address. */
void office_submit_from(Office *office, const char *receipt, MailKind kind, const char *email);
/* form.ini of the form: `reply` = confirm, proved or never, and `mails` follows, lines of further keys and groups. The body of mail_2 is "返信です。". Read at
 * once. */
void office_form(Office *office, const char *reply, const char *mails);
#define OFFICE_REPLY "[mail_2]\nactive = on\nrecipient = [your-email]\n"
/* site.conf with further lines. Read at once. */
void office_site(Office *office, const char *further);
/* One to form 4 of example.jp that the gate holds; the owner is to be told. */
void office_submit_held(Office *office, const char *receipt);
/* One to form 4 of `site` without mails, with what the gate found (Submission.evidence). */
void office_submit_judged(Office *office, const char *site, const char *receipt, SubmissionStatus status, const char *evidence);
/* One whose captcha could not be verified, with its notice. */
void office_submit_unchecked(Office *office, const char *receipt);
/* A person releases what is held, with one mail of that kind promised to that address. */
void office_release(Office *office, const char *receipt, MailKind kind, const char *address);
/* The front has recorded a press of this token. */
void office_press(Office *office, const char *site, const char *token);
/* The same of a button of a review page (store/review.h). */
void office_press_button(Office *office, const char *site, const char *token, const char *decision);
/* Time passes. */
void office_pass(gint64 time_us);
/* The address is proved for a day, as `sekisho address verify` does it. */
void office_prove(Office *office, const char *address);
/* All that is due is prepared and, where there is a letter, taken for sent (Letter *). The caller's. */
GPtrArray *office_send_due(Office *office);
/* There is one letter. Borrowed. */
const Letter *office_only_letter(const GPtrArray *letters);
void office_assert_only_to(const Letter *letter, const char *address);
/* All that is due (OutboxItem *), leased to the courier. */
GPtrArray *office_claim(Office *office);
/* "sent", "deferred relay.lost", "cancelled gone" of the deliveries of that submission in order, joined by ", ". The caller's. */
char *office_states(Office *office, const char *receipt);
void office_assert_states(Office *office, const char *receipt, const char *expected);
/* `count` notices, receipts AAAAAAAAA000 and on. */
void office_submit_many(Office *office, guint count);
/* Claims all that is due and takes it to its desk; any one desk, which is the only one where all have one account. */
Desk *office_take_all(Office *office);
