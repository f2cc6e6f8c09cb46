/*
 * Which addresses a submission may cause mail to. Form D of contract 13 with changing recipients and headers; the site's
 * admin address is admin@example.test.
 */
#include <string.h>

#include "fixture.h"
#include "plans.h"
#include "sekisho/base/limits.h"
#include "sekisho/policy/replies.h"

static void
test_entries(void)
{
	static const struct {
		const char *recipient, *headers, *email, *planned;
	} cases[] = {
	    {"[_site_admin_email]", "", "taro@visitor.test", "notice To admin@example.test"},
	    {"Owner <a@example.test>, b@example.test", "", "", "notice To Owner a@example.test; notice To b@example.test"},
	    {"a@example.test", "Cc: c@example.test\nBcc: d@example.test, e@example.test", "",
		"notice To a@example.test; notice Cc c@example.test; notice Bcc d@example.test; notice Bcc e@example.test"},
	    {"a@example.test", "cc : C <c@example.test>", "", "notice To a@example.test; notice Cc C c@example.test"},
	    /* Only the entry that takes something from a field is refused. */
	    {"a@example.test, [your-email]", "", "taro@visitor.test",
		"notice To a@example.test; notice To taro@visitor.test recipient_from_field"},
	    {"a@example.test", "Cc: [your-email], c@example.test", "taro@visitor.test",
		"notice To a@example.test; notice Cc c@example.test; copy Cc taro@visitor.test (typed)"},
	    {"a@example.test, [your-email]", "", "", "notice To a@example.test"},
	    {"a@example.test, [_raw_your-email]", "", "taro@visitor.test",
		"notice To a@example.test; notice To taro@visitor.test recipient_from_field"},
	    /* A field in the name makes the whole entry the visitor's. */
	    {"a@example.test, [your-name] <b@example.test>", "", "",
		"notice To a@example.test; notice To Taro b@example.test recipient_from_field"},
	    {"a@example.test, info@[your-email]", "", "visitor.test",
		"notice To a@example.test; notice To info@visitor.test recipient_from_field"},
	    /* Once per kind, To before Cc before Bcc, without regard to the domain's case. */
	    {"a@example.test, A <a@EXAMPLE.test>", "Cc: a@example.test, b@example.test\nBcc: b@example.test", "",
		"notice To a@example.test; notice Cc b@example.test"},
	    /* The operator may write beyond ASCII; what a visitor types so is never mailed (contract 5.5). */
	    {"店 <用户@日本.jp>, a@例え.jp", "", "", "notice To 店 用户@xn--wgv71a.jp; notice To a@xn--r8jz45g.jp"},
	    {"a@example.test", "Cc: [your-email]", "用户@visitor.test",
		"notice To a@example.test; copy Cc 用户@visitor.test recipient_unusual"},
	    /* What is no address is left out. */
	    {"a@example.test, [nope], [_nope]", "", "", "notice To a@example.test"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *planned = plans_for(cases[i].recipient, cases[i].headers, cases[i].email);
		g_assert_cmpstr(planned, ==, cases[i].planned);
	}
}

static guint
count_allowed(const Form *form, const Submission *submission, const char *address)
{
	g_autoptr(GPtrArray) plan = replies_plan(form, submission);
	guint count = 0;

	for (guint i = 0; i < plan->len; i++) {
		const PlannedRecipient *recipient = plan->pdata[i];
		if (recipient->refusal == NULL && !recipient->is_typed) {
			count++;
			g_assert_cmpstr(recipient->address, ==, address);
		}
	}
	return count;
}

/* Whatever is typed, the set of addresses that are mailed without proof is the operator's. */
static void
test_no_value_adds_a_recipient(void)
{
	static const char *const values[] = {"x@y.test", "x@y.test, z@y.test", "x@y.test\r\nBcc: z@y.test", "a@example.test",
	    "\" , x@y.test", "> , <x@y.test", "[_site_admin_email]", "[your-email]", ",,,,", "\"",
	    "x@y.test>\r\nRCPT TO:<z@y.test", "admin@example.test"};
	static const char *const recipients[] = {"[your-email], a@example.test", "a@example.test, [your-email] <[your-email]>",
	    "\"[your-email]\" <[your-email]>, a@example.test", "[_raw_your-email], a@example.test",
	    "a@example.test,[_raw_evil],[evil]", "[_url], [_user_agent], a@example.test"};

	for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
		for (gsize k = 0; k < G_N_ELEMENTS(recipients); k++) {
			g_autoptr(Form) form =
			    fixture_compile(plans_source(recipients[k], "Cc: [your-email]\nReply-To: [your-email]"));
			g_autoptr(Submission) submission =
			    fixture_submission(form, fixture_posted("your-email", values[i], "evil", values[i], NULL));
			g_assert_cmpuint(count_allowed(form, submission, "a@example.test"), ==, 1);
		}
	}
}

