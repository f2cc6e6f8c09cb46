/*
 * Bounces as mail systems write them: what is read out of each, with LF and CRLF, whole and broken; and what is no bounce. The samples are ours, in the forms that the sources in
 * relay/bounce_phrases.c show.
 */
#include <string.h>

#include "sekisho/base/limits.h"
#include "sekisho/relay/bounce.h"

#define US "bounce+ABCDEFGHJKMN2-0123456789abcdef@shop.example"
#define DAEMON "From: Mail Delivery System <MAILER-DAEMON@mx.example>\nTo: <" US ">\n"
#define REPORT(SUBJECT) DAEMON "Subject: " SUBJECT "\nAuto-Submitted: auto-replied\nMIME-Version: 1.0\n" REPORT_TYPE
#define REPORT_TYPE "Content-Type: multipart/report; report-type=delivery-status; boundary=\"b1\"\n\n"
#define RETURNED "--b1\nContent-Type: message/rfc822\n\nFrom: Shop <shop@shop.example>\nTo: victim@other.example\nSubject: user unknown\n\nmailbox is full\n--b1--\n"
#define FIELDS(FIELDS_TEXT) "--b1\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n" FIELDS_TEXT "\n"
#define PLAIN(SENDER, SUBJECT) "From: " SENDER "\nTo: " US "\nSubject: " SUBJECT "\n\n"

typedef struct {
	const char *name;
	const char *message;
	BounceAction action;
	BounceCause cause;
	guint code;
	guint status[3];
	const char *recipient; /* NULL: none */
	const char *words;     /* a part of them */
} Sample;

