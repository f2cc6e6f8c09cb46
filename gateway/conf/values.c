/*
 * How the text of a value is read, type by type: one small reader each, and one table that names them and says what would be
 * right. Pure functions. No reader quotes a value that could be a secret: no secret is a value (passwords stand in files of their own).
 */
#include "sekisho/conf/keys.h"

#include <string.h>

#include "sekisho/base/network.h"
#include "sekisho/base/text.h"
#include "sekisho/policy/rate.h"
#include "sekisho/wire/address.h"

typedef gboolean (*ValueReader)(const KeyRow *row, const char *text, gint64 *number);

static gboolean
read_text(const KeyRow *row, const char *text, gint64 *number)
{
	(void)number;
	for (const char *at = text; *at != '\0'; at++)
		if (g_ascii_iscntrl(*at) && !(row->type == KEY_LINES && (*at == '\n' || *at == '\t')))
			return FALSE;
	return TRUE;
}

static gboolean
read_name(const KeyRow *row, const char *text, gint64 *number)
{
	(void)row, (void)number;
	return keys_is_name(text);
}

static gboolean
read_names(const KeyRow *row, const char *text, gint64 *number)
{
	(void)row, (void)number;
	g_auto(GStrv) names = g_strsplit(text, " ", -1);
	gboolean is_any = FALSE;
	for (char **name = names; *name != NULL; name++) {
		if (**name != '\0' && !keys_is_name(*name))
			return FALSE;
		is_any = is_any || **name != '\0';
	}
	return is_any;
}

/* The form in which curl takes them; a hash of SHA-256 has 32 bytes. */
static gboolean
read_pins(const KeyRow *row, const char *text, gint64 *number)
{
	(void)row, (void)number;
	g_auto(GStrv) pins = g_strsplit(text, " ", -1);
	for (char **pin = pins; *pin != NULL; pin++) {
		const char *base64 = g_str_has_prefix(*pin, "sha256//") ? *pin + strlen("sha256//") : NULL;
		gsize size = 0;
		g_autofree guchar *bytes = base64 != NULL && *base64 != '\0' ? g_base64_decode(base64, &size) : NULL;
		g_autofree char *again = size == 32 ? g_base64_encode(bytes, size) : NULL;
		/* Encoded again, because the decoder takes what is no base64, too. */
		if (**pin != '\0' && (again == NULL || strcmp(again, base64) != 0))
			return FALSE;
	}
	return TRUE;
}

/* Digits only, so that no sign, space or 0x gets through. */
static gboolean
read_digits(const char *text, gint64 minimum, gint64 maximum, gint64 *number)
{
	guint64 value = 0;
	if (!g_ascii_isdigit(text[0]) || !g_ascii_string_to_unsigned(text, 10, (guint64)minimum, (guint64)maximum, &value, NULL))
		return FALSE;
	*number = (gint64)value;
	return TRUE;
}

static gboolean
read_integer(const KeyRow *row, const char *text, gint64 *number)
{
	return read_digits(text, row->minimum, row->maximum, number);
}

static gboolean
read_port(const KeyRow *row, const char *text, gint64 *number)
{
	(void)row;
	return read_digits(text, 1, 65535, number);
}

static gboolean
read_listen(const KeyRow *row, const char *text, gint64 *number)
{
	gint64 port = 0;
	if (strchr(text, '/') != NULL)
		return read_text(row, text, number);
	if (g_str_has_prefix(text, "127.0.0.1:"))
		return read_digits(text + strlen("127.0.0.1:"), 1, 65535, &port);
	return g_str_has_prefix(text, "[::1]:") && read_digits(text + strlen("[::1]:"), 1, 65535, &port);
}

static gboolean
read_host(const KeyRow *row, const char *text, gint64 *number)
{
	(void)row, (void)number;
	/* An underscore is allowed by keys_is_name, but in no host name (RFC 1123 section 2.1). */
	return keys_is_name(text) && strchr(text, '_') == NULL;
}

static gboolean
read_server(const KeyRow *row, const char *text, gint64 *number)
{
	/* A scope ("fe80::1%eth0") would stand in addresses that libraries read in their own ways. */
	const gboolean is_ipv6 = strchr(text, ':') != NULL && strchr(text, '%') == NULL && g_hostname_is_ip_address(text);
	return is_ipv6 || read_host(row, text, number);
}

static gboolean
read_boolean(const KeyRow *row, const char *text, gint64 *number)
{
	static const char *const on[] = {"on", "yes", "true", "1", NULL};
	static const char *const off[] = {"off", "no", "false", "0", NULL};
	(void)row;
	*number = g_strv_contains(on, text);
	return *number || g_strv_contains(off, text);
}

