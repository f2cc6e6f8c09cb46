/*
 * The way from a visitor's browser to the gateway: who answers where the form posts? Each of the gateway's doors is asked with a probe, a request that has no effect
 * and that only a gateway with our keys can answer for this site and door (the header Sekisho-Probe). Whatever else answers is recognised: Contact Form 7 or WordPress itself,
 * the web server in the gateway's place, a page, a redirection.
 *
 * A redirection to https or to another name of the site is followed, because `url` may say the old address; but it is told, because a browser loses what it posts there.
 */
#include <string.h>

#include "doctor_parts.h"
#include "doctor_web.h"
#include "sekisho/base/text.h"
#include "sekisho/wire/json.h"

#define NONCE_BYTES 16u
#define REDIRECTIONS 3u

/* --- Who answered ---------------------------------------------------------------------------------------------------------- */

/* The text of a member of the answer's JSON object, or NULL. The caller's. */
static char *
json_member(GVariant *object, const char *name)
{
	char *text = NULL;
	if (object && g_variant_is_of_type(object, G_VARIANT_TYPE_VARDICT))
		(void)g_variant_lookup(object, name, "s", &text);
	return text;
}

/* Contact Form 7 names the form in each answer and begins its codes with its own name; the REST of WordPress has codes too. */
static DoctorAnswerer
json_answerer(const ProbeAnswer *answer)
{
	g_autoptr(GVariant) object = json_to_variant(answer->body->str, answer->body->len, NULL);
	g_autofree char *code = json_member(object, "code");
	g_autofree char *status = json_member(object, "status");
	if (!object || !g_variant_is_of_type(object, G_VARIANT_TYPE_VARDICT))
		return ANSWERED_OTHER;
	g_autoptr(GVariant) form = g_variant_lookup_value(object, "contact_form_id", NULL);
	if (form || (code && g_str_has_prefix(code, "wpcf7_")))
		return ANSWERED_PLUGIN;
	if (code)
		return ANSWERED_WORDPRESS;
	return status && g_str_equal(status, "mail_failed") ? ANSWERED_BUSY : ANSWERED_OTHER;
}

static gboolean
is_wordpress_page(const ProbeAnswer *answer)
{
	return strstr(probe_answer_header(answer, "link"), "https://api.w.org/") != NULL ||
	       strstr(answer->body->str, "/wp-content/") != NULL || strstr(answer->body->str, "/wp-includes/") != NULL;
}

DoctorAnswerer
doctor_web_answerer(const ProbeAnswer *answer)
{
	if (answer->state != PROBE_FINE)
		return ANSWERED_NOBODY;
	if (probe_answer_header(answer, "sekisho-probe")[0] != '\0')
		return ANSWERED_GATEWAY;
	if (answer->status / 100 == 3 && probe_answer_header(answer, "location")[0] != '\0')
		return ANSWERED_ELSEWHERE;
	DoctorAnswerer by_json = json_answerer(answer);
	if (by_json != ANSWERED_OTHER)
		return by_json;
	/* Before the status: WordPress in maintenance says 503 too. */
	if (is_wordpress_page(answer))
		return ANSWERED_WORDPRESS;
	if (answer->status == 502 || answer->status == 503 || answer->status == 504)
		return ANSWERED_BUSY;
	/* The page that the shipped snippets show in the gateway's place says so with this header. */
	if (probe_answer_header(answer, "retry-after")[0] != '\0')
		return ANSWERED_BUSY;
	if (answer->status == 401 || answer->status == 403 || answer->status == 429)
		return ANSWERED_GUARD;
	return answer->status == 404 || answer->status == 405 ? ANSWERED_NOTHING : ANSWERED_OTHER;
}

/* --- What it means ------------------------------------------------------------------------------------------------------------- */

static const char include_advice[] = "Have the web server hand this address to the gateway. nginx, in the site's server block "
				     "before its other locations, then reload it:\n"
				     "\tset $sekisho_site %s;\n"
				     "\tinclude /etc/sekisho/nginx/sekisho-server.conf;\n"
				     "Apache and lighttpd: see their folders beside it.";
static const char page_advice[] =
    "Name the page among those whose POST goes to the gateway. nginx, in sekisho-pages.conf, then reload it:\n"
    "\t\"~^POST \\S+ %s$\" 1;\n"
    "and have both lines of sekisho-server.conf in the site's server block.";

