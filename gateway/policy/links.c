/*
 * Links as evidence: too many, and those that hide where they lead. Each kind of lie is told once, of the first link that has it, so that a list of ten short links weighs no more than one
 * (their number is counted by itself).
 *
 * A brand's name belongs into the registrable domain: "www.amazon.co.jp" is Amazon's, "amazon.co.jp.example.net" is somebody else's. A whole host that is imitated weighs more than a word,
 * because honest sites do have a page or a subdomain that is called like a service. Pure; any thread.
 */
#include <string.h>

#include "checks.h"
#include "links.h"
#include "sekisho/base/limits.h"
#include "typed.h"

typedef enum { LIE_BRAND_HOST, LIE_BRAND_WORD, LIE_MIXED, LIE_TWIN, LIE_IP, LIE_SHORTENER, LIE_DECOY, LIE_CREDENTIALS, LIES } Lie;

static const struct {
	const char *code;
	guint points;
	const char *before, *after; /* the host in a sentence */
} lies[LIES] = {
    [LIE_BRAND_HOST] = {"brand_host", 4, "The link to ",
	" pretends to be another host, whose name stands before its own domain or in its path."},
    [LIE_BRAND_WORD] = {"brand_word", 2, "The link to ", " has a well-known name outside its registrable domain."},
    [LIE_MIXED] = {"mixed_script", 4, "The host ", " mixes letters of scripts that look alike."},
    [LIE_TWIN] = {"look_alike", 4, "The host ", " looks like a well-known name and is another one."},
    [LIE_IP] = {"ip_host", 3, "A link leads to the number ", " instead of a name."},
    [LIE_SHORTENER] = {"shortener", 2, "The link to ", " hides where it leads."},
    [LIE_DECOY] = {"decoy", 4, "A link has another host's name before its own, ", ", which it leads to."},
    [LIE_CREDENTIALS] = {"credentials", 2, "A link has a name or a password before its host, ", "."},
};

#define TOO_MANY_POINTS 2u
/* From so many letters on a brand counts also where more letters touch it on one side ("rakutenlogin"). */
#define LONG_BRAND_BYTES 6u

/* --- Brands ---------------------------------------------------------------------------------------------------------- */

static gboolean
is_letter(char c)
{
	return g_ascii_isalpha(c) || (guchar)c >= 0x80;
}

/* Behind the brand where it stands in `text` as a word, or NULL. */
static const char *
find_brand(const char *text, const char *brand)
{
	const gsize length = strlen(brand);
	for (const char *at = strstr(text, brand); at != NULL && length > 0; at = strstr(at + 1, brand)) {
		const gboolean has_left = at == text || !is_letter(at[-1]), has_right = !is_letter(at[length]);
		if (length >= LONG_BRAND_BYTES ? has_left || has_right : has_left && has_right)
			return at + length;
	}
	return NULL;
}

/* TRUE if a host's name goes on behind a brand: ".co.jp", "-com". */
static gboolean
goes_on_as_host(const char *behind)
{
	static const char *const endings[] = {"co", "com", "jp", "ne", "net", "or", "org", NULL};
	if (*behind != '.' && *behind != '-')
		return FALSE;
	g_autofree char *label = g_strndup(behind + 1, strcspn(behind + 1, ".-/"));
	return g_strv_contains(endings, label);
}

/* What is said of a brand in a part of a link where it does not belong. */
static void
judge_brand(const char *part, const char *brand, gboolean *is_told)
{
	const char *behind = find_brand(part, brand);
	if (behind != NULL)
		is_told[goes_on_as_host(behind) ? LIE_BRAND_HOST : LIE_BRAND_WORD] = TRUE;
}

/* --- One link -------------------------------------------------------------------------------------------------------- */

/* A host in three: what stands before the registrable domain, its first label, the public suffix; without the dots between them. In Unicode, as brands may be. */
typedef struct {
	char *before, *own, *suffix;
} HostParts;

static void
parts_clear(HostParts *parts)
{
	g_free(parts->before);
	g_free(parts->own);
	g_free(parts->suffix);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HostParts, parts_clear)

static HostParts
split_host(const Link *link)
{
	guint labels = 1; /* of the registrable domain */
	for (const char *at = links_registrable(link); *at != '\0'; at++)
		labels += *at == '.';
	g_auto(GStrv) all = g_strsplit(link->shown, ".", -1);
	const guint count = g_strv_length(all), first = count > labels ? count - labels : 0;
	HostParts parts = {.own = g_strdup(all[first]), .suffix = g_strjoinv(".", all + first + 1)};
	g_clear_pointer(&all[first], g_free);
	parts.before = g_strjoinv(".", all);
	for (guint i = first + 1; i < count; i++)
		g_free(all[i]);
	return parts;
}

/* The first word of the path: pages further down may well speak of a brand. */
static char *
first_segment(const char *path)
{
	const char *start = path + strspn(path, "/\\");
	return g_ascii_strdown(start, (gssize)strcspn(start, "/\\"));
}

/* TRUE if the brand stands in the part as something that only looks like it. */
static gboolean
is_twin(const char *part, const char *skeleton, const char *brand)
{
	return find_brand(skeleton, brand) != NULL && find_brand(part, brand) == NULL;
}

