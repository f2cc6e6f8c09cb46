/*
 * An office (office.h) with a ceiling for notices and a clock that stands where the test wants it. The session is the test program itself: it writes down each letter that
 * it is given, in the order of their coming, and answers as the environment variable DIGEST_TRIAL says: "sends", "ends" (without a word), "account" (fails), "defers" or
 * "refuses"; the last two may be followed by one address, and "account" by the name of one.
 */
#pragma once

#include "office.h"

#define OWNER "owner@example.jp"
#define PARTNER "partner@example.jp"

/* The site's ceiling, and what stands in form.ini behind [form]. The clock stands a minute past a full hour. */
void digest_set_up(Office *office, guint ceiling, const char *form);
void digest_tear_down(Office *office, gconstpointer unused);
/* So many minutes after that hour. */
void digest_set_minutes(gint64 minutes);
/* One session of that desk, if there is anything to send. */
void digest_fly(Office *office, Desk *desk);
/* As the courier's loop: claims and flies until nothing is due at this moment. */
void digest_work(Office *office);
void digest_trial(const char *trial);

/* How many letters sessions were given; a letter by its number, from 0, as Message-ID, subject, recipients and text on lines of their own, or NULL; all of them.
 * The caller's. */
guint digest_count_mails(void);
char *digest_mail_text(guint number);
char *digest_all_mails(void);
char *digest_message_id(guint number);
/* Of receipt AAAAAAAAA000 + number. */
void digest_assert_state(Office *office, guint number, const char *expected);

/* main() of a test program: it is also its own session. */
typedef struct {
	const char *name;
	void (*run)(Office *, gconstpointer);
} DigestTest;
int digest_main(int argc, char **argv, const DigestTest *tests, gsize count);
