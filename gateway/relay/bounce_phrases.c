/*
 * The tables by which a bounce is understood: status codes, and phrases of mail systems, each with the source that says what it means or shows it in use. No state.
 *
 * A phrase is compared in the form of text_fold. The first row that fits decides, so what is more particular stands before what is more general: of a full mailbox some systems say that
 * the user is unknown, and then the reason.
 *
 * Sources:
 *   rfc5321     reply codes, 4.2.3
 *   rfc3463     status codes, 3.2 to 3.8; the registry of RFC 5248 for later ones
 *   qsbmf       qmail's format of bounces, D. J. Bernstein: cr.yp.to/proto/qsbmf.txt; shown with its phrases at www.emailquestions.com/threads/1076
 *   exim        mails of Exim's own tests: github.com/Exim/exim, test/mail/0224.CALLER; the warning of a delay: pastebin.com/dLJhjuBw
 *   exim-full   a bounce of Exim 4.69: pastebin.com/44P1faxw; of 4.87: pastebin.com/aPiqweXT
 *   postfix     bounces of Postfix: pastebin.com/a9VB5qVb, pastebin.com/zwD4gs6R, pastebin.com/QBFGRfBY
 *   exchange    reports of Exchange and Exchange Online: pastebin.com/2SNHTj4Y, /WcW417md, /4NLVeuUu, /e6yfDi5v
 *   google      Google, SMTP errors of Gmail: support.google.com/a/answer/3726730
 *   google-ja   reports of Gmail in Japanese: urashita.com/?p=36286
 *   docomo      SendMagic on docomo's replies: note.com/sendmagic/n/neb6bbe7e51cf
 *   au          SendMagic on au's replies: note.com/sendmagic/n/n875d8dcb6cb8
 *   softbank    SendMagic on SoftBank's replies: note.com/sendmagic/n/n5afbf98aeb25
 *   gmail       SendMagic on Gmail's replies: note.com/sendmagic/n/n3b7a8af68d63
 *   status-jp   Money Times, replies of mobile carriers with their status codes: moneytimes.jp/archives/185548/2
 *   ezweb       Sisimai's reader of au's reports: github.com/sisimai/rb-sisimai, lib/sisimai/lhost/ezweb.rb
 *   kddi        the same for KDDI's: lib/sisimai/lhost/kddi.rb
 *   dti         DTI, "Mail System Error - Returned Mail": dream.jp/support/techinfo/mail/error/error05.html
 *   yahoo       a report of Yahoo! JAPAN's: net-trouble.portal.jp.net/archives/11482
 *   yahoo-auth  PowerDMARC on Yahoo's replies: maildata.jp/blog/blog-2024-03-12.html
 *   ocn         replies and reports by provider, OCN's in Japanese: miniminiadmin.jugem.jp/?eid=344
 *   arena       NTTPC WebARENA on error mails: help.arena.ne.jp, article 360038694154
 *   catv        YOU communications on error mails: www.catv-yokohama.ne.jp/faq, article 11387
 *   catvfaq     cable operators' questions, docomo's reply in a report: catvfaq.net/archives/54
 *   chupi       Chupicom on error mails: www.pa-solution.net/as/scope3/chupicom, id 921
 *   hocoroco    Hocoroco on error mails: www.hocoroco.net/internet_lifeguide/errormail.html
 *   smooooth    smooooth on error mails: user-manual2.smooooth.jp/archives/3770
 *   shonan      Bunkyo University on replies to Gmail's users: open.shonan.bunkyo.ac.jp/sysroom/?p=7958
 *   sendmail    Sendmail's warning and report: museum-web2.sakuraha.jp, smtp_451; www.doplaza.jp/life/mail/001563.php
 *   haishin     "undeliverable" from an administrator, in Japanese: ameblo.jp/pctascal/entry-12011693484.html
 *   use         known from use of these systems; no page that shows it was looked up
 */
#include <string.h>

#include "bounce_parts.h"
#include "sekisho/base/text.h"
#include "sekisho/policy/carriers.h"

/* --- Causes ---------------------------------------------------------------------------------------------------------------- */

