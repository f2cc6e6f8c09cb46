/*
 * The rows of the gate's settings, for the table of keys alone (keys.c). Each stands twice: in site.conf with its default, and in form.ini with none, because a form's value, where one
 * is given, replaces the site's (gatefile.c).
 *
 * Limits are wide, because behind one address of a carrier there are thousands of people, and all telephones of one make look alike: they stop a program, not a busy day.
 */
#pragma once

#include "sekisho/conf/keys.h"

#define GATE_SECONDS_PER_DAY (24 * G_GINT64_CONSTANT(3600))
#define GATE_MODES .words = "off dry-run on"
#define GATE_SENSITIVITIES .words = "low normal high"
#define GATE_SERVICES .words = "none recaptcha-v3 recaptcha-v2 turnstile hcaptcha altcha"

/* clang-format off */
#define GATE_CHECK(ROW, key, what) ROW("check", key, KEY_WORD, "on", "off, dry-run (says what it would do) or on: " what, GATE_MODES)
#define GATE_LIMIT(ROW, key, rate, what) ROW("limit", key, KEY_RATE, rate, "At most so many submissions " what "; off: no limit", .words = NULL)

#define GATE_ROWS(ROW) \
	GATE_CHECK(ROW, "duplicates", "the same form, values and files again get the earlier answer and no second mail") \
	GATE_CHECK(ROW, "lists", "entries of `sekisho list`") \
	GATE_CHECK(ROW, "rate", "the limits of [limit]") \
	GATE_CHECK(ROW, "trap", "pages that nobody opened, or forms sent too quickly") \
	GATE_CHECK(ROW, "honeypot", "fields that people do not see, see honeypot_fields") \
	GATE_CHECK(ROW, "shape", "another script than the site's, random letters, foreign markup, a message that is only an address") \
	GATE_CHECK(ROW, "links", "too many links, or such as hide where they lead") \
	GATE_CHECK(ROW, "sender", "the mail address: its domain, throw-away mail, slips of the finger") \
	GATE_CHECK(ROW, "captcha", "the service of [captcha]") \
	ROW("check", "sensitivity", KEY_WORD, "normal", "low, normal or high: a submission is held at 8, 5 or 3 points", GATE_SENSITIVITIES) \
	ROW("check", "repeated_within", KEY_DURATION, "10min", "How long the same submission counts as sent twice", .minimum = 1, .maximum = GATE_SECONDS_PER_DAY) \
	ROW("check", "honeypot_fields", KEY_TEXT, "", "Names of fields that people do not see, separated by spaces; one that is filled is held", .words = NULL) \
	GATE_LIMIT(ROW, "ip", "30/10min burst 15", "from one address (IPv6: /64)") \
	GATE_LIMIT(ROW, "network", "60/10min burst 30", "from one network (IPv4 /24, IPv6 /56)") \
	GATE_LIMIT(ROW, "network_wide", "120/10min burst 60", "from one IPv6 /48") \
	GATE_LIMIT(ROW, "fingerprint", "120/10min burst 60", "from browsers that look alike") \
	GATE_LIMIT(ROW, "sender", "10/1h burst 5", "with one mail address") \
	GATE_LIMIT(ROW, "form", "3600/1h burst 600", "to one form") \
	GATE_LIMIT(ROW, "site", "7200/1h burst 1200", "to the site") \
	GATE_LIMIT(ROW, "unchecked", "20/1h burst 10", "that go out unchecked while the captcha is set up wrongly; further ones are held") \
	ROW("limit", "uploads", KEY_RATE, "200/1d", "At most so many MiB of files from one network (IPv4 /24, IPv6 /48); off: no limit", .words = NULL) \
	ROW("captcha", "service", KEY_WORD, "none", "Which captcha: a service, or altcha, which needs none", GATE_SERVICES) \
	ROW("captcha", "site_key", KEY_TEXT, "", "The service's public key, as the page has it", .words = NULL) \
	ROW("captcha", "secret_file", KEY_PATH, "", "File with the service's secret in its only line; owner root, group the front's own, mode 0640", .words = NULL) \
	ROW("captcha", "hostnames", KEY_DOMAINS, "", "Hosts whose tokens are taken, separated by spaces; none: any; empty: those of url and origins", .words = NULL) \
	ROW("captcha", "action", KEY_TEXT, "", "Action that a token must carry; none: any; empty: contactform with recaptcha-v3, any with others", .words = NULL) \
	ROW("captcha", "minimum_score", KEY_HUNDREDTHS, "0.5", "recaptcha-v3: the score must be above it", .words = NULL) \
	ROW("captcha", "maximum_age", KEY_DURATION, "5min", "How old a service's token may be when it is verified", .minimum = 30, .maximum = 3600) \
	ROW("captcha", "endpoint", KEY_URL, "", "Address that verifies instead of the service's own, such as https://www.recaptcha.net/recaptcha/api/siteverify", .words = NULL) \
	ROW("captcha", "ca_file", KEY_PATH, "", "Certificates to trust there instead of the system's", .words = NULL) \
	ROW("captcha", "altcha_cost", KEY_INTEGER, "50", "altcha: how much the visitor's browser computes; 50 are about a second", .minimum = 1, .maximum = 10000) \
	ROW("trap", "minimum_age", KEY_DURATION, "3s", "A form sent sooner after its page was loaded is too quick for a person", .minimum = 0, .maximum = 600) \
	ROW("links", "maximum", KEY_INTEGER, "5", "More links than these are too many", .minimum = 0, .maximum = 1000) \
	ROW("links", "brands", KEY_TEXT, "", "Names that only a link to their owner may carry, separated by spaces, beside those that come with Sekisho", .words = NULL) \
	ROW("links", "shorteners_file", KEY_PATH, "", "File with domains of link shorteners, one a line, instead of those that come with Sekisho", .words = NULL) \
	ROW("sender", "disposable_file", KEY_PATH, "", "File with domains of throw-away mail, one a line, instead of those that come with Sekisho", .words = NULL) \
	ROW("rejected", "keep", KEY_DURATION, "14d", "How long refused submissions are kept", .minimum = 3600, .maximum = 365 * GATE_SECONDS_PER_DAY) \
	ROW("rejected", "per_network", KEY_INTEGER, "20", "So many refused submissions of one network are kept in a day; further ones are only counted", .minimum = 1, .maximum = 100000) \
	ROW("rejected", "bytes", KEY_INTEGER, "20971520", "Bytes that refused submissions of the site may take", .minimum = 0, .maximum = G_GINT64_CONSTANT(1) << 40)

#define GATE_ROW_OF_SITE(name, its_key, its_type, its_fallback, text, ...) \
	{.files = KEYS_SITE, .group = name, .key = its_key, .type = its_type, .fallback = its_fallback, .help = text, __VA_ARGS__},
#define GATE_ROW_OF_FORM(name, its_key, its_type, its_fallback, text, ...) \
	{.files = KEYS_FORM, .group = name, .key = its_key, .type = its_type, .fallback = "", .help = text "; not given: the site's", __VA_ARGS__},
/* clang-format on */
