/*
 * An examination by `sekisho doctor`: what its parts share. Each part looks at one thing and says what it found; nothing is changed on the way, but for what the ledger
 * notes of senders and for a mail that --mail was asked to send.
 *
 * Text from outside: what a server or the DNS said goes into findings as it came; it is escaped when it is printed.
 */
#pragma once

#include "command.h"
#include "sekisho/relay/probe.h"

typedef enum {
	DOCTOR_FINE,
	DOCTOR_NOTE,  /* worth knowing; nothing is broken */
	DOCTOR_WRONG
} DoctorVerdict;
/* "fine", "note", "wrong"; static. */
const char *doctor_verdict_word(DoctorVerdict verdict);

typedef struct {
	char *site;          /* "" = the machine or an account that sites share */
	char *part;          /* heading under which it stands */
	DoctorVerdict verdict;
	const char *code;    /* "smtp.login_refused": a stable word for JSON and tests; static */
	char *what;
	char *advice;        /* what to do; lines that begin with a tab are to be copied; NULL */
} DoctorFinding;

typedef struct {
	char *site;          /* NULL: all */
	char *to;            /* of --mail; NULL: each site's admin_address */
	char *ca_file;
	char **resolve;
	char **pages;        /* paths on which the form stands; NULL: those of the site's posts */
	gboolean is_mail;
} DoctorOptions;

typedef struct {
	Command *command;
	const DoctorOptions *options;
	GPtrArray *sites;    /* char *: names of the sites looked at */
	const char *site;    /* where the examination is: of the next findings */
	char *part;
	GPtrArray *findings; /* DoctorFinding *, in order */
	gboolean is_clock_told; /* that the web server's is another one */
} Doctor;

/* The next findings stand under this heading, of this site ("" for none). */
void doctor_turn_to(Doctor *doctor, const char *site, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* One finding. `what` and `advice` (may be NULL) become the finding's. */
void doctor_find(Doctor *doctor, DoctorVerdict verdict, const char *code, char *what, char *advice);
/* What an ordinary user may not look at: a note without advice, because the examination's first line says to run it as root. `what` becomes the finding's. */
void doctor_skip(Doctor *doctor, const char *code, char *what);
/* Whether what went wrong, in the words of errno, did so because we are an ordinary user. */
gboolean doctor_lacks_right(const char *problem);
/* The same of a file that is to be read. */
gboolean doctor_lacks_right_to(const char *directory, const char *file);
/* How an address of the site is reached from here. */
ProbeRoute doctor_route(const Doctor *doctor);

/* doctor_machine.c: clock, disk, rights, keys, databases, the gateway's processes. */
void doctor_examine_machine(Doctor *doctor);
/* Compares our clock with the Date header of an answer; says something, once, only if they are apart. */
void doctor_compare_clock(Doctor *doctor, const char *date);
/* doctor_account.c: each account that the sites use, with the senders of each of them, and the one that alarms are mailed with. */
void doctor_examine_accounts(Doctor *doctor);
/* doctor_sender.c: the senders of `site` at an account whose probe stands. */
void doctor_examine_senders(Doctor *doctor, ProbeSmtp *probe, const Account *account, const Site *site);
/* doctor_site.c: forms, the sender's domain, fuse, mails that were given up. */
void doctor_examine_site(Doctor *doctor, Site *site);
/* doctor_web.c: what --page names, from the root of the host. The caller's. */
char *doctor_page_path(const char *page);
/* Who answers where the visitor's browser posts. */
void doctor_examine_web(Doctor *doctor, Site *site);
/* doctor_mail.c: sends a mail by each of the site's accounts and follows it. */
void doctor_send_mail(Doctor *doctor, Site *site);

/* doctor_causes.c: why mail from a form does not arrive. `state` is one of "here", "possible", "not seen", "not tried". */
typedef struct {
	const char *name;
	const char *state;
	char *because;       /* what speaks for it or against it; one sentence */
} DoctorCause;
void doctor_cause_free(DoctorCause *cause);
/* The six of them, in their order (DoctorCause *), judged by the findings. The caller's. */
GPtrArray *doctor_causes(const Doctor *doctor);

/* doctor_print.c */
void doctor_print(const Doctor *doctor, const GPtrArray *causes);
void doctor_print_json(const Doctor *doctor, const GPtrArray *causes);
