/*
 * What courier and session say to each other, each as one frame (frame.h). The courier speaks first and once: the job. The session
 * answers with reports as things happen, and ends. Both are the same program, so the format needs no version.
 */
#pragma once

#include <glib.h>

/* name host port security transport login user secret token_command ca_file pins hello, connect deadline in ms, letters (each as letter_to_variant) */
#define SESSION_JOB_TYPE "(ssqiiissssssuav)"

/* SessionReportKind, delivery id, RelayError or -1 for success, sentence, reply code, server's words */
#define SESSION_REPORT_TYPE "(yxisus)"

/* Opened says nothing but that the first mail begins. */
typedef enum { SESSION_OUTCOME = 1, SESSION_ACCOUNT_FAILED = 2, SESSION_OPENED = 3 } SessionReportKind;

/* A report holds a sentence of ours and a server's words. */
#define SESSION_REPORT_BYTES 4096u

/* Where the session's program finds its end of the socket pair. */
#define SESSION_DESCRIPTOR 3