/* A visitor who types the owner's address does not turn it into a refused one. */
static void
test_a_typed_configured_address_stays_allowed(void)
{
	g_autofree char *planned =
	    plans_for("[your-email], a@example.test", "Cc: [your-email], c@example.test", "c@example.test");

	g_assert_cmpstr(planned, ==, "notice To a@example.test; notice Cc c@example.test");
}

/* --- Addresses that the form offers (contract 13.5, M17) --------------------------------------------------------------------- */

#define CHOICES "\"Sales|sales@example.test\" \"Support|Sup <support@example.test>, x@example.test\" \"None|none\""
#define SALES "notice To sales@example.test"
#define SUPPORT "notice To Sup support@example.test; notice To x@example.test"

static Form *
form_offering(const char *fields, const char *recipient, const char *headers)
{
	FormSource *source = fixture_source(fields);

	plans_set(&source->mail[0].recipient, recipient);
	plans_set(&source->mail[0].additional_headers, headers);
	return fixture_compile(source);
}

static char *
plan_offered(const char *fields, const char *recipient, const char *name, const char *value)
{
	g_autoptr(Form) form = form_offering(fields, recipient, "");
	g_autoptr(Submission) submission = fixture_submission(form, fixture_posted(name, value, "other", "o@y.test", NULL));

	return plans_text(form, submission);
}

static void
test_offered(void)
{
	static const struct {
		const char *fields, *recipient, *name, *value, *planned;
	} cases[] = {
	    {"[select sel " CHOICES "]", "[sel]", "sel", "Sales", SALES},
	    {"[select* sel " CHOICES "]", " [ sel ] ", "sel", "Support", SUPPORT},
	    {"[radio sel " CHOICES "]", "[sel]", "sel", "Sales", SALES},
	    {"[checkbox sel " CHOICES "]", "[sel]", "sel[]", "Support", SUPPORT},
	    {"[select a.b " CHOICES "]", "[a.b]", "a_b", "Sales", SALES},
	    {"[select sel \"R&amp;D|rd@example.test\"]", "[sel]", "sel", " R&D ", "notice To rd@example.test"},
	    {"[select sel \"a@example.test\"]", "[sel]", "sel", "a@example.test", "notice To a@example.test"},
	    {"[select sel \"a\" \"b\"]", "[sel]@example.test", "sel", "b", "notice To b@example.test"},
	    {"[select sel " CHOICES "][reflection sel]", "[sel]", "sel", "Sales", SALES},
	    {"[select sel " CHOICES "][radio sel \"More|more@example.test\"]", "[sel]", "sel", "More",
		"notice To more@example.test"},
	    /* The text behind "|", posted itself, is the operator's too. */
	    {"[select sel " CHOICES "]", "[sel]", "sel", "sales@example.test", SALES},
	    {"[select sel " CHOICES "]", "[sel]", "sel", "None", ""},
	    {"[select sel " CHOICES "]", "[sel]", "sel", "", ""},
	    {"[select sel " CHOICES "]", "[sel]", "nothing", "", ""},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *planned = plan_offered(cases[i].fields, cases[i].recipient, cases[i].name, cases[i].value);
		g_test_message("%s, %s = %s", cases[i].fields, cases[i].name, cases[i].value);
		g_assert_cmpstr(planned, ==, cases[i].planned);
	}
}