static gboolean
read_word(const KeyRow *row, const char *text, gint64 *number)
{
	g_auto(GStrv) words = g_strsplit(row->words, " ", -1);
	for (guint i = 0; words[i] != NULL; i++) {
		*number = i;
		if (strcmp(words[i], text) == 0)
			return TRUE;
	}
	return FALSE;
}

static gboolean
read_duration(const KeyRow *row, const char *text, gint64 *number)
{
	static const struct {
		const char *name;
		gint64 seconds;
	} units[] = {{"s", 1}, {"m", 60}, {"min", 60}, {"h", 3600}, {"d", 86400}, {"w", 604800}};
	const gsize length = strspn(text, G_CSET_DIGITS);
	for (gsize i = 0; i < G_N_ELEMENTS(units); i++) {
		g_autofree char *digits = g_strndup(text, length);
		gint64 count = 0;
		if (strcmp(units[i].name, text + length) != 0 || !read_digits(digits, 0, row->maximum, &count))
			continue;
		*number = count * units[i].seconds * G_USEC_PER_SEC;
		return count * units[i].seconds >= row->minimum && count * units[i].seconds <= row->maximum;
	}
	return FALSE;
}

static gboolean
read_mailbox(const KeyRow *row, const char *text, gint64 *number)
{
	(void)row, (void)number;
	g_autoptr(Mailbox) mailbox = mailbox_parse(text, NULL);
	/* See read_sender. */
	return mailbox != NULL && address_is_deliverable(mailbox->address);
}

static gboolean
read_address(const KeyRow *row, const char *text, gint64 *number)
{
	(void)row, (void)number;
	g_autofree char *address = address_configured(text);
	return address != NULL;
}

/* Every server must be able to write it, also one without SMTPUTF8. */
static gboolean
read_sender(const KeyRow *row, const char *text, gint64 *number)
{
	(void)row, (void)number;
	g_autofree char *address = address_configured(text);
	return address != NULL && address_is_deliverable(address);
}

static gboolean
read_url(const KeyRow *row, const char *text, gint64 *number)
{
	if (!read_text(row, text, number))
		return FALSE;
	g_autoptr(GUri) uri = g_uri_parse(text, G_URI_FLAGS_NONE, NULL);
	if (uri == NULL || g_uri_get_host(uri) == NULL || *g_uri_get_host(uri) == '\0' || g_uri_get_userinfo(uri) != NULL)
		return FALSE;
	if (g_uri_get_query(uri) != NULL || g_uri_get_fragment(uri) != NULL)
		return FALSE;
	return strcmp(g_uri_get_scheme(uri), "https") == 0 || strcmp(g_uri_get_scheme(uri), "http") == 0;
}

static gboolean
read_domains(const KeyRow *row, const char *text, gint64 *number)
{
	(void)row, (void)number;
	g_auto(GStrv) domains = g_strsplit(text, " ", -1);
	if (strcmp(text, "none") == 0)
		return TRUE;
	for (char **domain = domains; *domain != NULL; domain++) {
		g_autofree char *ascii = g_hostname_to_ascii(*domain);
		g_autofree char *address = ascii != NULL ? g_strconcat("x@", ascii, NULL) : NULL;
		if (**domain != '\0' && (address == NULL || !address_is_deliverable(address) || g_hostname_is_ip_address(ascii)))
			return FALSE;
	}
	return TRUE;
}

/* An IP address, or with a port IPv4:PORT or [IPv6]:PORT. */
static gboolean
is_server(const char *text)
{
	gint64 port = 0;
	const char *colon = strrchr(text, ':');
	g_autofree char *whole = network_normalise(text);
	if (whole != NULL || colon == NULL)
		return whole != NULL;
	gboolean is_bracketed = text[0] == '[' && colon > text + 1 && colon[-1] == ']';
	g_autofree char *host =
	    is_bracketed ? g_strndup(text + 1, (gsize)(colon - text) - 2) : g_strndup(text, (gsize)(colon - text));
	g_autofree char *address = network_normalise(host);
	return address != NULL && (strchr(host, ':') != NULL) == is_bracketed && read_digits(colon + 1, 1, 65535, &port);
}

static gboolean
read_servers(const KeyRow *row, const char *text, gint64 *number)
{
	(void)row, (void)number;
	g_auto(GStrv) servers = g_strsplit(text, ",", -1);
	for (char **server = servers; *server != NULL; server++)
		if (!is_server(*server))
			return FALSE;
	return TRUE;
}