/* Of class 4 and 5 alike. A vague row is what systems give for want of better, so phrases go before it. */
static const struct {
	guint subject, detail;
	BounceCause cause;
	gboolean is_vague;
} statuses[] = {
    {1, 1, BOUNCE_ADDRESS, FALSE},  /* rfc3463: bad mailbox */
    {1, 2, BOUNCE_ADDRESS, FALSE},  /* rfc3463: bad host */
    {1, 3, BOUNCE_ADDRESS, FALSE},  /* rfc3463: bad syntax */
    {1, 6, BOUNCE_ADDRESS, FALSE},  /* rfc3463: moved, no forwarding */
    {1, 7, BOUNCE_REFUSED, FALSE},  /* rfc3463: our sender's syntax */
    {1, 8, BOUNCE_REFUSED, FALSE},  /* rfc3463: our sender's host */
    {1, 10, BOUNCE_ADDRESS, FALSE}, /* rfc3463: null MX; exchange: RecipientNotFound */
    {2, 1, BOUNCE_ADDRESS, FALSE},  /* rfc3463: mailbox disabled; gmail: closed by Google */
    {2, 2, BOUNCE_FULL, FALSE},     /* rfc3463 */
    {2, 3, BOUNCE_CONTENT, FALSE},  /* rfc3463: longer than this mailbox takes */
    {3, 4, BOUNCE_CONTENT, FALSE},  /* rfc3463: larger than the system takes */
    {4, 1, BOUNCE_SYSTEM, TRUE},    /* rfc3463: no answer from host */
    {4, 2, BOUNCE_SYSTEM, TRUE},    /* rfc3463: bad connection */
    {4, 3, BOUNCE_SYSTEM, TRUE},    /* rfc3463: directory server */
    {4, 4, BOUNCE_ADDRESS, TRUE},   /* rfc3463: unable to route; Postfix: the domain has no server */
    {4, 6, BOUNCE_SYSTEM, FALSE},   /* rfc3463: loop */
    {4, 7, BOUNCE_SYSTEM, TRUE},    /* rfc3463: too old; the phrase says of what */
    {7, 1, BOUNCE_REFUSED, TRUE},   /* rfc3463: not authorised; also said of spam and of closed mailboxes */
    {7, 23, BOUNCE_REFUSED, FALSE}, /* rfc3463 (7372): SPF */
    {7, 25, BOUNCE_REFUSED, FALSE}, /* rfc3463 (7372): no reverse name */
    {7, 26, BOUNCE_REFUSED, FALSE}, /* rfc3463 (7372), gmail: DMARC */
};

/* For what is in no row. */
static const struct {
	guint subject;
	BounceCause cause;
} subjects[] = {
    {1, BOUNCE_ADDRESS}, /* rfc3463: addressing */
    {3, BOUNCE_SYSTEM},  /* rfc3463: mail system */
    {4, BOUNCE_SYSTEM},  /* rfc3463: network, routing */
    {5, BOUNCE_SYSTEM},  /* rfc3463: protocol */
    {6, BOUNCE_CONTENT}, /* rfc3463: content */
    {7, BOUNCE_REFUSED}, /* rfc3463: policy */
};

static const struct {
	guint code;
	BounceCause cause;
} codes[] = {
    {421, BOUNCE_SYSTEM},  /* rfc5321: closing down */
    {451, BOUNCE_SYSTEM},  /* rfc5321: error in processing */
    {452, BOUNCE_FULL},    /* rfc5321: storage; google: over quota */
    {552, BOUNCE_FULL},    /* rfc5321: storage; docomo: full */
    {553, BOUNCE_ADDRESS}, /* rfc5321: name not allowed */
    {554, BOUNCE_REFUSED}, /* rfc5321: failed; what a server says that has no more to say */
};

/* Carriers answer for a mailbox that is not there and for one whose owner refuses us in the same words. Only the status tells: 5.1.1 (above) means the first, and without it we believe the second,
 * because it may end. */
