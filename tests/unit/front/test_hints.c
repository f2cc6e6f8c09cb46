/*
 * What a visitor is told of mail to come: which mails it is about, in whose language, and that nothing typed is in it.
 */
#include "hints.h"

#include <string.h>

#include "sekisho/policy/replies.h"

#define ASKS_EN "Before the reply"
#define ASKS_JA "返信の前に"
#define ALLOW_EN "If your address is with NTT docomo, please set your mailbox to accept mail from example.jp."
#define ALLOW_JA "ドコモのメールアドレスをお使いの場合は、example.jp からのメールを受信できるように設定してください。"

static Form *
make_form(const char *locale, ReplyPolicy reply)
{
	g_autoptr(SiteFacts) site = site_facts_new();
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	FormSource *source = form_source_new();
	g_free(site->from);
	site->from = g_strdup("見本商店 <info@Example.JP>");
	g_free(source->locale);
	source->locale = g_strdup(locale);
	source->reply = reply;
	return form_examine(source, site, problems);
}

typedef struct {
	const char *name;
	const char *locale;
	ReplyPolicy reply;
	PlannedRecipient planned;
	const char *hints[2]; /* how they begin */
} HintCase;

#define TYPED(kind_, address_)                                                                                                   \
	{                                                                                                                        \
		.kind = (kind_), .address = (char *)(address_), .is_typed = TRUE                                                 \
	}

static const HintCase cases[] = {
    {"a reply to anybody", "en_US", REPLY_CONFIRM, TYPED(MAIL_REPLY, "taro@example.org"), {ASKS_EN, NULL}},
    {"a copy, in Japanese", "ja", REPLY_CONFIRM, TYPED(MAIL_COPY, "taro@example.org"), {ASKS_JA, NULL}},
    {"a carrier's customer", "en_US", REPLY_CONFIRM, TYPED(MAIL_REPLY, "hanako.x@docomo.ne.jp"), {ASKS_EN, ALLOW_EN}},
    {"a carrier's customer, in Japanese", "ja", REPLY_CONFIRM, TYPED(MAIL_REPLY, "hanako.x@docomo.ne.jp"), {ASKS_JA, ALLOW_JA}},
    {"nobody is asked", "ja", REPLY_PROVED, TYPED(MAIL_REPLY, "hanako.x@docomo.ne.jp"), {ALLOW_JA, NULL}},
    {"nobody is asked, and no carrier", "ja", REPLY_PROVED, TYPED(MAIL_REPLY, "taro@example.org"), {NULL, NULL}},
    {"the owner's own address", "ja", REPLY_CONFIRM, {.kind = MAIL_NOTICE, .address = (char *)"shop@docomo.ne.jp"}, {NULL, NULL}},
    {"a refused one", "ja", REPLY_CONFIRM,
	{.kind = MAIL_REPLY, .address = (char *)"x@docomo.ne.jp", .is_typed = TRUE, .refusal = "recipient_unusual"},
	{NULL, NULL}},
};

static void
test_hints(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		const HintCase *one = &cases[i];
		PlannedRecipient planned = one->planned;
		gpointer list[] = {&planned};
		const GPtrArray recipients = {.pdata = list, .len = 1};
		g_autoptr(Form) form = make_form(one->locale, one->reply);
		g_auto(GStrv) hints = hints_of(form, &recipients);
		g_test_message("%s", one->name);
		for (gsize j = 0; j < G_N_ELEMENTS(one->hints) && one->hints[j] != NULL; j++) {
			g_assert_cmpuint(hints != NULL ? g_strv_length(hints) : 0, >, j);
			g_assert_true(g_str_has_prefix(hints[j], one->hints[j]));
			g_assert_null(strchr(hints[j], '@'));
			g_assert_null(strchr(hints[j], '{'));
		}
		const gsize expected = (one->hints[0] != NULL ? 1u : 0u) + (one->hints[1] != NULL ? 1u : 0u);
		g_assert_cmpuint(hints != NULL ? g_strv_length(hints) : 0, ==, expected);
		g_assert_true((hints == NULL) == (expected == 0));
	}
}

/* However many addresses there are, each hint is said once. */
static void
test_once(void)
{
	PlannedRecipient reply = TYPED(MAIL_REPLY, "taro@example.org");
	PlannedRecipient copy = TYPED(MAIL_COPY, "hanako.x@docomo.ne.jp");
	gpointer list[] = {&reply, &copy, &copy};
	const GPtrArray recipients = {.pdata = list, .len = G_N_ELEMENTS(list)};
	g_autoptr(Form) form = make_form("ja", REPLY_CONFIRM);
	g_auto(GStrv) hints = hints_of(form, &recipients);
	g_assert_cmpuint(g_strv_length(hints), ==, 2);
	g_assert_cmpstr(hints[1], ==, ALLOW_JA);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/front/hints/are about typed addresses that may get mail", test_hints);
	g_test_add_func("/front/hints/each is said once", test_once);
	return g_test_run();
}