/* Whatever makes it possible to type the address makes the entry the visitor's, even for one who chooses what is offered. */
static void
test_not_offered(void)
{
	static const struct {
		const char *fields, *recipient, *value;
	} cases[] = {
	    {"[select sel " CHOICES "]", "[sel]", "evil@y.test"},
	    {"[select sel " CHOICES "]", "[sel]", "Sales, evil@y.test"},
	    {"[select sel " CHOICES "]", "[sel]", "sales@example.test, evil@y.test"},
	    {"[select sel " CHOICES "]", "[sel]", "sales@example.test\r\nBcc: evil@y.test"},
	    {"[select sel " CHOICES "]", "[_raw_sel]", "evil@y.test"},
	    {"[select sel \"a@example.test\"]", "[_raw_sel]", "a@example.test"},
	    {"[select sel \"a@example.test\"]", "[_format_sel \"Y\"]", "a@example.test"},
	    {"[select sel \"a@example.test\"]", "[sel] [_raw_sel]", "a@example.test"},
	    {"[select sel \"a@example.test\"]", "[other] <[sel]>", "a@example.test"},
	    {"[select sel \"a@example.test\"]", "[sel], [other]", "o@y.test"},
	    {"[checkbox sel free_text \"a@example.test\"]", "[sel]", "a@example.test"},
	    {"[checkbox sel \"a@example.test\"][checkbox sel free_text \"b\"]", "[sel]", "a@example.test"},
	    {"[checkbox sel \"a@example.test\"][hidden sel \"b\"]", "[sel]", "a@example.test"},
	    {"[hidden sel \"b\"][select sel \"a@example.test\"]", "[sel]", "a@example.test"},
	    {"[select sel \"a@example.test\"][quiz sel \"b|c\"]", "[sel]", "a@example.test"},
	    {"[select sel \"a@example.test\"][text sel]", "[sel]", "a@example.test"},
	    {"[hidden sel \"a@example.test\"]", "[sel]", "a@example.test"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
		g_autoptr(SiteFacts) site = fixture_site();
		FormSource *source = fixture_source(cases[i].fields);
		plans_set(&source->mail[0].recipient, cases[i].recipient);
		g_autoptr(Form) form = form_examine(source, site, problems);
		g_autoptr(Submission) submission =
		    fixture_submission(form, fixture_posted("sel", cases[i].value, "other", "o@y.test", NULL));
		g_autoptr(GPtrArray) plan = replies_plan(form, submission);
		g_test_message("%s, %s = %s", cases[i].fields, cases[i].recipient, cases[i].value);
		for (guint k = 0; k < plan->len; k++)
			g_assert_cmpstr(((const PlannedRecipient *)plan->pdata[k])->refusal, ==, "recipient_from_field");
	}
}

/* One that is not offered takes the others of its entry along, and no others. */
static void
test_partly_offered(void)
{
	g_autoptr(Form) form =
	    form_offering("[checkbox sel " CHOICES "][checkbox two " CHOICES "]", "[sel], [two]", "Cc: a@example.test");
	g_autoptr(Submission) submission =
	    fixture_submission(form, fixture_posted("sel[]", "Sales", "sel[]", "evil@y.test", "two[]", "Support", NULL));
	g_autofree char *planned = plans_text(form, submission);

	g_assert_cmpstr(planned, ==,
	    SUPPORT "; notice Cc a@example.test; notice To sales@example.test recipient_from_field; "
		    "notice To evil@y.test recipient_from_field");
}

/* A row that a front wrote whose form offered something else: another address, or a field that posted nothing of the kind. */
static void
test_forged(void)
{
	static const char *const fronts[] = {"[select sel \"Sales|evil@y.test\"]", "[text sel]", "[text nothing]",
	    "[checkbox sel free_text \"x\"]", "[select sel \"Sales|sales@example.test, evil@y.test\"]"};
	static const char *const values[] = {"Sales", "evil@y.test", "x@example.test, evil@y.test"};
	g_autoptr(Form) form = form_offering("[select sel " CHOICES "]", "[sel], a@example.test", "");

	for (gsize i = 0; i < G_N_ELEMENTS(fronts); i++) {
		for (gsize k = 0; k < G_N_ELEMENTS(values); k++) {
			g_autoptr(Form) front = form_offering(fronts[i], "a@example.test", "");
			g_autoptr(Submission) submission = fixture_submission(
			    front, fixture_posted("sel", values[k], "_wpcf7_free_text_sel", "evil@y.test", NULL));
			g_assert_cmpuint(count_allowed(form, submission, "a@example.test"), ==, 1);
		}
	}
}

static void
test_offered_in_headers_and_mail_2(void)
{
	FormSource *source = fixture_source("[select sel " CHOICES "]");
	plans_set(&source->mail[0].recipient, "a@example.test");
	plans_set(&source->mail[0].additional_headers, "Cc: [sel]\nBcc: [sel]@y.test, [sel]");
	plans_set(&source->mail[1].sender, "noreply@example.test");
	plans_set(&source->mail[1].recipient, "[sel]");
	source->mail[1].is_active = TRUE;
	g_autoptr(Form) form = fixture_compile(source);
	g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("sel", "Sales", NULL));
	g_autofree char *planned = plans_text(form, submission);

	g_assert_cmpstr(planned, ==,
	    "notice To a@example.test; notice Cc sales@example.test; reply "
	    "To sales@example.test");
}

