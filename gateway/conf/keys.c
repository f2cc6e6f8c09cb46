/*
 * The table of keys, and looking things up in it. How the text of a value is read stands in values.c. Everything here is static
 * data and pure functions: any thread may call them.
 */
#include "sekisho/conf/keys.h"

#include <string.h>

#include "gate_rows.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"

#define ACCOUNTS (KEYS_MAIN | KEYS_SITE)
#define SECONDS_PER_DAY (24 * G_GINT64_CONSTANT(3600))
#define MESSAGE(name, when)                                                                                                      \
	{                                                                                                                        \
		.files = KEYS_FORM, .group = "messages", .key = (name), .type = KEY_LINES, .fallback = "", .help = (when)        \
	}

/* clang-format off */
static const KeyRow table[] = {
	{.files = KEYS_MAIN, .group = "gateway", .key = "listen", .type = KEY_LISTEN, .fallback = "/run/sekisho/sekisho.sock",
		.help = "FastCGI socket: a path, 127.0.0.1:PORT or [::1]:PORT; empty: only a socket handed over at the start"},
	{.files = KEYS_MAIN, .group = "gateway", .key = "socket_group", .type = KEY_NAME, .fallback = "www-data",
		.help = "Group that may connect to the socket: the web server's"},
	{.files = KEYS_MAIN, .group = "gateway", .key = "data_directory", .type = KEY_PATH, .fallback = "/var/lib/sekisho",
		.help = "Folder of the database"},
	{.files = KEYS_MAIN, .group = "gateway", .key = "courier_directory", .type = KEY_PATH, .fallback = "",
		.help = "Folder of the courier's own database, which strangers' process must not reach; empty: data_directory and \"-courier\""},
	{.files = KEYS_MAIN, .group = "gateway", .key = "key_directory", .type = KEY_PATH, .fallback = "/etc/sekisho/keys",
		.help = "Folder of the keys that seal and hash personal data; keep a copy, nothing opens without it"},
	{.files = KEYS_MAIN, .group = "gateway", .key = "sites_directory", .type = KEY_PATH, .fallback = "sites",
		.help = "Folder with one folder per site"},
	{.files = KEYS_MAIN, .group = "gateway", .key = "front_user", .type = KEY_NAME, .fallback = "sekisho-front",
		.help = "User of the process that strangers talk to"},
	{.files = KEYS_MAIN, .group = "gateway", .key = "courier_user", .type = KEY_NAME, .fallback = "sekisho-courier",
		.help = "User of the process that sends mail and may read passwords"},
	{.files = KEYS_MAIN, .group = "gateway", .key = "group", .type = KEY_NAME, .fallback = "sekisho",
		.help = "Group that both users share for the database"},
	{.files = KEYS_MAIN, .group = "gateway", .key = "workers", .type = KEY_INTEGER, .fallback = "4", .minimum = 1, .maximum = 64,
		.help = "Threads that handle requests"},
	{.files = KEYS_MAIN, .group = "gateway", .key = "alarm_command", .type = KEY_PATH, .fallback = "",
		.help = "Program that is run for an alarm, with its topic and site as arguments and its text as input; without it and alarm_address a site's admin_address is mailed"},
	{.files = KEYS_MAIN, .group = "gateway", .key = "alarm_address", .type = KEY_SENDER, .fallback = "",
		.help = "Mail address that is told of alarms, best one elsewhere; without it and alarm_command a site's admin_address is mailed"},
	{.files = KEYS_MAIN, .group = "gateway", .key = "alarm_account", .type = KEY_NAME, .fallback = "",
		.help = "The [account NAME] of this file that alarms are mailed with; empty: the account of the site concerned"},
	{.files = KEYS_MAIN, .group = "gateway", .key = "dns_servers", .type = KEY_SERVERS, .fallback = "",
		.help = "DNS servers to ask, IP or IP:PORT, separated by commas; empty: those of the system"},
	{.files = KEYS_MAIN, .group = "gateway", .key = "trusted_proxies", .type = KEY_NETWORKS, .fallback = "",
		.help = "Proxies in front of the web server, addresses and networks separated by spaces, whose proxy_header is believed; empty: none"},
	{.files = KEYS_MAIN, .group = "gateway", .key = "proxy_header", .type = KEY_NAME, .fallback = "X-Forwarded-For",
		.help = "Header in which trusted_proxies tell the visitor's address"},
	{.files = KEYS_MAIN, .group = "gateway", .key = "country_file", .type = KEY_PATH, .fallback = "",
		.help = "MaxMind database (.mmdb) of countries, for country entries of `sekisho list`; empty: none"},

	{.files = KEYS_SITE, .group = "site", .key = "title", .type = KEY_TEXT, .fallback = "",
		.help = "Name of the site, [_site_title]; empty: the folder's name"},
	{.files = KEYS_SITE, .group = "site", .key = "description", .type = KEY_TEXT, .fallback = "",
		.help = "Tagline of the site, [_site_description]"},
	{.files = KEYS_SITE, .group = "site", .key = "url", .type = KEY_URL, .is_required = TRUE,
		.help = "Address of the home page, [_site_url]"},
	{.files = KEYS_SITE, .group = "site", .key = "origins", .type = KEY_ORIGINS, .fallback = "",
		.help = "Other addresses whose pages use these forms, such as https://www.example.jp, separated by spaces"},
	{.files = KEYS_SITE, .group = "site", .key = "admin_address", .type = KEY_ADDRESS, .is_required = TRUE,
		.help = "The owner's mail address, [_site_admin_email]"},
	{.files = KEYS_SITE, .group = "site", .key = "own_domains", .type = KEY_DOMAINS, .fallback = "",
		.help = "Domains, separated by spaces, in which every address counts as proved and gets replies unasked, mailing lists and customers' mailboxes too; none: no such domain; empty: that of url"},
	{.files = KEYS_SITE, .group = "site", .key = "canary_address", .type = KEY_ADDRESS, .fallback = "",
		.help = "Where `sekisho canary` is mailed instead of the owner; empty: a canary is not mailed"},
	{.files = KEYS_SITE, .group = "site", .key = "locale", .type = KEY_LOCALE, .fallback = "en",
		.help = "Language of the site; a form may have its own"},
	{.files = KEYS_SITE, .group = "site", .key = "timezone", .type = KEY_TIMEZONE, .fallback = "UTC",
		.help = "Time zone of dates in mails"},
	{.files = KEYS_SITE, .group = "site", .key = "date_format", .type = KEY_TEXT, .fallback = "Y-m-d",
		.help = "Date in PHP's letters, [_date]"},
	{.files = KEYS_SITE, .group = "site", .key = "time_format", .type = KEY_TEXT, .fallback = "H:i",
		.help = "Time in PHP's letters, [_time]"},
	{.files = KEYS_SITE, .group = "site", .key = "list_separator", .type = KEY_TEXT, .fallback = "",
		.help = "Between several values in a mail's text (write \\s for a space at the end); empty: as in the form's language"},
	{.files = KEYS_SITE, .group = "mail", .key = "from", .type = KEY_MAILBOX, .is_required = TRUE,
		.help = "Our sender in every mail: an address that the account may send for"},
	{.files = KEYS_SITE, .group = "mail", .key = "bounce_address", .type = KEY_SENDER, .fallback = "",
		.help = "Envelope sender: where bounces go; empty: the address of from"},
	{.files = KEYS_SITE, .group = "mail", .key = "bounce_delimiter", .type = KEY_WORD, .fallback = "+", .words = "+ - = _ none",
		.help = "What your mail server has between a mailbox and a tag: replies come from bounce_address with a tag; none: without"},
	{.files = KEYS_SITE, .group = "mail", .key = "reply_sender", .type = KEY_WORD, .fallback = "bounce", .words = "bounce null",
		.help = "Envelope sender of replies: bounce (the tagged bounce_address), or null (<>, once `sekisho doctor` saw it accepted)"},
	{.files = KEYS_SITE, .group = "mail", .key = "dkim_selector", .type = KEY_HOST, .fallback = "",
		.help = "Name of the DKIM key that your mail server signs with, for `sekisho doctor`; empty: it looks for the usual ones"},
	{.files = KEYS_SITE, .group = "mail", .key = "account", .type = KEY_NAMES, .is_required = TRUE,
		.help = "The [account NAME] to send with, of this file or of sekisho.conf; several, separated by spaces: the next one while one fails"},
	{.files = KEYS_SITE, .group = "mail", .key = "attachments_directory", .type = KEY_PATH, .fallback = "",
		.help = "Folder of the files that mails of this site may attach; empty: only uploads are attached"},
	{.files = KEYS_SITE, .group = "notice", .key = "facts", .type = KEY_BOOLEAN, .fallback = "on",
		.help = "End notices with a short block of facts: client address, time, page, receipt"},
	{.files = KEYS_SITE, .group = "notice", .key = "per_hour", .type = KEY_INTEGER, .fallback = "60", .minimum = 1, .maximum = 1000000,
		.help = "Notices of the site in an hour; further ones are sent together, each quarter of an hour"},
	{.files = KEYS_SITE, .group = "report", .key = "send", .type = KEY_WORD, .fallback = "weekly", .words = "off daily weekly",
		.help = "How often `sekisho report --mail` mails the owner a report: of yesterday, of the last week (from Monday), or never"},
	{.files = KEYS_SITE, .group = "report", .key = "address", .type = KEY_ADDRESS, .fallback = "",
		.help = "Whom it is mailed to; empty: admin_address"},
	{.files = KEYS_SITE, .group = "reply", .key = "period", .type = KEY_DURATION, .fallback = "12h",
		.minimum = 3600, .maximum = 30 * SECONDS_PER_DAY, .help = "An address gets one reply and one confirmation within it; longer than wait, some writers are not asked"},
	{.files = KEYS_SITE, .group = "reply", .key = "wait", .type = KEY_DURATION, .fallback = "12h",
		.minimum = 3600, .maximum = 2 * SECONDS_PER_DAY, .help = "How long a reply waits for its address to be proved, or for anything else; then it is cancelled"},
	{.files = KEYS_SITE, .group = "reply", .key = "proof", .type = KEY_DURATION, .fallback = "180d",
		.minimum = SECONDS_PER_DAY, .maximum = 3650 * SECONDS_PER_DAY, .help = "How long an address stays proved"},
	{.files = KEYS_SITE, .group = "reply", .key = "per_domain", .type = KEY_INTEGER, .fallback = "50", .minimum = 1, .maximum = 100000,
		.help = "Automatic mails to one domain in 24 hours; further ones wait"},
	{.files = KEYS_SITE, .group = "reply", .key = "per_form", .type = KEY_INTEGER, .fallback = "20", .minimum = 1, .maximum = 100000,
		.help = "Automatic mails of one form in an hour; further ones wait"},
	{.files = KEYS_SITE, .group = "reply", .key = "fuse_hour", .type = KEY_INTEGER, .fallback = "25", .minimum = 1, .maximum = 100000,
		.help = "Automatic mails of the site in an hour; one more trips the fuse, and none leaves until `sekisho fuse reset`"},
	{.files = KEYS_SITE, .group = "reply", .key = "fuse_day", .type = KEY_INTEGER, .fallback = "100", .minimum = 1, .maximum = 1000000,
		.help = "The same for 24 hours"},
	{.files = KEYS_SITE, .group = "spam", .key = "disallowed_words_file", .type = KEY_PATH, .fallback = "",
		.help = "File with words that make a message spam, one a line (WordPress: disallowed comment keys)"},
	{.files = KEYS_SITE, .group = "wordpress", .key = "secret_key_file", .type = KEY_PATH, .fallback = "",
		.help = "Private file with SECRET_KEY, or the option secret_key, of the site's WordPress: quizzes of its own pages are taken"},
	{.files = KEYS_SITE, .group = "retention", .key = "submissions", .type = KEY_DURATION, .fallback = "90d",
		.minimum = 3600, .maximum = 3650 * SECONDS_PER_DAY, .help = "How long submissions are kept"},

	GATE_ROWS(GATE_ROW_OF_SITE)

	{.files = ACCOUNTS, .group = "account *", .key = "host", .type = KEY_SERVER, .is_required = TRUE,
		.help = "SMTP server; its certificate must carry this name"},
	{.files = ACCOUNTS, .group = "account *", .key = "port", .type = KEY_PORT, .fallback = "",
		.help = "Submission port of the server; empty: 465 with security = tls, else 587"},
	{.files = ACCOUNTS, .group = "account *", .key = "security", .type = KEY_WORD, .fallback = "starttls",
		.words = "starttls tls plain-loopback",
		.help = "starttls, tls (encrypted from the first byte), or plain-loopback for a server on this machine"},
	{.files = ACCOUNTS, .group = "account *", .key = "transport", .type = KEY_WORD, .fallback = "auto", .words = "auto curl esmtp",
		.help = "Which library speaks with the server: curl, esmtp (password and starttls alone), or auto"},
	{.files = ACCOUNTS, .group = "account *", .key = "user", .type = KEY_TEXT, .fallback = "",
		.help = "Name for AUTH; empty: no AUTH"},
	{.files = ACCOUNTS, .group = "account *", .key = "password_file", .type = KEY_PATH, .fallback = "",
		.help = "File with the password in its only line; owner root, group the courier's own, mode 0640"},
	{.files = ACCOUNTS, .group = "account *", .key = "login", .type = KEY_WORD, .fallback = "password", .words = "password xoauth2",
		.help = "password (PLAIN or LOGIN), or xoauth2 (a token of token_file or token_command)"},
	{.files = ACCOUNTS, .group = "account *", .key = "token_file", .type = KEY_PATH, .fallback = "",
		.help = "File with the token in its only line, renewed by a program of yours; owner root, group the courier's own, mode 0640"},
	{.files = ACCOUNTS, .group = "account *", .key = "token_command", .type = KEY_PATH, .fallback = "",
		.help = "Program that prints the token; run without arguments as the courier's user before each session"},
	{.files = ACCOUNTS, .group = "account *", .key = "connections", .type = KEY_INTEGER, .fallback = "2", .minimum = 1, .maximum = 8,
		.help = "Sessions with the server at once"},
	{.files = ACCOUNTS, .group = "account *", .key = "rate", .type = KEY_RATE, .fallback = "off",
		.help = "Mails that the account may send, such as 500/1d or 100/1h burst 20; further ones go by the next account, or wait"},
	{.files = ACCOUNTS, .group = "account *", .key = "pins", .type = KEY_PINS, .fallback = "",
		.help = "Public keys, one of which the server must have, as sha256//BASE64, separated by spaces; empty: any that is trusted"},
	{.files = ACCOUNTS, .group = "account *", .key = "ca_file", .type = KEY_PATH, .fallback = "",
		.help = "Certificates to trust instead of the system's"},
	{.files = ACCOUNTS, .group = "account *", .key = "hello", .type = KEY_HOST, .fallback = "",
		.help = "Name to say in EHLO; empty: the machine's"},

	{.files = KEYS_FORM, .group = "form", .key = "id", .type = KEY_INTEGER, .is_required = TRUE, .minimum = 1, .maximum = G_MAXINT64,
		.help = "Number of the form in the page's address and in _wpcf7"},
	{.files = KEYS_FORM, .group = "form", .key = "title", .type = KEY_TEXT, .fallback = "",
		.help = "Name of the form, [_contact_form_title]; empty: the folder's name"},
	{.files = KEYS_FORM, .group = "form", .key = "locale", .type = KEY_LOCALE, .fallback = "",
		.help = "Language of the form; empty: the site's"},
	{.files = KEYS_FORM, .group = "form", .key = "reply", .type = KEY_WORD, .fallback = "confirm", .words = "confirm proved never",
		.help = "Mail to addresses that were typed: to those that proved themselves (confirm: others are asked first), or never"},
	{.files = KEYS_FORM, .group = "mail", .key = "subject", .type = KEY_TEXT, .fallback = "[_site_title] \"[your-subject]\"",
		.help = "Subject of the notice to the owner"},
	{.files = KEYS_FORM, .group = "mail", .key = "sender", .type = KEY_TEXT, .fallback = "",
		.help = "From: of the notice; must be the site's own address; empty: the site's from"},
	{.files = KEYS_FORM, .group = "mail", .key = "recipient", .type = KEY_TEXT, .fallback = "[_site_admin_email]",
		.help = "To: of the notice; addresses separated by commas"},
	{.files = KEYS_FORM, .group = "mail", .key = "attachments", .type = KEY_LINES, .fallback = "",
		.help = "Files to attach, one a line (\\n): [NAME] of a file field, or a path below the attachments folder"},
	{.files = KEYS_FORM, .group = "mail", .key = "html", .type = KEY_BOOLEAN, .fallback = "off",
		.help = "mail.txt is HTML"},
	{.files = KEYS_FORM, .group = "mail", .key = "exclude_blank", .type = KEY_BOOLEAN, .fallback = "off",
		.help = "Leave out lines whose mail-tags are all empty"},
	{.files = KEYS_FORM, .group = "mail_2", .key = "active", .type = KEY_BOOLEAN, .fallback = "off",
		.help = "Whether the second mail, usually to the visitor, is made"},
	{.files = KEYS_FORM, .group = "mail_2", .key = "subject", .type = KEY_TEXT, .fallback = "[_site_title] \"[your-subject]\"",
		.help = "Subject of the second mail"},
	{.files = KEYS_FORM, .group = "mail_2", .key = "sender", .type = KEY_TEXT, .fallback = "",
		.help = "From: of the second mail; must be the site's own address; empty: the site's from"},
	{.files = KEYS_FORM, .group = "mail_2", .key = "recipient", .type = KEY_TEXT, .fallback = "[your-email]",
		.help = "To: of the second mail"},
	{.files = KEYS_FORM, .group = "mail_2", .key = "attachments", .type = KEY_LINES, .fallback = "",
		.help = "Files to attach, one a line (\\n): [NAME] of a file field, or a path below the attachments folder"},
	{.files = KEYS_FORM, .group = "mail_2", .key = "html", .type = KEY_BOOLEAN, .fallback = "off",
		.help = "mail_2.txt is HTML"},
	{.files = KEYS_FORM, .group = "mail_2", .key = "exclude_blank", .type = KEY_BOOLEAN, .fallback = "off",
		.help = "Leave out lines whose mail-tags are all empty"},

	/* Contract 7.3. Empty texts are shown as nothing; keys that are not given read the default in the form's language. */
	MESSAGE("mail_sent_ok", "The message was taken"),
	MESSAGE("mail_sent_ng", "The message could not be taken"),
	MESSAGE("held", "The message was taken, and a person will look at it first"),
	MESSAGE("validation_error", "One or more fields are wrong"),
	MESSAGE("spam", "The message was refused as spam"),
	MESSAGE("accept_terms", "An acceptance is missing"),
	MESSAGE("invalid_required", "A required field is empty"),
	MESSAGE("invalid_too_long", "A field has too many characters"),
	MESSAGE("invalid_too_short", "A field has too few characters"),
	MESSAGE("upload_failed", "A file could not be kept"),
	MESSAGE("upload_file_type_invalid", "A file is of a type that is not accepted"),
	MESSAGE("upload_file_too_large", "A file is too large"),
	MESSAGE("upload_failed_php_error", "A file did not arrive whole"),
	MESSAGE("invalid_date", "A date is not one"),
	MESSAGE("date_too_early", "A date is before the first allowed one"),
	MESSAGE("date_too_late", "A date is after the last allowed one"),
	MESSAGE("invalid_number", "A number is not one"),
	MESSAGE("number_too_small", "A number is below its minimum"),
	MESSAGE("number_too_large", "A number is above its maximum"),
	MESSAGE("quiz_answer_not_correct", "A quiz was answered wrongly"),
	MESSAGE("captcha_not_match", "The letters of a picture were not met"),
	MESSAGE("invalid_email", "A mail address is not one"),
	MESSAGE("invalid_url", "A web address is not one"),
	MESSAGE("invalid_tel", "A telephone number is not one"),

	{.files = KEYS_FORM, .group = "settings", .key = "*", .type = KEY_TEXT, .fallback = "",
		.help = "Additional settings of Contact Form 7: demo_mode, skip_mail, acceptance_as_validation, do_not_store ..."},

	GATE_ROWS(GATE_ROW_OF_FORM)

	{.files = KEYS_POSTS, .group = "post *", .key = "name", .type = KEY_TEXT, .fallback = "",
		.help = "The last part of its address, [_post_name]"},
	{.files = KEYS_POSTS, .group = "post *", .key = "title", .type = KEY_TEXT, .fallback = "", .help = "[_post_title]"},
	{.files = KEYS_POSTS, .group = "post *", .key = "url", .type = KEY_TEXT, .fallback = "", .help = "[_post_url]"},
	{.files = KEYS_POSTS, .group = "post *", .key = "author", .type = KEY_TEXT, .fallback = "", .help = "[_post_author]"},
	{.files = KEYS_POSTS, .group = "post *", .key = "author_address", .type = KEY_TEXT, .fallback = "",
		.help = "[_post_author_email]"},
};
/* clang-format on */