static const Sample samples[] = {
    {"rfc3464",
	REPORT("Undelivered Mail Returned to Sender") "--b1\nContent-Type: text/plain\n\nSorry.\n\n"
	FIELDS("Original-Recipient: rfc822;taro@example.jp\nFinal-Recipient: rfc822; hidden@inner.example\nAction: failed\nStatus: 5.1.1\n"
	       "Diagnostic-Code: smtp; 550 5.1.1 <hidden@inner.example>:\n    Recipient address rejected: User unknown\n") RETURNED,
	BOUNCE_FAILED, BOUNCE_ADDRESS, 550, {5, 1, 1}, "taro@example.jp", "Recipient address rejected: User unknown"},
    {"first of several that failed",
	REPORT("x") FIELDS("Final-Recipient: rfc822; a@example.jp\nAction: delayed\nStatus: 4.4.1\n\n"
			   "Final-Recipient: rfc822; b@example.jp\nAction: delivered\nStatus: 2.0.0\n\n"
			   "Final-Recipient: rfc822; c@example.jp\nAction: failed\nStatus: 5.2.2\n\n"
			   "Final-Recipient: rfc822; d@example.jp\nAction: failed\nStatus: 5.1.1\n") RETURNED,
	BOUNCE_FAILED, BOUNCE_FULL, 0, {5, 2, 2}, "c@example.jp", ""},
    {"delayed",
	REPORT("Delayed Mail (still being retried)") FIELDS(
	    "Final-Recipient: rfc822; taro@example.jp\nAction: delayed\nStatus: 4.4.1\nDiagnostic-Code: X-Postfix; connect to mx.example.jp[192.0.2.1]:25: Connection timed out\n") RETURNED,
	BOUNCE_DELAYED, BOUNCE_SYSTEM, 0, {4, 4, 1}, "taro@example.jp", "Connection timed out"},
    {"postfix, no such domain",
	REPORT("Undelivered Mail Returned to Sender") "--b1\nContent-Type: text/plain\n\n<taro@nowhere.example>: Host or domain name not found. Name service error for\n    name=nowhere.example type=AAAA: Host not found\n\n"
	FIELDS("Final-Recipient: rfc822; taro@nowhere.example\nAction: failed\nStatus: 5.4.4\nDiagnostic-Code: X-Postfix; Host or domain name not found. Name service error\n    for name=nowhere.example\n") RETURNED,
	BOUNCE_FAILED, BOUNCE_ADDRESS, 0, {5, 4, 4}, "taro@nowhere.example", "Name service error for name=nowhere.example"},
    {"exim with a report",
	"From: Mail Delivery System <Mailer-Daemon@mx.example>\nTo: " US "\nX-Failed-Recipients: taro@example.jp\nAuto-Submitted: auto-replied\n"
	"Subject: Mail delivery failed: returning message to sender\nMIME-Version: 1.0\n" REPORT_TYPE
	"--b1\nContent-type: text/plain; charset=us-ascii\n\nA message could not be delivered to one or more of its\nrecipients. This is a permanent error.\n\n  taro@example.jp\n    host mx.example.jp [192.0.2.1]\n    SMTP error from remote mail server after RCPT TO:<taro@example.jp>:\n    550 5.2.2 mailbox full\n\n"
	FIELDS("Action: failed\nFinal-Recipient: rfc822;taro@example.jp\nStatus: 5.0.0\nRemote-MTA: dns; mx.example.jp\nDiagnostic-Code: smtp; 550 5.2.2 mailbox full\n") RETURNED,
	BOUNCE_FAILED, BOUNCE_FULL, 550, {5, 2, 2}, "taro@example.jp", "mailbox full"},
    {"exim of old",
	"From: Mail Delivery System <Mailer-Daemon@mx.example>\nTo: " US "\nX-Failed-Recipients: taro@example.jp\nAuto-Submitted: auto-replied\nSubject: Mail delivery failed: returning message to sender\n\n"
	"This message was created automatically by mail delivery software.\n\nThis is a permanent error. The following address(es) failed:\n\n  taro@example.jp\n    mailbox is full: retry timeout exceeded\n\n------ This is a copy of the message, including all the headers. ------\n\nTo: victim@other.example\n\n550 5.1.1 user unknown\n",
	BOUNCE_FAILED, BOUNCE_FULL, 0, {0}, "taro@example.jp", "mailbox is full"},
    {"exim, still trying",
	"From: Mail Delivery System <Mailer-Daemon@mx.example>\nTo: " US "\nAuto-Submitted: auto-replied\nSubject: Warning: message 1abc delayed 24 hours\n\nA message that you sent has not yet been delivered to one or more of its\nrecipients after more than 24 hours.\n\n  taro@example.jp\n",
	BOUNCE_DELAYED, BOUNCE_UNKNOWN, 0, {0}, "taro@example.jp", ""},
    {"qmail",
	PLAIN("MAILER-DAEMON@mx.example", "failure notice") "Hi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n"
	"<taro@example.jp>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\nReturn-Path: <x@shop.example>\nTo: victim@other.example\n\nover quota\n",
	BOUNCE_FAILED, BOUNCE_ADDRESS, 0, {5, 1, 1}, "taro@example.jp", "no mailbox here by that name"},
    {"qmail, remote",
	PLAIN("MAILER-DAEMON@mx.example", "failure notice") "Hi. This is the qmail-send program at mx.example.\n\n<taro@example.jp>:\n192.0.2.1 does not like recipient.\nRemote host said: 552 over quota\nGiving up on 192.0.2.1.\n\n--- Below this line is a copy of the message.\n",
	BOUNCE_FAILED, BOUNCE_FULL, 552, {0}, "taro@example.jp", "552 over quota"},
    {"exchange",
	"From: <postmaster@corp.example>\nTo: <" US ">\nSubject: Undeliverable: Thank you\nMIME-Version: 1.0\n" REPORT_TYPE
	"--b1\nContent-Type: multipart/alternative; boundary=\"b2\"\n\n--b2\nContent-Type: text/plain; charset=\"us-ascii\"\nContent-Transfer-Encoding: quoted-printable\n\nDelivery has failed to these recipients or groups:\ntaro@corp.example\nThe email address you entered couldn't be fo=\nund.\n\nRemote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup'\n\nOriginal message headers:\nTo: victim@other.example\n--b2--\n"
	FIELDS("Final-Recipient: rfc822;taro@corp.example\nAction: failed\nStatus: 5.1.10\nDiagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found\n") RETURNED,
	BOUNCE_FAILED, BOUNCE_ADDRESS, 550, {5, 1, 10}, "taro@corp.example", "RecipientNotFound"},
    {"exchange, html and no report part",
	"From: <postmaster@corp.example>\nTo: <" US ">\nSubject: Undeliverable: Thank you\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n<p>Delivery has failed to these recipients or groups:</p>\n\n<p>taro@corp.example</p>\n\n<p>#550 5.7.1 RESOLVER.RST.NotAuthorized; not authorized ##</p>\n",
	BOUNCE_FAILED, BOUNCE_REFUSED, 550, {5, 7, 1}, "taro@corp.example", "NotAuthorized"},
    {"sendmail",
	PLAIN("Mail Delivery Subsystem <MAILER-DAEMON>", "Returned mail: see transcript for details") "The original message was received\n\n   ----- The following addresses had permanent fatal errors -----\n<taro@example.jp>\n    (reason: 550 5.1.1 <taro@example.jp>... User unknown)\n\n   ----- Original message follows -----\n\nmailbox full\n",
	BOUNCE_FAILED, BOUNCE_ADDRESS, 550, {5, 1, 1}, "taro@example.jp", "User unknown"},
    {"sendmail, still trying",
	PLAIN("Mail Delivery Subsystem <MAILER-DAEMON>", "Warning: could not send message for past 4 hours") "    **********************************************\n    **      THIS IS A WARNING MESSAGE ONLY      **\n\n   ----- Transcript of session follows -----\n<taro@example.jp>... Deferred: Connection timed out\n",
	BOUNCE_DELAYED, BOUNCE_UNKNOWN, 0, {0}, "taro@example.jp", ""},
    {"gmail, delay in Japanese",
	DAEMON "Subject: Delivery Status Notification (Delay)\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n配信未完了\ntaro@example.jp へのメールの配信中に一時的な問題が発生しました。\n\n応答:\n452 4.2.2 The email account that you tried to reach is over quota.\n",
	BOUNCE_DELAYED, BOUNCE_FULL, 452, {4, 2, 2}, "taro@example.jp", "over quota"},
    {"docomo, refused or unknown",
	PLAIN("Mail Administrator<postmaster@docomo.ne.jp>", "Mail System Error - Returned Mail") "This Message was undeliverable due to the following reason:\n\n>>> 550 Unknown user taro@docomo.ne.jp\n",
	BOUNCE_FAILED, BOUNCE_REFUSED, 550, {0}, "taro@docomo.ne.jp", "550 Unknown user"},
    {"docomo, refused by its owner",
	REPORT("x") FIELDS("Final-Recipient: rfc822; taro@docomo.ne.jp\nAction: failed\nStatus: 5.2.0\nDiagnostic-Code: smtp; 550 Unknown user taro@docomo.ne.jp\n"),
	BOUNCE_FAILED, BOUNCE_REFUSED, 550, {5, 2, 0}, "taro@docomo.ne.jp", "Unknown user"},
    {"docomo, no such mailbox",
	REPORT("x") FIELDS("Final-Recipient: rfc822; taro@docomo.ne.jp\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 Unknown user taro@docomo.ne.jp\n"),
	BOUNCE_FAILED, BOUNCE_ADDRESS, 550, {5, 1, 1}, "taro@docomo.ne.jp", "Unknown user"},
    {"docomo, full",
	REPORT("x") FIELDS("Final-Recipient: rfc822; taro@docomo.ne.jp\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 552 Too much mail data taro@docomo.ne.jp\n"),
	BOUNCE_FAILED, BOUNCE_FULL, 552, {5, 0, 0}, "taro@docomo.ne.jp", "Too much mail data"},
    {"au, suspended",
	PLAIN("<Postmaster@ezweb.ne.jp>", "Mail System Error - Returned Mail") "The user(s) account is disabled.\n\n<taro@ezweb.ne.jp>: 550 user unknown (in reply to RCPT TO command)\n\n--------------------------------------------------\nTo: victim@other.example\n\nover quota\n",
	BOUNCE_FAILED, BOUNCE_ADDRESS, 550, {0}, "taro@ezweb.ne.jp", "550 user unknown"},
    {"au, over quota",
	PLAIN("<Postmaster@ezweb.ne.jp>", "Mail System Error - Returned Mail") "The user(s) account is temporarily over quota.\n\n<taro@ezweb.ne.jp>: 550 user unknown (in reply to RCPT TO command)\n",
	BOUNCE_FAILED, BOUNCE_FULL, 550, {0}, "taro@ezweb.ne.jp", "550 user unknown"},
    {"au, transcript",
	PLAIN("<Postmaster@au.com>", "Mail System Error - Returned Mail") "Each of the following recipients was rejected by a remote\nmail server.\n\n   Recipient: <taro@au.com>\n   >>> RCPT TO:<taro@au.com>\n   <<< 550 <taro@au.com>: User unknown\n",
	BOUNCE_FAILED, BOUNCE_REFUSED, 550, {0}, "taro@au.com", "User unknown"},
    {"au, full",
	PLAIN("no-reply@app.dion.ne.jp", "Undelivered") "Your mail sent on: Thu, 29 Apr 2027 11:04:47 +0900\n    Could not be delivered to: <taro@ezweb.ne.jp>\n    As their mailbox is full.\n",
	BOUNCE_FAILED, BOUNCE_FULL, 0, {0}, "taro@ezweb.ne.jp", "As their mailbox is full"},
    {"softbank",
	PLAIN("MAILER-DAEMON@softbank.ne.jp", "Returned mail") "<taro@i.softbank.jp>: host said:\n 550 Invalid recipient: <taro@i.softbank.jp>\n",
	BOUNCE_FAILED, BOUNCE_ADDRESS, 550, {0}, "taro@i.softbank.jp", "Invalid recipient"},
    {"ymobile",
	REPORT("x") FIELDS("Final-Recipient: rfc822; taro@ymobile.ne.jp\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 Invalid recipient: <taro@ymobile.ne.jp>\n"),
	BOUNCE_FAILED, BOUNCE_ADDRESS, 550, {5, 0, 0}, "taro@ymobile.ne.jp", "Invalid recipient"},
    {"Japanese in ISO-2022-JP",
	DAEMON "Subject: Returned mail\nMIME-Version: 1.0\nContent-Type: text/plain; charset=ISO-2022-JP\nContent-Transfer-Encoding: 7bit\n\n"
	"taro@example.jp \033$B$N%f!<%6!<$OEPO?$5$l$F$$$^$;$s\033(B\n",
	BOUNCE_FAILED, BOUNCE_ADDRESS, 0, {0}, "taro@example.jp", "のユーザーは登録されていません"},
    {"boundary that is not there",
	DAEMON "Subject: Undelivered Mail Returned to Sender\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"lost\"\n\n"
	"--b1\nContent-Type: text/plain\n\nIt failed.\n\n" FIELDS("Final-Recipient: rfc822; taro@example.jp\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\n") RETURNED,
	BOUNCE_FAILED, BOUNCE_ADDRESS, 550, {5, 1, 1}, "taro@example.jp", "User unknown"},
    {"no boundary at all",
	DAEMON "Subject: x\nContent-Type: multipart/report; report-type=delivery-status\n\nFinal-Recipient: rfc822; taro@example.jp\nAction: failed\nStatus: 5.1.1\n",
	BOUNCE_FAILED, BOUNCE_ADDRESS, 0, {5, 1, 1}, "taro@example.jp", ""},
    {"text without reason", PLAIN("MAILER-DAEMON@mx.example", "Undeliverable: hello") "taro@example.jp\n", BOUNCE_FAILED, BOUNCE_UNKNOWN, 0, {0},
	"taro@example.jp", ""},
};

