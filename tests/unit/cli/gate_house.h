/*
 * A gateway for the tests of the gate's verbs: configuration, keys, databases, and submissions as the front would keep them.
 */
#pragma once

#include <glib.h>
#include <stdio.h>

#include "sekisho/base/vault.h"
#include "sekisho/policy/finding.h"
#include "sekisho/store/submissions.h"

typedef struct {
	char *tree;
	char *config_path;
	char *data_directory;
	Vault *vault;
	char *output;     /* of the last command */
	char *complaint;
	FILE *answers;    /* what a person at that terminal types; NULL: nobody is there */
	FILE *progress;   /* of the next commands, as a terminal's; NULL: there is none */
} Gateway;

Gateway gateway_new(void);
void gateway_clear(Gateway *gateway);
/* Runs `sekisho --config ... WORDS`; "_" in a word stands for a space. Its exit code. */
int gateway_run(Gateway *gateway, const char *words);
/* The command ends so, and prints this. */
void gateway_assert(Gateway *gateway, const char *words, int code, const char *part);
void assert_contains(const char *text, const char *part);

/* The visitor's address. */
#define GATEWAY_IP "203.0.113.9"
/* What a gate might have found: `points` of links, and, if it is not PASS, `action` of a list. The caller's. */
char *gateway_evidence(FindingAction action, guint points);
/* One submission; `found` becomes its evidence. Its receipt, the caller's. */
char *gateway_keep(Gateway *gateway, SubmissionStatus status, const char *message, char *found);
