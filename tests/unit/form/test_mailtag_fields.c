/*
 * No byte of a visitor comes through a template that mailtag_fields finds nothing in. The rule on recipients and senders
 * stands on this, so it is tried with many random templates.
 */
#include "fixture.h"

#include <string.h>

#include "sekisho/form/mailtag.h"

#define ROUNDS 20000

static void
test_names(void)
{
	static const struct {
		const char *text;
		const char *fields;
	} cases[] = {
	    {"", ""},
	    {"office@example.test, [_site_admin_email], x@[_site_domain] [_site_title] [_date] [_contact_form_title] "
	     "[_user_email]",
		""},
	    {"[your-email] [your-email] [[your-name]]", "your-email"},
	    {"[your.email] [your_email]", "your_email"},
	    {"[_raw_a] [_format_b \"Y\"] [[c] [d]] [ e \"x\" ]", "a,b,c,d,e"},
	    {"[not-of-the-form]\n[x\n]\n[y]", "not-of-the-form,y"},
	    {"[wpcf7.remote_ip] [wpcf7.date]", "wpcf7_remote_ip,wpcf7_date"},
	    {"[_remote_ip] [_url] [_user_agent] [_post_title]", "_remote_ip,_url,_user_agent,_post_title"},
	    {"[_raw__wpcf7_unit_tag]", "_wpcf7_unit_tag"},
	};
	g_autoptr(Form) form = fixture_form("[text your.email][text a]");

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GPtrArray) fields = mailtag_fields(cases[i].text, form);
		g_autofree char *joined = NULL;

		g_ptr_array_add(fields, NULL);
		joined = g_strjoinv(",", (char **)fields->pdata);
		g_assert_cmpstr(joined, ==, cases[i].fields);
	}
}

static void
test_typed_names(void)
{
	static const struct {
		const char *text;
		const char *fields;
	} cases[] = {
	    {"", ""},
	    {"[s] [r] [c.d] [two] [shown] [s \"Y\"]", ""},
	    {"[_raw_s] [_format_r \"Y\"]", "s,r"},
	    {"[s] [t] [free] [mixed] [asked] [agreed]", "t,free,mixed,asked,agreed"},
	    {"[none] [shown-only] [_remote_ip] [wpcf7.url]", "none,shown-only,_remote_ip,wpcf7_url"},
	};
	g_autoptr(Form) form = fixture_form(
	    "[select s \"a\"][radio r \"a\"][checkbox c.d \"a\"][text t][checkbox free FREE_TEXT \"a\"][select two \"a\"][radio two \"b\"]"
	    "[select mixed \"a\"][hidden mixed][select asked \"a\"][quiz asked \"a|b\"][select shown \"a\"][reflection shown]"
	    "[reflection shown-only][acceptance agreed \"yes\"]");

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GPtrArray) fields = mailtag_typed_fields(cases[i].text, form);
		g_ptr_array_add(fields, NULL);
		g_autofree char *joined = g_strjoinv(",", (char **)fields->pdata);
		g_assert_cmpstr(joined, ==, cases[i].fields);
	}
}

static const char *const names[] = {"a", "b.c", "b_c", "acc", "no", "_remote_ip", "_user_agent", "_url", "_date", "_site_title",
    "_post_title", "_user_login", "_invalid_fields", "_wpcf7_unit_tag", "wpcf7.remote_ip", "wpcf7.user_agent", "wpcf7.url",
    "wpcf7_url", "wpcf7.site_title", "_contact_form_title", "_serial_number", "_raw", "_format", "_hidden", "x:y"};
static const char *const pieces[] = {"[", "]", "[[", "]]", " ", "\t", "\n", "\r\n", "\"Y-m-d\"", "'x'", "\"", "'", "_raw_",
    "_format_", "_raw_raw_", "@example.test", ", ", "<", ">", ".", "_", "wpcf7."};