/* As a browser writes it in its Origin header, so that comparing needs no second look: lower case, no port that is the scheme's own, no path. */
static gboolean
is_origin(const char *text)
{
	g_autoptr(GUri) uri = g_uri_parse(text, G_URI_FLAGS_NONE, NULL);
	const char *host = uri != NULL ? g_uri_get_host(uri) : NULL;
	/* GUri takes nearly anything for a host; one with a colon is an IPv6 address, and it has looked at that. */
	if (host == NULL || *host == '\0' ||
	    (host[strspn(host, G_CSET_a_2_z G_CSET_DIGITS ".-")] != '\0' && strchr(host, ':') == NULL))
		return FALSE;
	const gboolean is_https = strcmp(g_uri_get_scheme(uri), "https") == 0;
	if (!is_https && strcmp(g_uri_get_scheme(uri), "http") != 0)
		return FALSE;
	const int port = g_uri_get_port(uri) == (is_https ? 443 : 80) ? -1 : g_uri_get_port(uri);
	g_autofree char *written = g_uri_join(G_URI_FLAGS_NONE, g_uri_get_scheme(uri), NULL, host, port, "", NULL, NULL);
	return strcmp(written, text) == 0;
}

/* "0", "0.5", "1.00": no sign and no exponent gets through. */
static gboolean
read_hundredths(const KeyRow *row, const char *text, gint64 *number)
{
	(void)row;
	gint64 whole = 0, decimals = 0;
	g_auto(GStrv) parts = g_strsplit(text, ".", 2);
	if (!read_digits(parts[0], 0, 1, &whole))
		return FALSE;
	const gsize places = parts[1] == NULL ? 0 : strlen(parts[1]);
	if (parts[1] != NULL && (places > 2 || !read_digits(parts[1], 0, 99, &decimals)))
		return FALSE;
	*number = whole * 100 + (places == 1 ? decimals * 10 : decimals);
	return *number <= 100;
}

static gboolean
read_networks(const KeyRow *row, const char *text, gint64 *number)
{
	(void)row, (void)number;
	g_auto(GStrv) networks = g_strsplit(text, " ", -1);
	for (char **network = networks; *network != NULL; network++) {
		g_autofree char *normal = network_read(*network);
		if (**network != '\0' && normal == NULL)
			return FALSE;
	}
	return TRUE;
}

static gboolean
read_origins(const KeyRow *row, const char *text, gint64 *number)
{
	(void)row, (void)number;
	g_auto(GStrv) origins = g_strsplit(text, " ", -1);
	for (char **origin = origins; *origin != NULL; origin++)
		if (**origin != '\0' && !is_origin(*origin))
			return FALSE;
	return TRUE;
}

static gboolean
read_timezone(const KeyRow *row, const char *text, gint64 *number)
{
	(void)row, (void)number;
	/* GLib would read a file of any path below the zone database's folder. */
	if (text[0] == '/' || strstr(text, "..") != NULL)
		return FALSE;
	g_autoptr(GTimeZone) zone = g_time_zone_new_identifier(text);
	return zone != NULL;
}