/* What to do where the web server does not hand this door's requests over. The caller's. */
static char *
route_advice(const Door *door)
{
	/* nginx compares $uri, in which nothing is escaped any more. */
	g_autofree char *plain = door->page ? g_uri_unescape_string(door->page, NULL) : NULL;
	g_autofree char *pattern = door->page ? g_regex_escape_string(plain ? plain : door->page, -1) : NULL;
	const char *text = door->page ? page_advice : include_advice;
	g_auto(GStrv) parts = g_strsplit(text, "%s", 2);
	return g_strjoinv(door->page ? pattern : door->site, parts);
}

static const struct {
	DoctorAnswerer answerer;
	const char *code;
	const char *what;
	const char *advice; /* NULL: the route's */
} answerers[] = {
    {ANSWERED_PLUGIN, "web.plugin",
	"%s: Contact Form 7 in WordPress answers, not the gateway; its mails go the old way, if they go", NULL},
    {ANSWERED_WORDPRESS, "web.wordpress", "%s: WordPress answers, not the gateway", NULL},
    {ANSWERED_BUSY, "web.busy", "%s: the web server answers that it cannot reach the gateway",
	"Start the gateway (systemctl start sekishod), and see that the web server's socket path is [gateway] listen and that "
	"its "
	"user is in [gateway] socket_group; or something before it is in maintenance (503). The web server's error log says "
	"which."},
    {ANSWERED_GUARD, "web.guarded", "%s: something refuses before the gateway is asked (a password, a firewall, a limit)",
	"Let visitors' POSTs to this address through: look for auth_basic, deny, a web application firewall or a CDN's "
	"challenge."},
    {ANSWERED_NOTHING, "web.not_found", "%s: the web server has nothing there", NULL},
    {ANSWERED_OTHER, "web.other", "%s: something else answers, perhaps a page or another program", NULL},
};

static const char *
nobody_code(ProbeState state)
{
	switch (state) {
	case PROBE_NO_NAME:
		return "web.no_name";
	case PROBE_NO_ANSWER:
		return "web.no_answer";
	case PROBE_NO_TRUST:
	case PROBE_WRONG_NAME:
	case PROBE_WRONG_TIME:
	case PROBE_TLS_FAILED:
	case PROBE_NO_AUTHORITY:
		return "web.tls";
	default:
		return "web.silence";
	}
}

static const char *
nobody_advice(ProbeState state)
{
	const char *code = nobody_code(state);
	if (g_str_equal(code, "web.no_name"))
		return "Correct [site] url, or the domain's DNS; from a machine that cannot see it: --resolve HOST:PORT:ADDRESS.";
	if (g_str_equal(code, "web.tls"))
		return "Visitors' browsers refuse it too: renew the web server's certificate, with all its intermediate ones. An "
		       "authority of your own: --ca-file FILE.";
	return "Start the web server, or correct [site] url; from behind a firewall try --resolve HOST:PORT:ADDRESS.";
}

static void
say_nobody(Doctor *doctor, const Door *door, const ProbeAnswer *answer)
{
	doctor_find(doctor, DOCTOR_WRONG, nobody_code(answer->state),
	    g_strdup_printf("%s: nobody answers at %s (%s)", door->name, door->url, answer->problem),
	    g_strdup(nobody_advice(answer->state)));
}

static void
say_answerer(Doctor *doctor, const Door *door, const ProbeAnswer *answer, DoctorAnswerer answerer)
{
	for (gsize i = 0; i < G_N_ELEMENTS(answerers); i++) {
		if (answerers[i].answerer != answerer)
			continue;
		g_auto(GStrv) parts = g_strsplit(answerers[i].what, "%s", 2);
		g_autofree char *what = g_strjoinv(door->name, parts);
		doctor_find(doctor, DOCTOR_WRONG, answerers[i].code,
		    g_strdup_printf("%s (HTTP %u at %s)", what, answer->status, door->url),
		    answerers[i].advice ? g_strdup(answerers[i].advice) : route_advice(door));
		return;
	}
	g_assert_not_reached();
}

/* --- The gateway's proof ------------------------------------------------------------------------------------------------------- */

gboolean
doctor_web_is_proved(Vault *vault, const Door *door, const char *site, const char *proof)
{
	VaultHash hash;
	g_autofree char *text = g_strdup_printf("%s\n%s\n%s", site, door->route, door->nonce);
	return text_read_hex(proof, &hash, sizeof hash) && vault_hash_matches(vault, VAULT_HASH_PROBE, text, strlen(text), &hash);
}