/* A template that is mostly tags, with broken ones between. */
static char *
random_template(GRand *random)
{
	GString *text = g_string_new(NULL);
	int count = g_rand_int_range(random, 1, 6);

	for (int i = 0; i < count; i++) {
		const char *name = names[g_rand_int_range(random, 0, G_N_ELEMENTS(names))];
		const char *piece = pieces[g_rand_int_range(random, 0, G_N_ELEMENTS(pieces))];

		switch (g_rand_int_range(random, 0, 5)) {
		case 0:
			g_string_append_printf(text, "[%s]", name);
			break;
		case 1:
			g_string_append_printf(text, "[%s%s]", g_rand_boolean(random) ? "_raw_" : "_format_", name);
			break;
		case 2:
			g_string_append_printf(text, "[%s %s]", name, piece);
			break;
		case 3:
			g_string_append(text, name);
			break;
		default:
			g_string_append(text, piece);
			break;
		}
	}
	return g_string_free(text, FALSE);
}

/* A visitor whose every byte is `mark`: all names above are posted, spelled in every way, and all facts of the client are theirs. */
static Submission *
visitor(const Form *form, const char *mark)
{
	Posted *posted = posted_new();
	Submission *submission;
	ClientFacts *client;

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		static const char *const prefixes[] = {"", "_raw_", "_format_", "raw_"};

		for (gsize k = 0; k < G_N_ELEMENTS(prefixes); k++) {
			g_autofree char *name = g_strconcat(prefixes[k], names[i], NULL);
			g_autoptr(GBytes) name_bytes = g_bytes_new(name, strlen(name));
			g_autoptr(GBytes) value_bytes = g_bytes_new(mark, strlen(mark));

			g_assert_true(posted_add(posted, name_bytes, value_bytes, NULL));
		}
	}
	submission = fixture_submission(form, posted);
	client = (ClientFacts *)submission->client;
	client_facts_free(client);
	client = client_facts_new();
	client->received_at_us = FIXTURE_TIME_US;
	g_free(client->remote_ip);
	client->remote_ip = g_strdup(mark);
	g_free(client->user_agent);
	client->user_agent = g_strdup(mark);
	g_free(client->url);
	client->url = g_strdup(mark);
	g_free(client->unit_tag);
	client->unit_tag = g_strdup(mark);
	client->container_post = strlen(mark);
	submission->client = client;
	return submission;
}

static void
test_no_visitor_unnamed(void)
{
	g_autoptr(Form) form = fixture_form("[text a][text b.c][acceptance acc optional]ok[/acceptance]");
	g_autoptr(Submission) one = visitor(form, "2026-01-02");
	g_autoptr(Submission) two = visitor(form, "");
	g_autoptr(GRand) random = g_rand_new_with_seed(4);
	guint named = 0, changed = 0;

	for (guint i = 0; i < ROUNDS; i++) {
		g_autofree char *text = random_template(random);
		g_autoptr(GPtrArray) fields = mailtag_fields(text, form);

		for (MailTagMode mode = MAILTAG_LINE; mode <= MAILTAG_HTML; mode++) {
			MailTagContext context_one = {.form = form, .submission = one, .mode = mode};
			MailTagContext context_two = {.form = form, .submission = two, .mode = mode};
			g_autofree char *text_one = mailtag_replace(text, &context_one);
			g_autofree char *text_two = mailtag_replace(text, &context_two);

			if (g_str_equal(text_one, text_two))
				continue;
			changed++;
			if (fields->len == 0)
				g_error(
				    "nothing is reported for \"%s\", but it gives \"%s\" or \"%s\"", text, text_one, text_two);
		}
		named += fields->len > 0;
	}
	/* The templates must try something: many that take a visitor's bytes, and many that do not. */
	g_assert_cmpuint(changed, >, ROUNDS / 2);
	g_assert_cmpuint(named, <, ROUNDS - ROUNDS / 20);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mailtag_fields/names what a visitor decides", test_names);
	g_test_add_func("/mailtag_fields/names of what is typed", test_typed_names);
	g_test_add_func("/mailtag_fields/no visitor's byte comes unnamed", test_no_visitor_unnamed);
	return g_test_run();
}