static void
judge_brands(const Link *link, char **brands, gboolean *is_told)
{
	g_auto(HostParts) parts = split_host(link);
	g_autofree char *segment = first_segment(link->path);
	g_autofree char *own_skeleton = links_skeleton(parts.own), *before_skeleton = links_skeleton(parts.before);
	for (char **brand = brands; *brand != NULL; brand++) {
		/* "about.google" and "name.s3.amazonaws.com" are the brands' own. */
		if (strstr(parts.own, *brand) != NULL || strstr(parts.suffix, *brand) != NULL)
			continue;
		if (is_twin(parts.own, own_skeleton, *brand) || is_twin(parts.before, before_skeleton, *brand))
			is_told[LIE_TWIN] = TRUE;
		judge_brand(parts.before, *brand, is_told);
		/* A page about a brand is called like it; only a host's name in a path is there to deceive. */
		const char *behind = find_brand(segment, *brand);
		if (behind != NULL && *behind == '.' && goes_on_as_host(behind))
			is_told[LIE_BRAND_HOST] = TRUE;
	}
}

static gboolean
is_shortener(const Link *link, GHashTable *shorteners)
{
	const char *host = g_str_has_prefix(link->host, "www.") ? link->host + strlen("www.") : link->host;
	return strlen(link->path) > 1 && g_hash_table_contains(shorteners, host);
}

/* --- The check ------------------------------------------------------------------------------------------------------- */

static void
judge_link(const GateInput *input, const Link *link, gboolean *is_told)
{
	is_told[LIE_DECOY] = link->has_decoy;
	is_told[LIE_CREDENTIALS] = link->has_credentials && !link->has_decoy;
	is_told[LIE_IP] = link->is_ip && !links_is_private(link);
	is_told[LIE_MIXED] = links_mixes_scripts(link);
	is_told[LIE_SHORTENER] = is_shortener(link, input->policy->shorteners);
	if (links_registrable(link) != NULL)
		judge_brands(link, input->policy->brands, is_told);
	if (is_told[LIE_BRAND_HOST])
		is_told[LIE_BRAND_WORD] = FALSE;
	if (is_told[LIE_MIXED])
		is_told[LIE_TWIN] = FALSE;
}

/* Adds what is new about this link. `was_told` is of the submission. */
static void
tell(const GateInput *input, const Link *link, gboolean *was_told, GPtrArray *findings)
{
	gboolean is_told[LIES] = {FALSE};
	judge_link(input, link, is_told);
	for (guint lie = 0; lie < LIES; lie++) {
		if (!is_told[lie] || was_told[lie])
			continue;
		const FindingHead head = {.check = CHECK_LINKS,
		    .mode = input->policy->modes[CHECK_LINKS],
		    .action = FINDING_NOTE,
		    .points = lies[lie].points,
		    .code = lies[lie].code};
		const gboolean is_plain = strcmp(link->host, link->shown) == 0;
		finding_add(findings, &head, "%s%s%s%s%s%s", lies[lie].before, link->host, is_plain ? "" : " (",
		    is_plain ? "" : link->shown, is_plain ? "" : ")", lies[lie].after);
		was_told[lie] = TRUE;
	}
}

/* A field that asks for a link is to have one. */
static guint
judge_value(const GateInput *input, const Typed *typed, LinksFound *found, gboolean *was_told, GPtrArray *findings)
{
	guint count = 0, first = found->links->len;
	links_find(found, typed->text);
	for (guint i = first; i < found->links->len; i++) {
		const Link *link = found->links->pdata[i];
		tell(input, link, was_told, findings);
		count += typed->kind != TYPED_URL && !links_is_private(link);
	}
	return count;
}

void
links_check(const GateInput *input, GPtrArray *findings)
{
	gboolean was_told[LIES] = {FALSE};
	guint count = 0;
	const guint maximum = input->policy->links_maximum;
	const FindingHead head = {.check = CHECK_LINKS,
	    .mode = input->policy->modes[CHECK_LINKS],
	    .action = FINDING_NOTE,
	    .points = TOO_MANY_POINTS,
	    .code = "too_many"};
	if (head.mode == CHECK_OFF)
		return;
	g_autoptr(GArray) values = typed_values(input->form, input->submission);
	g_auto(LinksFound) found;
	links_found_init(&found, LINKS_WRITTEN, LIMIT_LINKS);
	for (guint i = 0; i < values->len && !found.is_full; i++)
		count += judge_value(input, &g_array_index(values, Typed, i), &found, was_told, findings);
	if (count > maximum)
		finding_add(findings, &head, "It has %u different links, and more than %u are too many here.", count, maximum);
	else if (found.is_full)
		finding_add(findings, &head, "It has more links, or what looks like links, than are looked at.");
}

GPtrArray *
links_hosts(const GateInput *input, gboolean *is_full)
{
	GPtrArray *hosts = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GArray) values = typed_all_values(input->form, input->submission);
	g_autoptr(GPtrArray) facts = typed_facts(input->submission);
	g_auto(LinksFound) found;
	links_found_init(&found, LINKS_POSSIBLE, LIMIT_LINK_HOSTS);
	for (guint i = 0; i < values->len; i++) {
		const Typed *typed = &g_array_index(values, Typed, i);
		/* The domains of addresses are looked up as such: many people have one of the same. */
		if (typed->kind != TYPED_FORMATTED)
			links_find(&found, typed->text);
	}
	for (guint i = 0; i < facts->len; i++)
		links_find(&found, facts->pdata[i]);
	for (guint i = 0; i < found.links->len; i++)
		g_ptr_array_add(hosts, g_strdup(((const Link *)found.links->pdata[i])->host));
	*is_full = found.is_full;
	return hosts;
}