const KeyRow *
keys_table(gsize *count)
{
	*count = G_N_ELEMENTS(table);
	return table;
}

gboolean
keys_is_name(const char *text)
{
	gsize length = strspn(text, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "._-");
	return length > 0 && length <= LIMIT_DOMAIN_BYTES && text[length] == '\0' && text[0] != '.' && text[0] != '-' &&
	       text[length - 1] != '.' && strstr(text, "..") == NULL;
}

gboolean
keys_is_of_group(const KeyRow *row, const char *group)
{
	gsize length = strlen(row->group);
	if (row->group[length - 1] != '*')
		return strcmp(row->group, group) == 0;
	return strncmp(row->group, group, length - 1) == 0 && keys_is_name(group + length - 1);
}

static gboolean
is_key_match(const char *pattern, const char *key)
{
	if (strcmp(pattern, "*") != 0)
		return strcmp(pattern, key) == 0;
	/* A line of additional settings begins with letters, digits and "_" (contract 8.5). */
	return key[0] != '\0' && key[strspn(key, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_")] == '\0';
}

const KeyRow *
keys_find(KeysFile file, const char *group, const char *key)
{
	for (gsize i = 0; i < G_N_ELEMENTS(table); i++)
		if ((table[i].files & file) && keys_is_of_group(&table[i], group) && is_key_match(table[i].key, key))
			return &table[i];
	return NULL;
}

gboolean
keys_is_group(KeysFile file, const char *group)
{
	for (gsize i = 0; i < G_N_ELEMENTS(table); i++)
		if ((table[i].files & file) && keys_is_of_group(&table[i], group))
			return TRUE;
	return FALSE;
}

/* The nearest of `words`, or NULL if none is near enough to be a slip of the finger. */
static const char *
nearest_word(const GPtrArray *words, const char *word)
{
	const char *best = NULL;
	guint best_distance = 4;
	for (guint i = 0; i < words->len; i++) {
		const char *candidate = g_ptr_array_index(words, i);
		guint distance = text_distance(word, candidate);
		if (distance < best_distance && distance <= strlen(candidate) / 2) {
			best = candidate;
			best_distance = distance;
		}
	}
	return best;
}

static char *
join_words(const GPtrArray *words)
{
	GString *line = g_string_new(NULL);
	for (guint i = 0; i < words->len; i++)
		g_string_append_printf(line, "%s%s", i == 0 ? "" : ", ", (const char *)g_ptr_array_index(words, i));
	return g_string_free(line, FALSE);
}

char *
keys_suggest_group(KeysFile file, const char *group)
{
	g_autoptr(GPtrArray) groups = g_ptr_array_new_with_free_func(g_free);
	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		gboolean is_seen = i > 0 && (table[i - 1].files & file) && strcmp(table[i - 1].group, table[i].group) == 0;
		if ((table[i].files & file) && !is_seen) {
			gsize length = strlen(table[i].group);
			gboolean is_pattern = table[i].group[length - 1] == '*';
			g_ptr_array_add(groups,
			    is_pattern ? g_strdup_printf("%.*sNAME", (int)length - 1, table[i].group) : g_strdup(table[i].group));
		}
	}
	const char *nearest = nearest_word(groups, group);
	if (nearest != NULL && strstr(nearest, "NAME") == NULL)
		return g_strdup_printf("did you mean [%s]?", nearest);
	g_autofree char *known = join_words(groups);
	return g_strdup_printf("this file knows the groups %s", known);
}

char *
keys_suggest_key(KeysFile file, const char *group, const char *key)
{
	g_autoptr(GPtrArray) keys = g_ptr_array_new();
	for (gsize i = 0; i < G_N_ELEMENTS(table); i++)
		if ((table[i].files & file) && keys_is_of_group(&table[i], group))
			g_ptr_array_add(keys, (gpointer)table[i].key);
	if (keys->len == 1 && strcmp(g_ptr_array_index(keys, 0), "*") == 0)
		return g_strdup("write a name of letters, digits and \"_\"");
	const char *nearest = nearest_word(keys, key);
	if (nearest != NULL)
		return g_strdup_printf("did you mean \"%s\"?", nearest);
	g_autofree char *known = join_words(keys);
	return g_strdup_printf("[%s] knows %s", group, known);
}
