/*
 * One line per thing that happened: `role: event key=value key=value`. To standard error; started by systemd (JOURNAL_STREAM
 * names standard error) each line begins with its `<N>` priority. Events are a closed table, so an operator can search for them and a test
 * can demand that no unexpected one of warning or above was written.
 *
 * Values are sanitised here by text_for_terminal: CR, LF, other controls, bidi controls and invalid UTF-8 become escapes \xNN or
 * \u{XXXX}; before that `\` and `"` become `\\` and `\"`. A value that is empty or has a space, quote or `=` is quoted; one longer
 * than LIMIT_LOG_VALUE_BYTES is cut and ends in "…". Callers never pass names, addresses,
 * texts or IPs of visitors, nor secrets. Thread-safe: one write(2) a line.
 */
#pragma once

#include <glib.h>

typedef enum {
	LOG_STARTED,            /* info: a role is ready */
	LOG_STOPPED,            /* info */
	LOG_RELOADED,           /* info */
	LOG_RELOAD_REFUSED,     /* error: the new configuration is wrong; the old one stays */
	LOG_ROLE_ENDED,         /* error: a role's process ended unasked and is started again */
	LOG_KEYS_CREATED,       /* notice */
	LOG_WALL_OFF,           /* warning: front and courier share one user */
	LOG_SUBMISSION,         /* info: one per submission: receipt, site, form, status */
	LOG_REFUSED,            /* info: a request that is not a submission we can take: route, status, reason */
	LOG_PRESSED,            /* info: the button of a link (confirmation, review) was pressed and is kept for the courier: site */
	LOG_OVERLOAD,           /* warning: a connection was closed because a ceiling was reached */
	LOG_PEER_FAILED,        /* notice: the web server broke off or stalled inside a request */
	LOG_SITE_UNUSABLE,      /* error: a site's or form's files are wrong, so its visitors are turned away */
	LOG_STORE_FAILED,       /* error: a commit failed, its submissions were answered as not sent */
	LOG_DELIVERY,           /* info: one per recipient and attempt: item, delivery, outcome, code */
	LOG_DELIVERY_DEAD,      /* alert: given up; the mail waits for a person */
	LOG_ACCOUNT_FAILED,     /* alert: the operator's account does not work: AUTH, TLS, name */
	LOG_MAIL_UNUSABLE,      /* alert: form, account or template is missing or wrong at sending time; deferred */
	LOG_ATTACHMENT_MISSING, /* warning: a mail goes out without a file that its template names: item, receipt, site, form, reason */
	LOG_SESSION_ENDED,      /* warning: a session process crashed, hung or was killed */
	LOG_PURGED,             /* info: rows removed by retention */
	LOG_CONFIRMATION,       /* info: an address is asked whether its reply may come: receipt, site, form */
	LOG_PRESS,              /* info: the button of a confirmation, or (decision) of a review page was pressed: site, receipt, decision, outcome accepted, again or refused, reason */
	LOG_FUSE_TRIPPED,       /* alert: a site's automatic mail reached its ceiling and stopped */
	LOG_ALARM_TOLD,         /* notice: the operator was told: channel command or mail, topic, site */
	LOG_ALARM_FAILED,       /* error: could not be told by this channel now; it is tried again. Without channel: there is nobody to tell */
	LOG_CHECK_FAILED,       /* error: a check of the gate could not be made: site, check, code, reason */
	LOG_CHECK_RESTS,        /* warning: a check of a site would be wrong about most visitors and rests: site, check, reason */
	LOG_CLEARED,            /* info: what was held because a captcha's service was silent was released by its late answer: site, receipt */
	LOG_NOT_KEPT,           /* warning: refused submissions of a site are only counted, and why; once an hour: site, reason */
	LOG_ONE_ADDRESS,        /* warning: all submissions since the start seem to come from one address: what to configure */
	LOG_INTERNAL            /* error: something that should not happen; the sentence says what */
} LogEvent;

/* Pairs of key and value end with NULL: log_event(LOG_STARTED, "role", "front", NULL). A NULL value omits its key. */
void log_event(LogEvent event, ...) G_GNUC_NULL_TERMINATED;
/* The same with an error: adds error=NAME and reason="MESSAGE". */
void log_error(LogEvent event, const GError *error, ...) G_GNUC_NULL_TERMINATED;
/* The event's name in the log, for example "delivery_dead"; static. */
const char *log_event_name(LogEvent event);
/* Who writes: "front", "courier"; stands first in each line. `role` must stay valid. */
void log_set_role(const char *role);
