/* The trap's cookie, and when the check rests. */
#include "sekisho/policy/trap.h"

#include <string.h>

#include "fixture.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"

static void
test_token(void)
{
	Vault *vault = fixture_vault();
	g_autofree char *token = trap_token(vault, "a.test");
	g_assert_cmpint(trap_age_us(vault, "a.test", token), >=, 0);
	g_assert_cmpint(trap_age_us(vault, "a.test", token), <, G_USEC_PER_SEC);
	clock_set_offset_us(4 * G_USEC_PER_SEC);
	g_assert_cmpint(trap_age_us(vault, "a.test", token), >=, 4 * G_USEC_PER_SEC);
	clock_set_offset_us(TRAP_LIFE_US - G_USEC_PER_SEC);
	g_assert_cmpint(trap_age_us(vault, "a.test", token), >, 0);
	clock_set_offset_us(TRAP_LIFE_US + G_USEC_PER_SEC);
	g_assert_cmpint(trap_age_us(vault, "a.test", token), ==, -1);
	clock_set_offset_us(-G_USEC_PER_SEC);
	g_assert_cmpint(trap_age_us(vault, "a.test", token), ==, -1);
	clock_set_offset_us(0);
	/* Another site's, or changed anywhere, is none. */
	g_assert_cmpint(trap_age_us(vault, "b.test", token), ==, -1);
	for (gsize i = 0; i < strlen(token); i++) {
		g_autofree char *changed = g_strdup(token);
		changed[i] = changed[i] == '1' ? '2' : '1';
		g_assert_cmpint(trap_age_us(vault, "a.test", changed), ==, -1);
	}
	static const char *const rubbish[] = {"", ".", "0", "x\r\n", "日本"};
	for (gsize i = 0; i < G_N_ELEMENTS(rubbish); i++)
		g_assert_cmpint(trap_age_us(vault, "a.test", rubbish[i]), ==, -1);
	g_autofree char *longer = g_strconcat(token, "0", NULL);
	g_assert_cmpint(trap_age_us(vault, "a.test", longer), ==, -1);
	/* A cookie's value (RFC 6265 section 4.1.1). */
	for (const char *at = token; *at != '\0'; at++)
		g_assert_true(g_ascii_isalnum(*at) || *at == '.');
}

static void
test_rest(void)
{
	Trap *trap = trap_new();
	g_assert_true(trap_is_useful(trap, "a.test"));
	/* A young site has too few to learn from. */
	for (guint i = 0; i + 1 < LIMIT_TRAP_SAMPLE; i++)
		g_assert_false(trap_learn(trap, "a.test", FALSE));
	g_assert_true(trap_is_useful(trap, "a.test"));
	g_assert_true(trap_learn(trap, "a.test", FALSE));
	g_assert_false(trap_is_useful(trap, "a.test"));
	g_assert_false(trap_learn(trap, "a.test", FALSE));
	g_assert_true(trap_is_useful(trap, "b.test"));
	/* Half of them with a cookie are enough for it to begin again. */
	for (guint i = 0; i < LIMIT_TRAP_SAMPLE / 2 - 1; i++)
		trap_learn(trap, "a.test", TRUE);
	g_assert_false(trap_is_useful(trap, "a.test"));
	trap_learn(trap, "a.test", TRUE);
	g_assert_true(trap_is_useful(trap, "a.test"));
	/* It says so each time it begins to rest, and remembers no more sites than it may. */
	g_assert_false(trap_learn(trap, "a.test", FALSE));
	for (guint i = 0; i < LIMIT_TRAP_SAMPLE / 2 - 1; i++)
		trap_learn(trap, "a.test", TRUE);
	guint told = 0;
	for (guint i = 0; i < LIMIT_TRAP_SAMPLE; i++)
		told += trap_learn(trap, "a.test", FALSE);
	g_assert_cmpuint(told, ==, 1);
	for (guint i = 0; i < LIMIT_TRAP_SITES; i++) {
		g_autofree char *site = g_strdup_printf("%u.test", i);
		trap_learn(trap, site, TRUE);
	}
	g_assert_true(trap_is_useful(trap, "a.test"));
	trap_free(trap);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/trap/token", test_token);
	g_test_add_func("/trap/rest", test_rest);
	return g_test_run();
}