/* None of these is a bounce. */
static const struct {
	const char *name, *message;
} harmless[] = {
    {"vacation", "From: Taro <taro@example.jp>\nReturn-Path: <>\nTo: " US "\nSubject: Re: Thank you\nAuto-Submitted: auto-replied\n\nI am away. Your mail could not be delivered to me. 550 5.1.1 user unknown\n"},
    {"answer", "From: taro@example.jp\nTo: " US "\nSubject: Undeliverable: what does it mean?\n\n> 550 5.1.1 <x@example.jp>: User unknown\n"},
    {"delivered", REPORT("Successful Mail Delivery Report") FIELDS("Final-Recipient: rfc822; taro@example.jp\nAction: delivered\nStatus: 2.0.0\n") RETURNED},
    {"relayed", REPORT("Successful") "--b1\nContent-Type: text/plain\n\nrelayed; user unknown\n\n" FIELDS("Final-Recipient: rfc822; taro@example.jp\nAction: relayed\nStatus: 2.0.0\n")},
    {"read", DAEMON "Subject: Read: x\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b1\n\n--b1\nContent-Type: text/plain\n\nmailbox is full\n--b1--\n"},
    {"abuse report", DAEMON "Subject: x\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=feedback-report; boundary=b1\n\n--b1\nContent-Type: text/plain\n\n550 5.7.1 spam\n--b1--\n"},
    {"postmaster who writes", "From: postmaster@example.jp\nTo: " US "\nSubject: Question\n\nHello, we have 500 customers.\n"},
    {"nothing", ""},
    {"only a line", "\n"},
};

