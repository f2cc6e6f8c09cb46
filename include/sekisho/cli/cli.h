/*
 * The program `sekisho`: what an operator asks and orders. Each verb is a row of the table in cli/cli.c and a file of its own.
 * Exit codes are those of sysexits.h: 0, 64 for a wrong command line, 78 for wrong configuration, else error_exit_code.
 *
 * Text from outside: whatever strangers typed passes text_for_terminal before it is printed, in tables and in sentences; JSON escapes it.
 */
#pragma once

#include <glib.h>
#include <stdio.h>

typedef struct {
	GString *output;    /* for standard output */
	GString *complaint; /* for standard error */
	gboolean is_colour; /* standard output is a terminal that likes colour */
	guint columns;      /* how wide the terminal of standard output is; 0: it is none */
	FILE *answers;      /* where a person types the answer to a question that `progress` shows: standard input if both are terminals; NULL: nobody is there */
	FILE *progress;     /* where a long command may draw how far it is, while it runs: standard error if it is a terminal; NULL: nowhere */
} CliConsole;

/* Runs one command: `arguments` begin with the program's name and end with NULL. Prints into `console`; returns the exit code. */
int cli_run(const char *const *arguments, CliConsole *console);