static void
test_the_ceiling_of_offered(void)
{
	GString *fields = g_string_new("[select sel \"All|");
	for (guint i = 0; i < 2 * LIMIT_RECIPIENTS; i++)
		g_string_append_printf(fields, "%sa%u@example.test", i > 0 ? ", " : "", i);
	g_string_append(fields, "\"]");
	g_autoptr(Form) form = form_offering(fields->str, "[sel]", "");
	g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("sel", "All", NULL));
	g_autoptr(GPtrArray) plan = replies_plan(form, submission);

	g_assert_cmpuint(plan->len, ==, LIMIT_RECIPIENTS);
	for (guint i = 0; i < plan->len; i++)
		g_assert_null(((const PlannedRecipient *)plan->pdata[i])->refusal);
	g_string_free(fields, TRUE);
}

static void
test_entry_refusal(void)
{
	g_autoptr(Form) form = form_offering("[select sel " CHOICES "][email your-email]", "a@example.test", "");

	g_assert_null(replies_entry_refusal(form, MAIL_NOTICE, "a@example.test"));
	g_assert_null(replies_entry_refusal(form, MAIL_NOTICE, "[sel]"));
	g_assert_cmpstr(replies_entry_refusal(form, MAIL_NOTICE, "[your-email]"), ==, "recipient_from_field");
	g_assert_null(replies_entry_refusal(form, MAIL_REPLY, "[sel]"));
	g_assert_null(replies_entry_refusal(form, MAIL_REPLY, "[your-email]"));
	g_assert_null(replies_entry_refusal(form, MAIL_COPY, "[your-email]"));
	((FormSource *)form->source)->reply = REPLY_NEVER;
	g_assert_null(replies_entry_refusal(form, MAIL_REPLY, "[sel]"));
	g_assert_cmpstr(replies_entry_refusal(form, MAIL_REPLY, "[your-email]"), ==, "reply_policy");
	g_assert_cmpstr(replies_entry_refusal(form, MAIL_COPY, "[your-email]"), ==, "reply_policy");
}

static void
test_nothing_is_planned(gconstpointer setting)
{
	FormSource *source = plans_source("a@example.test", "");
	plans_set(&source->additional_settings, setting);
	g_autoptr(Form) form = fixture_compile(source);
	g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("your-email", "taro@visitor.test", NULL));
	g_autofree char *planned = plans_text(form, submission);

	g_assert_cmpstr(planned, ==, "");
}