/* A gateway answered: this one, for this site? */
static void
say_gateway(Doctor *doctor, const Door *door, const ProbeAnswer *answer)
{
	const char *proof = probe_answer_header(answer, "sekisho-probe");
	g_autoptr(GPtrArray) names = config_site_names(doctor->command->config, NULL);
	if (doctor_web_is_proved(doctor->command->vault, door, door->site, proof)) {
		doctor_find(doctor, DOCTOR_FINE, "web.gateway",
		    g_strdup_printf("%s: this gateway answers at %s", door->name, door->url), NULL);
		return;
	}
	for (guint i = 0; names && i < names->len; i++)
		if (doctor_web_is_proved(doctor->command->vault, door, names->pdata[i], proof)) {
			doctor_find(doctor, DOCTOR_WRONG, "web.other_site",
			    g_strdup_printf("%s: this gateway answers at %s, but for the site %s", door->name, door->url,
				(char *)names->pdata[i]),
			    g_strdup_printf(
				"In the web server's configuration of this site write: set $sekisho_site %s;", door->site));
			return;
		}
	doctor_find(doctor, DOCTOR_WRONG, "web.other_gateway",
	    g_strdup_printf("%s: at %s answers a gateway that has other keys or takes this address for something else",
		door->name, door->url),
	    g_strdup_printf("Does the web server name a site that there is not? In its configuration of this site write: "
			    "set $sekisho_site %s; or two gateways, an old one still running: compare its socket path with "
			    "[gateway] listen, and restart sekishod.",
		door->site));
}

/* --- Asking --------------------------------------------------------------------------------------------------------------------- */

static ProbeAnswer *
ask(Doctor *doctor, Door *door)
{
	guint8 bytes[NONCE_BYTES];
	g_autoptr(GString) nonce = g_string_new(NULL);
	for (guint i = 0; i < NONCE_BYTES; i++)
		bytes[i] = (guint8)vault_random_below(256);
	text_append_hex(nonce, bytes, sizeof bytes);
	text_set(&door->nonce, nonce->str);
	g_autoptr(GPtrArray) headers = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(headers, g_strconcat("Sekisho-Probe: ", door->nonce, NULL));
	const ProbeRoute route = doctor_route(doctor);
	const ProbeRequest request = {.method = door->method, .url = door->url, .headers = headers};
	return probe_http(&route, &request);
}

/* Where a redirection leads, or NULL if it is not to a web address. The caller's. */
static char *
target_of(const Door *door, const ProbeAnswer *answer)
{
	g_autofree char *target =
	    g_uri_resolve_relative(door->url, probe_answer_header(answer, "location"), G_URI_FLAGS_NONE, NULL);
	gboolean is_web = target && (g_str_has_prefix(target, "https://") || g_str_has_prefix(target, "http://"));
	return is_web ? g_steal_pointer(&target) : NULL;
}

/* The same address on https, which many sites do to all that comes on http. */
static gboolean
is_only_encrypted(const char *from, const char *to)
{
	return g_str_has_prefix(from, "http://") && g_str_has_prefix(to, "https://") &&
	       g_str_equal(from + strlen("http://"), to + strlen("https://"));
}

static void
say_redirection(Doctor *doctor, const Door *door, const ProbeAnswer *answer, const char *target)
{
	gboolean is_posted = g_str_equal(door->method, "POST");
	gboolean is_harmless = !is_posted || is_only_encrypted(door->url, target ? target : "");
	doctor_find(doctor, is_harmless ? DOCTOR_NOTE : DOCTOR_WRONG, is_harmless ? "web.redirected_harmless" : "web.redirected",
	    g_strdup_printf("%s: %s leads elsewhere (HTTP %u): %s", door->name, door->url, answer->status,
		probe_answer_header(answer, "location")),
	    is_harmless ? g_strdup_printf("Write the address that visitors really use as [site] url: %s", target ? target : "?")
			: g_strdup("What a browser posts here is lost on the way. Write the address that visitors really use as "
				   "[site] url, and take this one out of the redirection."));
}

