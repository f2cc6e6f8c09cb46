/*
 * Whatever a field holds, no header appears in a mail that the template has not.
 */
#include "mails.h"

/* The names of the header fields in order, joined by spaces; the folded lines belong to the one before. */
static char *
header_names(const char *message)
{
	g_auto(GStrv) parts = g_strsplit(message, "\r\n\r\n", 2);
	g_auto(GStrv) lines = g_strsplit(parts[0], "\r\n", -1);
	GString *names = g_string_new(NULL);

	for (char **line = lines; *line != NULL; line++)
		if (**line != ' ' && **line != '\t')
			g_string_append_printf(names, "%.*s ", (int)strcspn(*line, ":"), *line);
	return g_string_free(names, FALSE);
}

static const char *const HOSTILE[] = {"a\rBcc: x@y.test", "a\nBcc: x@y.test", "a\r\nBcc: x@y.test", "a\r\n\r\nbody",
    "\r\nBcc: x@y.test", "a\342\200\250Bcc: x@y.test", "a\342\200\251Bcc: x@y.test", "a\302\205Bcc: x@y.test",
    "a\v\fBcc: x@y.test", "a\r\n Bcc: x@y.test", "a\r\n\tBcc: x@y.test",
    "=?utf-8?q?a=0D=0ABcc:_x@y.test?=", "=?utf-8?b?YQ0KQmNjOiB4QHkudGVzdA==?=", "a=?utf-8?q?=0D=0A?=Bcc: x@y.test",
    "\"\r\nBcc: x@y.test\"", "x@y.test>\r\nBcc: <z@y.test", "x@y.test, z@y.test", "a@b.test\nBcc: x@y.test", ":\r\nBcc: x",
    "\\\r\\\nBcc: x@y.test", "a;\r\n charset=x"};

/* Each header that takes a field, against each field value. What the template has stands there, at most without what the value emptied. */
static void
test_no_injection(void)
{
	static const struct {
		const char *header, *subject, *sender;
	} templates[] = {
	    {"", "[n]", ""},
	    {"", "S", "[n] <form@example.test>"},
	    {"From: [n] <form@example.test>", "S", ""},
	    {"Reply-To: [n] <r@example.test>", "S", ""},
	    {"Reply-To: [n]", "S", ""},
	    {"Reply-To: R <[n]>", "S", ""},
	    {"Reply-To: a@example.test, [n], [n] <b@example.test>", "S", ""},
	    {"X-A: [n]", "S", ""},
	    {"[n]: x", "S", ""},
	    {"X-A: x[n]y[_raw_n]", "S", ""},
	    {"Content-Type: [n]", "S", ""},
	    {"Content-Type: text/plain; charset=[n]", "S", ""},
	};
	static const char *const allowed[] = {"Date", "From", "To", "Reply-To", "Subject", "Message-Id", "Auto-Submitted", "X-A",
	    "MIME-Version", "Content-Type", "Content-Transfer-Encoding", NULL};

	for (gsize i = 0; i < G_N_ELEMENTS(templates); i++) {
		for (gsize k = 0; k < G_N_ELEMENTS(HOSTILE); k++) {
			FormSource *source = source_of(templates[i].header, "body");
			set(&source->mail[0].subject, templates[i].subject);
			set(&source->mail[0].sender, templates[i].sender);
			g_autoptr(Letter) letter = letter_of(source, fixture_posted("n", HOSTILE[k], NULL));
			g_autofree char *message = composed(letter);
			g_autofree char *names = header_names(message);
			g_auto(GStrv) list = g_strsplit(g_strchomp(names), " ", -1);
			g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
			for (char **name = list; *name != NULL; name++) {
				/* A name that the template leaves to the visitor may be any but ours; bytes of it are its own. */
				gboolean is_typed = g_str_equal(templates[i].header, "[n]: x") &&
						    g_str_equal(*name, HOSTILE[k]) && letter_is_further_header(*name);
				if ((!is_typed && !g_strv_contains(allowed, *name)) || !g_hash_table_add(seen, *name))
					g_error("template %zu, value %zu: header %s in %s", i, k, *name, message);
			}
			for (guint h = 0; h < letter->headers->len; h++)
				g_assert_null(strpbrk(letter->headers->pdata[h], "\r\n"));
			g_assert_cmpuint(letter->recipients->len, ==, 0);
		}
	}
}

/* NUL: a field cannot hold one (contract 3.3), so it goes before a template sees it. */
static void
test_no_nul(void)
{
	static const char value[] = "a\0Bcc: x@y.test";
	g_autoptr(Form) form = form_of(source_of("X-A: [n]", "[n]"));
	Posted *posted = posted_new();
	g_autoptr(GBytes) name = g_bytes_new_static("n", 1), bytes = g_bytes_new_static(value, sizeof value - 1);
	g_assert_true(posted_add(posted, name, bytes, NULL));
	g_autoptr(Submission) submission = fixture_submission(form, posted);
	g_autoptr(Letter) letter = try_letter(form, submission, NULL);

	g_assert_cmpstr(letter->headers->pdata[0], ==, "X-A: aBcc: x@y.test");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	compose_init();
	g_test_add_func("/mail/no header can be injected", test_no_injection);
	g_test_add_func("/mail/no NUL reaches a header", test_no_nul);
	return g_test_run();
}
