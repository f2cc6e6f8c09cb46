/*
 * An office (office.h) with submissions, the tokens of their review links, and what became of pressed buttons: for the tests of decisions.
 */
#pragma once

#include "office.h"

#define OWNER "owner@example.jp"
#define VISITOR "taro@visitor.test"
#define RECEIPT "AAAAAAAAAAAA"
#define OTHER "BBBBBBBBBBBB"

void assert_status(Office *office, const char *receipt, SubmissionStatus status);
SubmissionSummary *summary_of(Office *office, const char *receipt);
/* As a mail carries it; its row is there. The caller's. */
char *token_of(Office *office, const char *receipt, ReviewStage stage);
/* The same of a new one that is held. */
char *held_token(Office *office, const char *receipt);
/* How many wait for the courier. */
guint presses_count(Office *office);
/* The front has recorded the button, and the courier has acted on it, whatever that was. */
void press(Office *office, const char *token, const char *decision);
/* Actions that were written down, oldest first, with who and what: "link held.release AAAAAAAAAAAA", joined by ", ". */
void assert_audit(Office *office, const char *expected);
void assert_no_alarm(Office *office);
/* One stands, and says this. */
void assert_alarm(Office *office, const char *words);
/* "block example.jp taro@visitor.test" of what stands on the lists, joined by ", ". */
void assert_lists(Office *office, const char *expected);
/* What a front may do that was taken over. */
void write_rows(Office *office, const char *sql);
/* What is written down and told so far. */
void forget(Office *office);
/* What the courier logs while it acts on what was pressed. The caller's. */
char *log_of_presses(Office *office);