static char *
with_crlf(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	return g_strjoinv("\r\n", lines);
}

static Bounce *
read_text(const char *text)
{
	g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));

	return bounce_read(bytes);
}

static void
assert_sample(const Sample *sample, const char *message)
{
	g_autoptr(Bounce) bounce = read_text(message);

	g_test_message("%s: %d %s %u %u.%u.%u <%s> \"%s\"", sample->name, (int)bounce->action, bounce_cause_name(bounce->cause),
	    bounce->reply_code, bounce->status.class, bounce->status.subject, bounce->status.detail,
	    bounce->recipient == NULL ? "" : bounce->recipient, bounce->words);
	g_assert_cmpint((int)bounce->action, ==, (int)sample->action);
	g_assert_cmpstr(bounce_cause_name(bounce->cause), ==, bounce_cause_name(sample->cause));
	g_assert_cmpuint(bounce->reply_code, ==, sample->code);
	g_assert_cmpuint(bounce->status.class, ==, sample->status[0]);
	g_assert_cmpuint(bounce->status.subject, ==, sample->status[1]);
	g_assert_cmpuint(bounce->status.detail, ==, sample->status[2]);
	g_assert_cmpstr(bounce->recipient, ==, sample->recipient);
	g_assert_nonnull(strstr(bounce->words, sample->words));
	g_assert_cmpuint(bounce->envelope->len, ==, 1);
	g_assert_cmpstr(bounce->envelope->pdata[0], ==, US);
}