static const struct {
	const char *phrase;
	BounceCause cause;
	const char *carrier; /* NULL: anybody's */
} causes[] = {
    {"too much mail data", BOUNCE_FULL, "docomo"},                        /* docomo */
    {"unknown user", BOUNCE_REFUSED, "docomo"},                           /* docomo, status-jp, catvfaq */
    {"the user(s) account is temporarily over quota", BOUNCE_FULL, NULL}, /* ezweb */
    {"the user(s) account is temporarily limited", BOUNCE_ADDRESS, NULL}, /* ezweb: suspended */
    {"the user(s) account is disabled", BOUNCE_ADDRESS, NULL},            /* ezweb: suspended */
    {"user unknown", BOUNCE_REFUSED, "au"},                               /* au, ezweb */
    {"user unknown", BOUNCE_REFUSED, "uq"},                               /* use: taken to be as au, whose company it is */
    {"as their mailbox is full", BOUNCE_FULL, NULL},                      /* kddi */
    {"as the remote domain doesnt exist", BOUNCE_ADDRESS, NULL},          /* kddi */
    {"due to the following smtp relay error", BOUNCE_REFUSED, NULL},      /* kddi */
    {"invalid recipient", BOUNCE_ADDRESS, "softbank"},                    /* softbank: refusals are silent there */
    {"invalid recipient", BOUNCE_ADDRESS, "ymobile"},                     /* use: taken to be as softbank, whose company it is */
    {"mailbox is full", BOUNCE_FULL, NULL},                               /* exchange, exim-full, catv */
    {"mail box is full", BOUNCE_FULL, NULL},                              /* hocoroco */
    {"mailbox full", BOUNCE_FULL, NULL},                                  /* exchange */
    {"over quota", BOUNCE_FULL, NULL},                                    /* google, chupi */
    {"quotaexceeded", BOUNCE_FULL, NULL},                                 /* exchange */
    {"受信トレイがいっぱい", BOUNCE_FULL, NULL},                          /* google-ja */
    {"受信トレイの空き容量不足", BOUNCE_FULL, NULL},                      /* google-ja */
    {"message size exceeds", BOUNCE_CONTENT, NULL},                       /* status-jp, catv, shonan */
    {"exceeds size limit", BOUNCE_CONTENT, NULL},                         /* status-jp */
    {"message is too large", BOUNCE_CONTENT, NULL},                       /* catv, hocoroco */
    {"message is too long", BOUNCE_CONTENT, NULL},                        /* smooooth */
    {"line too long", BOUNCE_CONTENT, NULL},                              /* docomo */
    {"unsolicited mail", BOUNCE_CONTENT, NULL},                           /* google */
    {"email account that you tried to reach does not exist", BOUNCE_ADDRESS, NULL}, /* gmail, shonan */
    {"email account that you tried to reach is disabled", BOUNCE_ADDRESS, NULL},    /* gmail */
    {"recipientnotfound", BOUNCE_ADDRESS, NULL},                                    /* exchange */
    {"recipnotfound", BOUNCE_ADDRESS, NULL},                                        /* exchange */
    {"address you entered couldn't be found", BOUNCE_ADDRESS, NULL},                /* exchange */
    {"was not found in the recipient's e-mail system", BOUNCE_ADDRESS, NULL},       /* exchange */
    {"no mailbox here by that name", BOUNCE_ADDRESS, NULL},                         /* qsbmf, hocoroco */
    {"couldn't find any host by that name", BOUNCE_ADDRESS, NULL},                  /* qsbmf */
    {"couldn't find any host named", BOUNCE_ADDRESS, NULL},                         /* use: qmail */
    {"host or domain name not found", BOUNCE_ADDRESS, NULL},                        /* use: Postfix */
    {"domain name not found", BOUNCE_ADDRESS, NULL},                                /* shonan: Gmail's DNS error */
    {"host unknown", BOUNCE_ADDRESS, NULL},                                         /* catv, shonan, sendmail */
    {"host name is unknown", BOUNCE_ADDRESS, NULL},                                 /* hocoroco */
    {"host not found", BOUNCE_ADDRESS, NULL},                                       /* catv */
    {"unknown user", BOUNCE_ADDRESS, NULL},                                         /* shonan, status-jp */
    {"user unknown", BOUNCE_ADDRESS, NULL},                                         /* arena, postfix, sendmail */
    {"user name is unknown", BOUNCE_ADDRESS, NULL},                                 /* hocoroco */
    {"mailbox unavailable", BOUNCE_ADDRESS, NULL},                                  /* rfc5321, status-jp */
    {"のユーザーは登録されていません", BOUNCE_ADDRESS, NULL},                       /* dti */
    {"メール アカウントは存在しません", BOUNCE_ADDRESS, NULL},      /* google: support.google.com/mail/answer/6596 */
    {"sender is unauthenticated", BOUNCE_REFUSED, NULL},            /* yahoo-auth */
    {"unauthenticated email", BOUNCE_REFUSED, NULL},                /* gmail */
    {"relay access denied", BOUNCE_REFUSED, NULL},                  /* au, yahoo */
    {"client host rejected", BOUNCE_REFUSED, NULL},                 /* arena */
    {"service unavailable", BOUNCE_REFUSED, NULL},                  /* arena: said with a blocklist's name */
    {"does not exist", BOUNCE_REFUSED, "softbank"},                 /* softbank: our sender's domain */
    {"recipient rejected", BOUNCE_ADDRESS, NULL},                   /* catv */
    {"invalid recipient", BOUNCE_REFUSED, NULL},                    /* chupi */
    {"message expired for domain", BOUNCE_SYSTEM, NULL},            /* yahoo */
    {"your message was not delivered within", BOUNCE_SYSTEM, NULL}, /* ezweb */
    {"remote host is not responding", BOUNCE_SYSTEM, NULL},         /* ezweb */
    {"retry timeout exceeded", BOUNCE_SYSTEM, NULL},                /* exim-full */
    {"retry time not reached", BOUNCE_SYSTEM, NULL},                /* exim-full */
};

