/*
 * An office (office.h) with two accounts, main and second, and sessions that are the test program itself: the environment variable FALLBACK_TRIAL says what those of main do; those of
 * second send, but where it begins with "both". Each letter that a session was given stands in the file that FALLBACK_LETTERS names, as a line with the account's name, the Message-ID and
 * the envelope sender.
 */
#pragma once

#include "office.h"

#define OWNER "owner@example.jp"

/* `trial` goes to FALLBACK_TRIAL; `main_lines` are further lines of [account main]. */
void fallback_set_up(Office *office, const char *trial, const char *main_lines);
/* The item's first. */
Delivery *fallback_delivery(OutboxItem *item);
/* One session of that desk, if there is anything to send. */
void fallback_fly(Office *office, Desk *desk);
/* As the courier's loop, until nothing is due at this moment. How many sessions it took. */
guint fallback_work(Office *office);
/* The lines of that account (char *) without its name, in the order in which sessions were given them. The caller's. */
GPtrArray *fallback_letters(Office *office, const char *account);
/* How many letters sessions of each account were given. */
void fallback_assert_letters(Office *office, guint by_main, guint by_second);
/* Accounts of the tries of that item, and how often it was tried: "main second 2". */
void fallback_assert_tries(Office *office, gint64 item_id, const char *expected);
/* The story of that item: "account_failed by main relay.auth, tried by second". */
void fallback_assert_story(Office *office, gint64 item_id, const char *expected);
Desk *fallback_main_desk(Office *office);
/* main() of a test program: it is also its own session. */
int fallback_main(int argc, char **argv, const char *name, const OfficeTest *tests);