static void
test_samples(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(samples); i++) {
		g_autofree char *crlf = with_crlf(samples[i].message);
		assert_sample(&samples[i], samples[i].message);
		assert_sample(&samples[i], crlf);
	}
}

static void
test_harmless(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(harmless); i++) {
		g_autofree char *crlf = with_crlf(harmless[i].message);
		g_autoptr(Bounce) bounce = read_text(harmless[i].message);
		g_autoptr(Bounce) same = read_text(crlf);
		g_test_message("%s", harmless[i].name);
		g_assert_cmpint((int)bounce->action, ==, BOUNCE_NONE);
		g_assert_cmpint((int)same->action, ==, BOUNCE_NONE);
	}
}

/* Each end at which a sample may be cut. The mail that is given back must never be taken for the report. */
static void
test_cut(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(samples); i++) {
		gsize size = strlen(samples[i].message);
		for (gsize end = 0; end < size; end += 7) {
			g_autoptr(GBytes) bytes = g_bytes_new(samples[i].message, end);
			g_autoptr(Bounce) bounce = bounce_read(bytes);
			g_assert_cmpstr(bounce->recipient, !=, "victim@other.example");
			g_assert_true(g_utf8_validate(bounce->words, -1, NULL));
			g_assert_cmpuint(strlen(bounce->words), <=, LIMIT_SERVER_TEXT_BYTES);
		}
	}
}