static void
examine_door(Doctor *doctor, Door *door)
{
	for (guint i = 0; i <= REDIRECTIONS; i++) {
		g_autoptr(ProbeAnswer) answer = ask(doctor, door);
		DoctorAnswerer answerer = doctor_web_answerer(answer);
		if (answerer == ANSWERED_NOBODY) {
			say_nobody(doctor, door, answer);
			return;
		}
		doctor_compare_clock(doctor, probe_answer_header(answer, "date"));
		if (answerer == ANSWERED_GATEWAY) {
			say_gateway(doctor, door, answer);
			return;
		}
		if (answerer != ANSWERED_ELSEWHERE) {
			say_answerer(doctor, door, answer, answerer);
			return;
		}
		char *target = target_of(door, answer);
		say_redirection(doctor, door, answer, target);
		if (!target)
			return;
		g_free(door->url);
		door->url = target;
	}
	doctor_find(doctor, DOCTOR_WRONG, "web.loop",
	    g_strdup_printf("%s: one redirection follows another, up to %s", door->name, door->url),
	    g_strdup("Mend the web server's redirections; a browser gives up here."));
}

static void
door_clear(Door *door)
{
	g_free(door->url);
	g_free(door->nonce);
}

static void
examine_url(Doctor *doctor, const Site *site, Door door, char *url)
{
	door.site = site->facts->name;
	door.url = url;
	examine_door(doctor, &door);
	door_clear(&door);
}

/* Whether anything was wrong since there were `before` findings. */
static gboolean
is_any_wrong(const Doctor *doctor, guint before)
{
	for (guint i = before; i < doctor->findings->len; i++)
		if (((const DoctorFinding *)doctor->findings->pdata[i])->verdict == DOCTOR_WRONG)
			return TRUE;
	return FALSE;
}

char *
doctor_page_path(const char *page)
{
	return g_strconcat(page[0] == '/' ? "" : "/", page, NULL);
}

/* A path the site says nothing of is taken from the root of the host, as a browser's address line shows it. */
static void
examine_page(Doctor *doctor, const Site *site, const char *page)
{
	g_autofree char *path = doctor_page_path(page);
	char *url = g_uri_resolve_relative(site->facts->url, path, G_URI_FLAGS_NONE, NULL);
	guint before = doctor->findings->len;
	if (url)
		examine_url(doctor, site,
		    (Door){.name = "the form without JavaScript", .method = "POST", .route = "plain", .page = path}, url);
	if (is_any_wrong(doctor, before) && !g_str_has_suffix(path, "/") && !strchr(strrchr(path, '/'), '.'))
		doctor_find(doctor, DOCTOR_NOTE, "web.page_slash",
		    g_strdup_printf(
			"--page wants the page's address as visitors see it, usually with a slash at the end: this was %s", path),
		    g_strdup_printf("If visitors see the slash, try --page %s/", path));
}

/* The id of a form that can be served, or 0. */
static guint64
usable_form(Site *site)
{
	g_autoptr(GArray) ids = site_form_ids(site);
	for (guint i = 0; i < ids->len; i++) {
		guint64 id = g_array_index(ids, guint64, i);
		g_autoptr(Form) form = site_form(site, id, NULL);
		if (form)
			return id;
	}
	return 0;
}

void
doctor_examine_web(Doctor *doctor, Site *site)
{
	const char *base = site->facts->url;
	const guint64 form = usable_form(site);
	g_autoptr(GError) error = NULL;
	doctor_turn_to(doctor, site->facts->name, "Site %s: the way from the browser to the gateway", site->facts->name);
	if (base[0] == '\0' || !command_open_vault(doctor->command, &error)) {
		doctor_find(doctor, DOCTOR_NOTE, "web.untried",
		    g_strdup_printf("not tried: %s", error ? error->message : "the site has no url"),
		    !error ? g_strdup("Write [site] url.")
		    : doctor_lacks_right_to(doctor->command->config->key_directory, "vault.key")
			? NULL
			: g_strdup("Mend the keys first."));
		return;
	}
	if (form != 0)
		examine_url(doctor, site, (Door){.name = "the form's script", .method = "POST", .route = "feedback"},
		    g_strdup_printf("%s/wp-json/contact-form-7/v1/contact-forms/%" G_GUINT64_FORMAT "/feedback", base, form));
	for (guint i = 0; doctor->options->pages && doctor->options->pages[i]; i++)
		examine_page(doctor, site, doctor->options->pages[i]);
	if (!doctor->options->pages)
		doctor_find(doctor, DOCTOR_NOTE, "web.no_page", g_strdup("posting without JavaScript was not tried"),
		    g_strdup("Name the page that the form stands on: --page /contact/"));
	examine_url(doctor, site, (Door){.name = "links in confirmations", .method = "GET", .route = "confirm"},
	    g_strconcat(base, "/sekisho/confirm", NULL));
	examine_url(doctor, site, (Door){.name = "links to waiting messages", .method = "GET", .route = "review"},
	    g_strconcat(base, "/sekisho/review", NULL));
}
