/* Texts are found by language and id; the 23 message keys of contract 7.3 are all there. */
#include "sekisho/base/texts.h"

static const char *const message_keys[] = {
    "mail_sent_ok",
    "mail_sent_ng",
    "validation_error",
    "spam",
    "accept_terms",
    "invalid_required",
    "invalid_too_long",
    "invalid_too_short",
    "upload_failed",
    "upload_file_type_invalid",
    "upload_file_too_large",
    "upload_failed_php_error",
    "invalid_date",
    "date_too_early",
    "date_too_late",
    "invalid_number",
    "number_too_small",
    "number_too_large",
    "quiz_answer_not_correct",
    "captcha_not_match",
    "invalid_email",
    "invalid_url",
    "invalid_tel",
};

static void
test_message_keys(void)
{
	g_assert_cmpuint(G_N_ELEMENTS(message_keys), ==, 23);
	for (gsize i = 0; i < G_N_ELEMENTS(message_keys); i++) {
		g_autofree char *id = g_strconcat("message.", message_keys[i], NULL);
		const char *english = text_find("en_US", id), *japanese = text_find("ja", id);
		g_assert_nonnull(english);
		g_assert_true(g_str_is_ascii(english));
		g_assert_nonnull(japanese);
		g_assert_false(g_str_is_ascii(japanese));
	}
}

static void
test_locales(void)
{
	static const char *const japanese[] = {"ja", "ja_JP", "ja-JP", "ja.UTF-8", "JA"};
	static const char *const english[] = {"en", "en_US", "", "j", "jam", "jav_ID", "de_DE", "C"};
	for (gsize i = 0; i < G_N_ELEMENTS(japanese); i++)
		g_assert_cmpstr(text_for(japanese[i], "message.invalid_too_long"), ==, "文字数が多すぎます。");
	for (gsize i = 0; i < G_N_ELEMENTS(english); i++)
		g_assert_cmpstr(text_for(english[i], "message.invalid_too_long"), ==, "Too long.");
}

static void
test_unknown(void)
{
	static const char *const ids[] = {"", "message", "message.", "message.nope", "zzz", "fixed.enu"};
	for (gsize i = 0; i < G_N_ELEMENTS(ids); i++)
		g_assert_null(text_find("ja", ids[i]));
	if (g_test_subprocess()) {
		text_for("ja", "message.nope");
		return;
	}
	g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
	g_test_trap_assert_failed();
	g_test_trap_assert_stderr("*message.nope*");
}

static void
test_fill(void)
{
	static const TextPlace places[] = {{"title", "a {link} b"}, {"link", "L"}, {"none", ""}, {NULL, NULL}};
	static const struct {
		const char *text, *filled;
	} cases[] = {{"", ""}, {"{title}{link}", "a {link} bL"}, {"x{none}y", "xy"}, {"{other} {", "{other} {"},
	    {"{{link}}", "{L}"}, {"{tit le} {links}", "{tit le} {links}"}, {"日{link}本", "日L本"}};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *filled = text_fill(cases[i].text, places);
		g_assert_cmpstr(filled, ==, cases[i].filled);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/base/texts/all message keys in both languages (contract 7.3)", test_message_keys);
	g_test_add_func("/base/texts/language of a locale", test_locales);
	g_test_add_func("/base/texts/places are filled in once", test_fill);
	g_test_add_func("/base/texts/an unknown id aborts", test_unknown);
	return g_test_run();
}