const char *
bounce_cause_name(BounceCause cause)
{
	static const char *const names[] = {[BOUNCE_UNKNOWN] = "bounce.unknown",
	    [BOUNCE_ADDRESS] = "bounce.address",
	    [BOUNCE_FULL] = "bounce.full",
	    [BOUNCE_REFUSED] = "bounce.refused",
	    [BOUNCE_CONTENT] = "bounce.content",
	    [BOUNCE_SYSTEM] = "bounce.system"};

	g_assert((gsize)cause < G_N_ELEMENTS(names));
	return names[cause];
}

BounceCause
bounce_phrases_find(const char *folded, const char *carrier)
{
	for (gsize i = 0; i < G_N_ELEMENTS(causes); i++) {
		gboolean is_ours = causes[i].carrier == NULL || g_strcmp0(causes[i].carrier, carrier) == 0;
		if (is_ours && strstr(folded, causes[i].phrase) != NULL)
			return causes[i].cause;
	}
	return BOUNCE_UNKNOWN;
}

static BounceCause
status_cause(const ReplyStatus *status, gboolean *is_vague)
{
	*is_vague = TRUE;
	for (gsize i = 0; i < G_N_ELEMENTS(statuses); i++) {
		if (statuses[i].subject != status->subject || statuses[i].detail != status->detail)
			continue;
		*is_vague = statuses[i].is_vague;
		return statuses[i].cause;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(subjects); i++)
		if (subjects[i].subject == status->subject)
			return subjects[i].cause;
	return BOUNCE_UNKNOWN;
}

static BounceCause
code_cause(guint code)
{
	for (gsize i = 0; i < G_N_ELEMENTS(codes); i++)
		if (codes[i].code == code)
			return codes[i].cause;
	return BOUNCE_UNKNOWN;
}

BounceCause
bounce_phrases_cause(const Bounce *bounce, const char *first, const char *then)
{
	const Carrier *carrier = bounce->recipient == NULL ? NULL : carrier_of(bounce->recipient);
	const char *carrier_id = carrier == NULL ? NULL : carrier->id;
	gboolean is_vague = TRUE;
	BounceCause by_status = status_cause(&bounce->status, &is_vague);

	if (!is_vague)
		return by_status;
	/* status-jp: what a carrier's customer has refused. */
	if (carrier != NULL && bounce->status.class == 5 && bounce->status.subject == 2 && bounce->status.detail == 0)
		return BOUNCE_REFUSED;
	BounceCause cause = bounce_phrases_find(first, carrier_id);
	if (cause == BOUNCE_UNKNOWN)
		cause = bounce_phrases_find(then, carrier_id);
	if (cause == BOUNCE_UNKNOWN)
		cause = by_status;
	return cause == BOUNCE_UNKNOWN ? code_cause(bounce->reply_code) : cause;
}

/* --- What has become of the mail --------------------------------------------------------------------------------------------- */

