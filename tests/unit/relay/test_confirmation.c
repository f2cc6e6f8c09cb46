/*
 * The mail that asks for consent: what is in it, and that nothing else can be.
 */
#include <string.h>

#include "fixture.h"
#include "sekisho/base/error.h"
#include "sekisho/relay/letter.h"

#define LINK "http://www.example.test/sekisho/confirm?t=TOKEN"

static void
set(char **text, const char *value)
{
	g_free(*text);
	*text = g_strdup(value);
}

typedef struct {
	const char *locale, *title, *receipt, *address;
	const VaultHash *recipient; /* NULL: taro */
} Case;

/* Version, key, and what is the address's. */
static const VaultHash taro = {
    {1, 2, 3, 4, 5, 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf}};
static const VaultHash jiro = {
    {1, 2, 3, 4, 5, 0xb0, 0xb1, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xbb, 0xbc, 0xbd, 0xbe, 0xbf}};

static Letter *
letter_of(const Case *given, GError **error)
{
	g_autoptr(SiteFacts) site = fixture_site();
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	FormSource *source = fixture_source("[text your-name][email your-email]");

	set(&site->title, given->title);
	g_time_zone_unref(site->timezone);
	site->timezone = g_time_zone_new_offset(9 * 3600);
	set(&source->locale, given->locale);
	set(&site->date_format, "j. F Y");
	set(&site->time_format, "H:i");
	set(&source->mail[1].additional_headers, "Reply-To: desk@example.test\nX-Mark: 1");
	g_autoptr(Form) form = form_new(source, site, problems);
	g_assert_nonnull(form);
	const ConfirmationRequest request = {.form = form,
	    .receipt = given->receipt,
	    .recipient = given->recipient != NULL ? given->recipient : &taro,
	    .address = given->address,
	    .link = LINK,
	    .made_at_us = G_GINT64_CONSTANT(1763780400000000),
	    .until_us = G_GINT64_CONSTANT(1763823600000000)};
	return confirmation_letter(&request, error);
}

/* Mailboxes drop a second mail with the same Message-ID: two addresses of a submission have two, and a repetition keeps its own. */
static void
test_its_name(void)
{
	Case given = {.locale = "en", .title = "t", .receipt = "0123456789AB", .address = "taro@v.test"};
	g_autoptr(Letter) first = letter_of(&given, NULL), again = letter_of(&given, NULL);
	given.recipient = &jiro;
	g_autoptr(Letter) other = letter_of(&given, NULL);

	g_assert_cmpstr(first->message_id, ==, again->message_id);
	g_assert_cmpstr(first->message_id, !=, other->message_id);
}

static void
test_what_it_says(void)
{
	static const struct {
		const char *locale, *subject, *until;
	} cases[] = {
	    {"en_US", "Please confirm your e-mail address - 例の店",
		"\nThe page works until 23. November 2025 00:00 (+09:00).\n"},
	    {"ja", "メールアドレスご確認のお願い(例の店)", "\nこのページの有効期限: 23. 11月 2025 00:00 (+09:00)\n"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Letter) letter = letter_of(
		    &(Case){.locale = cases[i].locale, .title = "例の店", .receipt = "0123456789AB", .address = "taro@v.test"},
		    &error);
		g_assert_no_error(error);
		g_assert_cmpstr(letter->subject, ==, cases[i].subject);
		g_assert_nonnull(strstr(letter->text, "\n例の店\nhttp://www.example.test:18080\n"));
		g_assert_nonnull(strstr(letter->text, "\n" LINK "\n"));
		g_assert_nonnull(strstr(letter->text, cases[i].until));
		g_assert_null(strchr(letter->text, '{'));
		g_assert_null(strstr(letter->text, "taro"));
		g_assert_null(letter->html);
		g_assert_cmpstr(letter->message_id, ==, "0123456789AB.confirmation.0.a8a9aaabacadaeaf@example.test");
		g_assert_cmpstr(letter->from->address, ==, "noreply@example.test");
		g_assert_cmpuint(letter->to->len, ==, 1);
		g_assert_cmpstr(((const Mailbox *)letter->to->pdata[0])->address, ==, "taro@v.test");
		g_assert_cmpstr(((const Mailbox *)letter->to->pdata[0])->name, ==, "");
		g_assert_cmpuint(
		    letter->cc->len + letter->reply_to->len + letter->headers->len + letter->attachments->len, ==, 0);
		g_assert_true(letter->is_automatic);
	}
}

/* What the operator wrote is not looked through for placeholders, and stays one line in the subject. */
static void
test_a_strange_title(void)
{
	g_autoptr(Letter) letter = letter_of(
	    &(Case){.locale = "en", .title = "{link} {until\nBcc: x@y.test", .receipt = "0123456789AB", .address = "a@v.test"},
	    NULL);

	g_assert_cmpstr(letter->subject, ==, "Please confirm your e-mail address - {link} {untilBcc: x@y.test");
	const char *first = strstr(letter->text, LINK);
	g_assert_null(strstr(first + 1, LINK));
}

/* A receipt comes from a row, and stands in the Message-ID. */
static void
test_a_foreign_receipt(void)
{
	static const char *const receipts[] = {
	    "", "0123456789A", "0123456789ABC", "BUYATEVILDOTTEST", "0123456789A@", "0123456789A\n"};

	for (gsize i = 0; i < G_N_ELEMENTS(receipts); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_null(
		    letter_of(&(Case){.locale = "en", .title = "", .receipt = receipts[i], .address = "a@v.test"}, &error));
		g_assert_error(error, RELAY_ERROR, RELAY_ERROR_MESSAGE);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/confirmation/what it says", test_what_it_says);
	g_test_add_func("/confirmation/its name", test_its_name);
	g_test_add_func("/confirmation/a strange title", test_a_strange_title);
	g_test_add_func("/confirmation/a foreign receipt is refused", test_a_foreign_receipt);
	return g_test_run();
}