static gboolean
read_locale(const KeyRow *row, const char *text, gint64 *number)
{
	(void)row, (void)number;
	gsize letters = strspn(text, G_CSET_a_2_z);
	if (letters < 2 || letters > 3 || strlen(text) > 32)
		return FALSE;
	const char *rest = text + letters;
	return rest[0] == '\0' || ((rest[0] == '_' || rest[0] == '-') && rest[1] != '\0' &&
				      rest[1 + strspn(rest + 1, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_-")] == '\0');
}

/* What is wrong with a rate is said by its own reader; see keys_read. */
static gboolean
read_rate(const KeyRow *row, const char *text, gint64 *number)
{
	(void)row, (void)number;
	Rate rate;
	g_autofree char *unsaid = NULL;
	return rate_read(text, &rate, &unsaid);
}

/* In the order of KeyType. `right` NULL: it depends on the row. */
static const struct {
	const char *name;
	ValueReader read;
	const char *right;
} types[] = {
    [KEY_TEXT] = {"line of text", read_text, "write one line without control characters"},
    [KEY_LINES] = {"text", read_text, "write text without control characters, \\n for a new line"},
    [KEY_NAME] = {"name", read_name, "write letters, digits, \".\", \"-\" and \"_\""},
    [KEY_NAMES] = {"list of names", read_names, "write names of letters, digits, \".\", \"-\" and \"_\", a space between two"},
    [KEY_PINS] = {"list of public keys", read_pins,
	"write sha256// and the base64 of the key's hash; `sekisho doctor` shows the one that the server has"},
    [KEY_PATH] = {"path", read_text, "write the path of a file or folder"},
    [KEY_LISTEN] = {"socket", read_listen,
	"write a path with \"/\", 127.0.0.1:PORT or [::1]:PORT: FastCGI must not leave the machine"},
    [KEY_HOST] = {"host", read_host, "write a host name such as mail.example.com or an IPv4 address, without port"},
    [KEY_SERVER] = {"host", read_server,
	"write a host name such as smtp.example.com or an IP address, without brackets and without port (that is a key of its "
	"own)"},
    [KEY_PORT] = {"port", read_port, "write a number from 1 to 65535"},
    [KEY_BOOLEAN] = {"switch", read_boolean, "write on or off"},
    [KEY_INTEGER] = {"number", read_integer, NULL},
    [KEY_WORD] = {"known word", read_word, NULL},
    [KEY_DURATION] = {"duration", read_duration, NULL},
    [KEY_RATE] = {"rate", read_rate, "write how many in which time, and how many at once, such as 5/10min burst 3, or off"},
    [KEY_HUNDREDTHS] = {"score", read_hundredths, "write a number from 0 to 1 with at most two decimals, such as 0.5"},
    [KEY_NETWORKS] = {"list of networks", read_networks,
	"write addresses and networks such as 192.0.2.1 or 2001:db8::/32, a space between two, and no bits behind a network's "
	"prefix"},
    [KEY_MAILBOX] = {"mailbox", read_mailbox,
	"write info@example.jp or Name <info@example.jp>, with ASCII alone before the \"@\""},
    [KEY_ADDRESS] = {"mail address", read_address, "write an address such as info@example.jp, without a name"},
    [KEY_SENDER] = {"mail address that may send", read_sender,
	"write an address such as info@example.jp, without a name, and with ASCII alone before the \"@\""},
    [KEY_URL] = {"web address", read_url, "write an address such as https://example.jp, without query"},
    [KEY_DOMAINS] = {"list of domains", read_domains, "write domains such as example.jp, a space between two, or none"},
    [KEY_SERVERS] = {"list of DNS servers", read_servers,
	"write IP addresses such as 192.0.2.1 or 192.0.2.1:53 or [2001:db8::1]:53, a comma and no space between two"},
    [KEY_ORIGINS] = {"list of web origins", read_origins,
	"write https://www.example.jp in lower case, without \"/\" at the end, and a space between two"},
    [KEY_TIMEZONE] = {"time zone", read_timezone, "write a name such as Asia/Tokyo (package tzdata knows them) or UTC"},
    [KEY_LOCALE] = {"language", read_locale, "write a language such as ja or en_US"},
};

/* Seconds in the largest unit that holds them whole. */
static char *
duration_text(gint64 seconds)
{
	if (seconds != 0 && seconds % 86400 == 0)
		return g_strdup_printf("%" G_GINT64_FORMAT "d", seconds / 86400);
	if (seconds != 0 && seconds % 3600 == 0)
		return g_strdup_printf("%" G_GINT64_FORMAT "h", seconds / 3600);
	if (seconds != 0 && seconds % 60 == 0)
		return g_strdup_printf("%" G_GINT64_FORMAT "min", seconds / 60);
	return g_strdup_printf("%" G_GINT64_FORMAT "s", seconds);
}

/* What would be right in this row. */
static char *
right_value(const KeyRow *row)
{
	if (row->type == KEY_INTEGER && row->maximum == G_MAXINT64)
		return g_strdup_printf("write a whole number from %" G_GINT64_FORMAT, row->minimum);
	if (row->type == KEY_INTEGER)
		return g_strdup_printf(
		    "write a number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, row->minimum, row->maximum);
	if (row->type == KEY_DURATION) {
		g_autofree char *minimum = duration_text(row->minimum);
		g_autofree char *maximum = duration_text(row->maximum);
		return g_strdup_printf("write a number and s, m, h, d or w, such as 30d, from %s to %s", minimum, maximum);
	}
	if (row->type == KEY_WORD) {
		g_auto(GStrv) words = g_strsplit(row->words, " ", -1);
		g_autofree char *list = g_strjoinv(" or ", words);
		return g_strdup_printf("write %s", list);
	}
	return g_strdup(types[row->type].right);
}

/* Longest part of a value that a problem quotes. */
#define QUOTED_BYTES 80u

gboolean
keys_read(const KeyRow *row, const char *text, gint64 *number, char **problem)
{
	*number = 0;
	gboolean is_empty_fine =
	    !row->is_required && (row->fallback[0] == '\0' || row->type == KEY_TEXT || row->type == KEY_LISTEN);
	if (text[0] == '\0' && is_empty_fine)
		return TRUE;
	if (text[0] != '\0' && types[row->type].read(row, text, number))
		return TRUE;
	g_autofree char *right = right_value(row);
	if (text[0] == '\0') {
		*problem = g_strdup_printf("is empty; %s", right);
		return FALSE;
	}
	g_autofree char *start = text_truncate(text, QUOTED_BYTES);
	g_autofree char *quoted = text_for_terminal(start, FALSE);
	*problem = g_strdup_printf("\"%s\" is not a %s; %s", quoted, types[row->type].name, right);
	return FALSE;
}