/* Words are one clean line; what is long is cut, and what is behind the limit is not read. */
static void
test_words(void)
{
	g_autofree char *much = g_strnfill(2000, 'x');
	g_autofree char *text = g_strdup_printf(PLAIN("MAILER-DAEMON", "Undeliverable") "<taro@example.jp>: 550 5.1.1 \033[31mred\xff %s\n", much);
	g_autoptr(Bounce) bounce = read_text(text);

	g_assert_cmpuint(strlen(bounce->words), <=, LIMIT_SERVER_TEXT_BYTES);
	g_assert_true(g_utf8_validate(bounce->words, -1, NULL));
	g_assert_null(strchr(bounce->words, '\033'));
	g_assert_true(g_str_has_prefix(bounce->words, "550 5.1.1"));
	g_autofree char *filler = g_strnfill(LIMIT_BOUNCE_READ_BYTES, 'y');
	g_autofree char *late = g_strconcat(REPORT("x") "--b1\n\n", filler, "\n", FIELDS("Final-Recipient: rfc822; a@example.jp\nAction: failed\nStatus: 5.1.1\n"), NULL);
	g_autoptr(Bounce) none = read_text(late);
	g_assert_cmpint((int)none->action, ==, BOUNCE_NONE);
}

static void
test_envelope(void)
{
	g_autoptr(Bounce) bounce = read_text("Delivered-To: first@shop.example\nX-Original-To: " US "\nEnvelope-to: third@shop.example\n"
					     "From: MAILER-DAEMON\nTo: \"A, B\" <fourth@shop.example>\n\nx\n");

	g_assert_cmpuint(bounce->envelope->len, ==, 4);
	g_assert_cmpstr(bounce->envelope->pdata[0], ==, "first@shop.example");
	g_assert_cmpstr(bounce->envelope->pdata[1], ==, US);
	g_assert_cmpstr(bounce->envelope->pdata[3], ==, "fourth@shop.example");
}

/* Parts in parts, and many: neither stack nor time is a stranger's. */
static void
test_deep(void)
{
	g_autoptr(GString) text = g_string_new(DAEMON "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b0\n\n");

	for (guint i = 0; i < 5000; i++)
		g_string_append_printf(text, "--b%u\nContent-Type: multipart/mixed; boundary=b%u\n\n", i, i + 1);
	g_autoptr(Bounce) bounce = read_text(text->str);
	g_assert_cmpint((int)bounce->action, ==, BOUNCE_NONE);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/relay/bounce/samples", test_samples);
	g_test_add_func("/relay/bounce/harmless", test_harmless);
	g_test_add_func("/relay/bounce/cut", test_cut);
	g_test_add_func("/relay/bounce/words", test_words);
	g_test_add_func("/relay/bounce/envelope", test_envelope);
	g_test_add_func("/relay/bounce/deep", test_deep);
	return g_test_run();
}