static const struct {
	const char *phrase;
	BounceAction action;
} actions[] = {
    {"has not yet been delivered", BOUNCE_DELAYED},             /* exim */
    {"could not send message for past", BOUNCE_DELAYED},        /* sendmail, hocoroco */
    {"this is a warning message only", BOUNCE_DELAYED},         /* use: Sendmail */
    {"delivery status notification (delay)", BOUNCE_DELAYED},   /* use: Gmail */
    {"delivery delayed", BOUNCE_DELAYED},                       /* use: Postfix */
    {"配信未完了", BOUNCE_DELAYED},                             /* google-ja */
    {"配信中に一時的な問題", BOUNCE_DELAYED},                   /* google-ja */
    {"this is a permanent error", BOUNCE_FAILED},               /* exim, qsbmf */
    {"mail delivery failed", BOUNCE_FAILED},                    /* exim */
    {"failure notice", BOUNCE_FAILED},                          /* qsbmf, yahoo */
    {"unable to deliver your message", BOUNCE_FAILED},          /* yahoo */
    {"wasn't able to deliver your message", BOUNCE_FAILED},     /* qsbmf */
    {"could not be delivered to", BOUNCE_FAILED},               /* postfix, kddi */
    {"could not be delivered to one or more", BOUNCE_FAILED},   /* postfix, ocn */
    {"delivery has failed to these recipients", BOUNCE_FAILED}, /* exchange */
    {"undeliverable", BOUNCE_FAILED},                           /* exchange, dti */
    {"mail system error - returned mail", BOUNCE_FAILED},       /* dti, ezweb */
    {"returned mail", BOUNCE_FAILED},                           /* sendmail, chupi */
    {"had permanent fatal errors", BOUNCE_FAILED},              /* sendmail */
    {"recipients was rejected by a remote", BOUNCE_FAILED},     /* ezweb, dti */
    {"did not receive this message", BOUNCE_FAILED},            /* ezweb */
    {"delivery status notification (failure)", BOUNCE_FAILED},  /* use: Gmail */
    {"配信不能", BOUNCE_FAILED},                                /* haishin */
    {"対して配信できませんでした", BOUNCE_FAILED},              /* ocn */
    {"配信できませんでした", BOUNCE_FAILED},                    /* google-ja */
    {"届けることが出来ませんでした", BOUNCE_FAILED},            /* dti */
};

BounceAction
bounce_phrases_action(const char *folded)
{
	for (gsize i = 0; i < G_N_ELEMENTS(actions); i++)
		if (strstr(folded, actions[i].phrase) != NULL)
			return actions[i].action;
	return BOUNCE_NONE;
}

gboolean
bounce_phrases_is_returned(const char *line)
{
	static const char *const beginnings[] = {
	    "--- below this line is a copy of the message",       /* qsbmf */
	    "------ this is a copy of",                           /* exim */
	    "original message headers:",                          /* exchange */
	    "----- original message follows",                     /* use: Sendmail */
	    "----- unsent message follows",                       /* use: Sendmail */
	    "----- message header follows",                       /* use: Sendmail */
	    "--------------------------------------------------", /* ezweb */
	    "content-type: message/rfc822",                       /* ezweb, kddi; broken MIME */
	    "content-type: text/rfc822-headers",                  /* broken MIME */
	};
	g_autofree char *folded = text_fold(line);

	for (gsize i = 0; i < G_N_ELEMENTS(beginnings); i++)
		if (g_str_has_prefix(folded, beginnings[i]))
			return TRUE;
	return FALSE;
}

gboolean
bounce_phrases_is_system(const char *folded)
{
	static const struct {
		const char *name, *domain; /* both must stand there */
	} senders[] = {
	    {"mailer-daemon", ""},           /* exim, postfix, sendmail, qsbmf */
	    {"mailer daemon", ""},           /* catv */
	    {"mail delivery system", ""},    /* exim, postfix */
	    {"mail delivery subsystem", ""}, /* sendmail, google */
	    {"mail administrator", ""},      /* dti */
	    {"microsoftexchange", ""},       /* use: the sender of Exchange's reports */
	    {"postmaster@", ""},             /* RFC 5321 4.5.1; exchange, ezweb, dti */
	    {"no-reply@", "auone-net.jp"},   /* kddi */
	    {"no-reply@", "dion.ne.jp"},     /* kddi */
	};

	for (gsize i = 0; i < G_N_ELEMENTS(senders); i++)
		if (strstr(folded, senders[i].name) != NULL && strstr(folded, senders[i].domain) != NULL)
			return TRUE;
	return FALSE;
}