/* The note that something is held goes to the site's owner, whoever the form mails. */
static void
test_held(void)
{
	g_autoptr(Form) form = fixture_compile(plans_source("[your-email], a@example.test", ""));
	g_autoptr(GPtrArray) plan = replies_plan_held(form);

	g_assert_cmpuint(plan->len, ==, 1);
	const PlannedRecipient *owner = plan->pdata[0];
	g_assert_cmpint(owner->kind, ==, MAIL_HELD);
	g_assert_cmpstr(owner->address, ==, form->site->admin_address);
	g_assert_true(owner->refusal == NULL && !owner->is_typed);
	form->is_demo = TRUE;
	g_autoptr(GPtrArray) nothing = replies_plan_held(form);
	g_assert_cmpuint(nothing->len, ==, 0);
}

/* Refused ones do not crowd out configured ones, and neither passes the ceiling. */
static void
test_the_ceiling(void)
{
	GString *list = g_string_new(NULL), *typed = g_string_new(NULL);
	for (guint i = 0; i < LIMIT_RECIPIENTS - 1; i++)
		g_string_append_printf(list, ", a%u@example.test", i);
	for (guint i = 0; i < LIMIT_RECIPIENTS; i++)
		g_string_append_printf(typed, "%sx%u@y.test", i > 0 ? "," : "", i);
	g_string_prepend(list, "[your-email]");
	g_autoptr(Form) form = fixture_compile(plans_source(list->str, ""));
	g_autoptr(Submission) submission = fixture_submission(form, fixture_posted("your-email", typed->str, NULL));
	g_autoptr(GPtrArray) plan = replies_plan(form, submission);

	g_assert_cmpuint(plan->len, ==, LIMIT_RECIPIENTS);
	for (guint i = 0; i < plan->len; i++) {
		const PlannedRecipient *recipient = plan->pdata[i];
		g_assert_cmpint(recipient->refusal == NULL, ==, i < LIMIT_RECIPIENTS - 1);
	}
	g_string_free(list, TRUE);
	g_string_free(typed, TRUE);
}

static void
test_split_entries(void)
{
	g_autoptr(GPtrArray) entries = replies_split_entries("a, \"b, c\" <d>,[_format_x \"Y, m\"],");

	g_assert_cmpuint(entries->len, ==, 4);
	g_assert_cmpstr(entries->pdata[0], ==, "a");
	g_assert_cmpstr(entries->pdata[1], ==, " \"b, c\" <d>");
	g_assert_cmpstr(entries->pdata[2], ==, "[_format_x \"Y, m\"]");
	g_assert_cmpstr(entries->pdata[3], ==, "");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/replies/each entry is judged as it stands in the template", test_entries);
	g_test_add_func("/replies/no value adds a recipient", test_no_value_adds_a_recipient);
	g_test_add_func("/replies/a typed configured address stays allowed", test_a_typed_configured_address_stays_allowed);
	g_test_add_func("/replies/an address that the form offers is mailed", test_offered);
	g_test_add_func("/replies/what can be typed is not offered", test_not_offered);
	g_test_add_func("/replies/one that is not offered spoils its entry", test_partly_offered);
	g_test_add_func("/replies/a forged row brings no address", test_forged);
	g_test_add_func("/replies/offered in Cc and Bcc, and in mail_2", test_offered_in_headers_and_mail_2);
	g_test_add_func("/replies/the ceiling of an offered list", test_the_ceiling_of_offered);
	g_test_add_func("/replies/an entry by itself", test_entry_refusal);
	g_test_add_data_func("/replies/demo_mode plans nothing", "demo_mode: on", test_nothing_is_planned);
	g_test_add_data_func("/replies/skip_mail plans nothing", "skip_mail: on", test_nothing_is_planned);
	g_test_add_func("/replies/the note about what is held", test_held);
	g_test_add_func("/replies/the ceiling keeps the configured ones", test_the_ceiling);
	g_test_add_func("/replies/entries are split outside quotes", test_split_entries);
	return g_test_run();
}
