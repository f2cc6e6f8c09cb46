/* Links and tags that the vault signs, and boxes for whoever holds the private key. */
#include <string.h>

#include "sekisho/base/error.h"
#include "vault_fixture.h"

#define SITE "example.test"
#define PAYLOAD "01ABCDEFGHJK2"
#define EXPIRES_US (G_GINT64_CONSTANT(1800000000) * G_USEC_PER_SEC)
/* Key files of the tests that need to know their bytes. */
#define SEEDS "[link 0000abcd]\n" DATE "secret=" KEY "\n"

static char *
sign_for(Vault *vault, VaultLinkPurpose purpose, const char *site, gsize payload_size)
{
	g_autofree char *text = g_strnfill(payload_size, 'p');
	g_autoptr(GBytes) payload = g_bytes_new(payload_size == strlen(PAYLOAD) ? PAYLOAD : text, payload_size);
	const VaultLink link = {.purpose = purpose, .site = site, .expires_at_us = EXPIRES_US, .payload = payload};
	return vault_link_sign(vault, &link);
}

static char *
sign(Vault *vault)
{
	return sign_for(vault, VAULT_LINK_CONSENT, SITE, strlen(PAYLOAD));
}

static void
assert_verifies(Vault *vault, const char *token)
{
	g_autoptr(GError) error = NULL;
	VaultLink link = {.purpose = VAULT_LINK_CONSENT, .site = SITE};
	g_assert_true(vault_link_verify(vault, token, &link, &error));
	g_assert_no_error(error);
	g_assert_cmpint(link.expires_at_us, ==, EXPIRES_US);
	g_autoptr(GBytes) payload = link.payload, expected = g_bytes_new_static(PAYLOAD, strlen(PAYLOAD));
	g_assert_true(g_bytes_equal(payload, expected));
}

static void
assert_refused(Vault *vault, const char *token, BaseError code)
{
	g_autoptr(GError) error = NULL;
	VaultLink link = {.purpose = VAULT_LINK_CONSENT, .site = SITE, .expires_at_us = 7};
	g_assert_false(vault_link_verify(vault, token, &link, &error));
	g_assert_error(error, BASE_ERROR, (int)code);
	/* A caller who forgot to look finds nothing. */
	g_assert_null(link.payload);
	g_assert_cmpint(link.expires_at_us, ==, 7);
}

/* --- Links ------------------------------------------------------------------------------------------------------ */

static void
test_link(Fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autofree char *token = sign(fixture->courier), *again = sign(fixture->admin);
	g_assert_cmpstr(token, ==, again);
	g_assert_cmpuint(strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), ==, strlen(token));
	assert_verifies(fixture->front, token);
	assert_verifies(fixture->courier, token);
	assert_verifies(fixture->admin, token);
	g_autoptr(GBytes) exported = vault_export(fixture->admin, VAULT_FRONT);
	g_autoptr(Vault) handed = vault_import(exported, VAULT_FRONT, NULL);
	assert_verifies(handed, token);
}

static void
test_payloads(Fixture *fixture, gconstpointer data)
{
	(void)data;
	for (gsize size = 0; size <= VAULT_LINK_PAYLOAD_BYTES; size++) {
		VaultLink link = {.purpose = VAULT_LINK_CANARY, .site = ""};
		g_autofree char *token = sign_for(fixture->courier, VAULT_LINK_CANARY, "", size);
		g_assert_true(vault_link_verify(fixture->front, token, &link, NULL));
		g_assert_cmpuint(g_bytes_get_size(link.payload), ==, size);
		g_bytes_unref(link.payload);
	}
}

static void
test_foreign_link(Fixture *fixture, gconstpointer data)
{
	(void)data;
	static const struct {
		VaultLinkPurpose purpose;
		const char *site;
	} rows[] = {
	    {VAULT_LINK_CANARY, SITE},
	    {VAULT_LINK_CONSENT, "other.test"},
	    {VAULT_LINK_CONSENT, ""},
	    {VAULT_LINK_CONSENT, SITE "\001"},
	    {VAULT_LINK_CONSENT, "Example.test"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *token = sign_for(fixture->courier, rows[i].purpose, rows[i].site, strlen(PAYLOAD));
		assert_refused(fixture->front, token, BASE_ERROR_FORGED);
		assert_refused(fixture->courier, token, BASE_ERROR_FORGED);
	}
}

/* A token with an underscore, for which libsodium takes another byte, too, and with a last group that is not whole: it has bits that belong to no
 * byte, and they must be 0. */
static char *
sign_awkward(Vault *vault)
{
	char *token = NULL;
	for (gsize size = 0; !token || !strchr(token, '_') || strlen(token) % 4 == 0; size++) {
		g_free(token);
		token = sign_for(vault, VAULT_LINK_CONSENT, SITE, size);
	}
	return token;
}

/* Whatever byte is put in the place of whichever character, or added, and whichever is left out: it is refused. */
static void
test_changed_link(Fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autofree char *token = sign_awkward(fixture->courier);
	const gsize length = strlen(token);
	for (gsize i = 0; i < length; i++) {
		for (guint other = 1; other < 256; other++) {
			g_autofree char *changed = g_strdup(token);
			changed[i] = (char)other;
			if (changed[i] == token[i])
				continue;
			g_autoptr(GError) error = NULL;
			VaultLink link = {.purpose = VAULT_LINK_CONSENT, .site = SITE};
			g_assert_false(vault_link_verify(fixture->front, changed, &link, &error));
			/* The first bytes name a key; one that is not there is called so. */
			if (!g_error_matches(error, BASE_ERROR, BASE_ERROR_KEY) || i > 6)
				g_assert_error(error, BASE_ERROR, BASE_ERROR_FORGED);
		}
		g_autofree char *cut = g_strndup(token, i), *without = g_strconcat(cut, token + i + 1, NULL);
		assert_refused(fixture->front, cut, BASE_ERROR_FORGED);
		assert_refused(fixture->front, without, BASE_ERROR_FORGED);
	}
	for (guint other = 1; other < 256; other++) {
		g_autofree char *longer = g_strdup_printf("%s%c", token, (char)other);
		g_autofree char *before = g_strdup_printf("%c%s", (char)other, token);
		assert_refused(fixture->front, longer, BASE_ERROR_FORGED);
		assert_refused(fixture->front, before, BASE_ERROR_FORGED);
	}
}

static void
test_garbage(Fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autofree char *long_one = g_strnfill(1024 * 1024, 'A'), *just_too_long = g_strnfill(276, 'A');
	const char *const texts[] = {"", "A", "====", "\xff\xfe", "\r\n", "お問い合わせ", long_one, just_too_long};
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
		assert_refused(fixture->front, texts[i], BASE_ERROR_FORGED);
	for (guint i = 0; i < 20000; i++) {
		char text[300];
		const gsize length = vault_random_below(sizeof text);
		for (gsize j = 0; j < length; j++)
			text[j] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[vault_random_below(64)];
		text[length] = '\0';
		/* The version, so that some get farther. */
		if (length > 1)
			text[0] = 'A', text[1] = 'Q';
		g_autoptr(GError) error = NULL;
		VaultLink link = {.purpose = VAULT_LINK_CONSENT, .site = SITE};
		g_assert_false(vault_link_verify(fixture->front, text, &link, &error));
		g_assert_nonnull(error);
	}
}

/* A time that no clock of ours can hold, rightly signed: computed as test_link_vector's was. */
static void
test_impossible_expiry(Fixture *fixture, gconstpointer data)
{
	(void)data;
	write_file(fixture, "link.key", SEEDS);
	g_autoptr(Vault) vault = open_vault(fixture, VAULT_COURIER);
	const char *token = "AQAAq80BgAAAAAAAAAAwMUFCQ0RFRkdISksy9iHbxOeBYLY6v4CYd5R1dmSrR04VynMFoQUj8yi22jaRuj6n5rLEN7uXSOLdEaQq"
			    "omMAZjKUjn_AcPfC8hpVBw";
	assert_refused(vault, token, BASE_ERROR_FORGED);
}

static void
test_second_link_key(Fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autofree char *old_token = sign(fixture->courier), *before = read_file(fixture, "link.key");
	g_autofree char *both = g_strconcat("[link 0000abcd]\ncreated=2099-01-01T00:00:00Z\nsecret=" KEY "\n", before, NULL);
	write_file(fixture, "link.key", both);
	g_autoptr(Vault) courier = open_vault(fixture, VAULT_COURIER);
	g_autofree char *new_token = sign(courier);
	g_assert_cmpstr(old_token, !=, new_token);
	g_autoptr(GBytes) exported = vault_export(courier, VAULT_FRONT);
	g_autoptr(Vault) front = vault_import(exported, VAULT_FRONT, NULL);
	assert_verifies(front, old_token);
	assert_verifies(front, new_token);
	assert_refused(fixture->front, new_token, BASE_ERROR_KEY);
}

/* Links lie in mailboxes for days: made by an independent implementation of RFC 8032 (Python's cryptography) from the definition. */
static void
test_link_vector(Fixture *fixture, gconstpointer data)
{
	(void)data;
	write_file(fixture, "link.key", SEEDS);
	g_autoptr(Vault) vault = open_vault(fixture, VAULT_COURIER);
	g_autofree char *token = sign(vault);
	g_assert_cmpstr(token, ==,
	    "AQAAq80BAAAAAGtJ0gAwMUFCQ0RFRkdISksy83-zI-hDCBKcXf0IYfKNEoDAyoip75GfmLlGdomgnDDKSOoaprq_"
	    "AXdA9z4bFNHyRZfWRtpjVs8UKmH3m3qIDg");
	assert_verifies(vault, token);
}

static void
test_front_cannot_sign(Fixture *fixture, gconstpointer data)
{
	(void)data;
	if (g_test_subprocess()) {
		g_free(sign(fixture->front));
		return;
	}
	g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
	g_test_trap_assert_failed();
	g_test_trap_assert_stderr("*vault_link_sign*");
}

/* --- Tags ------------------------------------------------------------------------------------------------------- */

static void
test_tag(Fixture *fixture, gconstpointer data)
{
	(void)data;
	static const char *const texts[] = {"01ABCDEFGHJK2", "a", "01ABCDEFGHJK2abcdefghijklmnopqrs"};
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autofree char *tag = vault_tag(fixture->courier, SITE, texts[i]), *upper = g_ascii_strup(tag, -1);
		g_autofree char *opened = vault_tag_open(fixture->admin, SITE, tag);
		g_autofree char *opened_upper = vault_tag_open(fixture->courier, SITE, upper);
		g_autofree char *elsewhere = vault_tag_open(fixture->courier, "other.test", tag);
		g_autofree char *expected = g_ascii_strup(texts[i], -1);
		g_assert_cmpuint(strlen(tag), ==, strlen(texts[i]) + 17);
		g_assert_cmpuint(strspn(tag, "0123456789abcdefghijklmnopqrstuvwxyz-"), ==, strlen(tag));
		g_assert_cmpstr(opened, ==, expected);
		g_assert_cmpstr(opened_upper, ==, expected);
		g_assert_null(elsewhere);
	}
}

static void
test_changed_tag(Fixture *fixture, gconstpointer data)
{
	(void)data;
	static const char others[] = "abcdefghijklmnopqrstuvwxyz0123456789-+@ \n\x80";
	g_autofree char *tag = vault_tag(fixture->courier, SITE, "01ABCDEFGHJK2");
	for (gsize i = 0; i < strlen(tag); i++) {
		for (const char *other = others; *other; other++) {
			g_autofree char *changed = g_strdup(tag);
			changed[i] = *other;
			g_autofree char *opened = vault_tag_open(fixture->courier, SITE, changed);
			g_assert_true(*other == tag[i] || !opened);
		}
		g_autofree char *cut = g_strndup(tag, i), *opened_cut = vault_tag_open(fixture->courier, SITE, cut);
		g_autofree char *opened_rest = vault_tag_open(fixture->courier, SITE, tag + i + 1);
		g_assert_null(opened_cut);
		g_assert_null(opened_rest);
	}
	g_autofree char *hash_only = g_strconcat("-", strrchr(tag, '-') + 1, NULL), *long_one = g_strnfill(1024 * 1024, 'a');
	g_autofree char *much = g_strconcat(long_one, "-", strrchr(tag, '-') + 1, NULL);
	const char *const garbage[] = {"", "-", "--", hash_only, long_one, much, "お-名前"};
	for (gsize i = 0; i < G_N_ELEMENTS(garbage); i++)
		g_assert_null(vault_tag_open(fixture->courier, SITE, garbage[i]));
}

static void
test_second_tag_key(Fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autofree char *old_tag = vault_tag(fixture->courier, SITE, "1"), *before = read_file(fixture, "link.key");
	g_autofree char *both = g_strconcat("[link 0000abcd]\ncreated=2099-01-01T00:00:00Z\nsecret=" KEY "\n", before, NULL);
	write_file(fixture, "link.key", both);
	g_autoptr(Vault) courier = open_vault(fixture, VAULT_COURIER);
	g_autofree char *new_tag = vault_tag(courier, SITE, "1");
	g_autofree char *old_opened = vault_tag_open(courier, SITE, old_tag),
			*new_opened = vault_tag_open(courier, SITE, new_tag);
	g_autofree char *unknown = vault_tag_open(fixture->courier, SITE, new_tag);
	g_assert_cmpstr(old_opened, ==, "1");
	g_assert_cmpstr(new_opened, ==, "1");
	g_assert_null(unknown);
}

/* Bounces come days later: computed as test_hash_vector's bytes, with person = "sekitags". */
static void
test_tag_vector(Fixture *fixture, gconstpointer data)
{
	(void)data;
	write_file(fixture, "link.key", SEEDS);
	g_autoptr(Vault) vault = open_vault(fixture, VAULT_COURIER);
	g_autofree char *tag = vault_tag(vault, SITE, "01ABCDEFGHJK2");
	g_assert_cmpstr(tag, ==, "01abcdefghjk2-9fjm4ex8487d0m1y");
}

/* --- Boxes ------------------------------------------------------------------------------------------------------ */

static void
test_box(Fixture *fixture, gconstpointer data)
{
	(void)data;
	static const char *const texts[] = {"", "taro@example.org", TEXT};
	Vault *const makers[] = {fixture->front, fixture->courier, fixture->admin};
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		for (gsize j = 0; j < G_N_ELEMENTS(makers); j++) {
			g_autoptr(GError) error = NULL;
			g_autoptr(GBytes) content = g_bytes_new_static(texts[i], strlen(texts[i]));
			g_autoptr(GBytes) boxed = vault_box(makers[j], content), again = vault_box(makers[j], content);
			g_assert_false(g_bytes_equal(boxed, again));
			g_autoptr(GBytes) opened = vault_box_open(fixture->courier, boxed, &error);
			g_assert_no_error(error);
			g_assert_true(g_bytes_equal(opened, content));
		}
	}
}

static void
test_changed_box(Fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autoptr(GBytes) content = g_bytes_new_static(TEXT, strlen(TEXT)), boxed = vault_box(fixture->front, content);
	gsize size;
	const guint8 *bytes = g_bytes_get_data(boxed, &size);
	g_assert_null(memmem(bytes, size, "山田", strlen("山田")));
	for (gsize i = 0; i < size; i++) {
		g_autoptr(GError) error = NULL, cut_error = NULL;
		g_autofree guint8 *copy = g_memdup2(bytes, size);
		copy[i] ^= 1;
		g_autoptr(GBytes) changed = g_bytes_new(copy, size), cut = g_bytes_new(bytes, i);
		g_assert_null(vault_box_open(fixture->courier, changed, &error));
		/* Bytes 1 to 4 name the key. */
		g_assert_error(error, BASE_ERROR, (int)(i - 1 < 4 ? BASE_ERROR_KEY : BASE_ERROR_FORGED));
		g_assert_null(vault_box_open(fixture->courier, cut, &cut_error));
		g_assert_error(cut_error, BASE_ERROR, BASE_ERROR_FORGED);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/base/vault_link/" name, Fixture, NULL, set_up, function, tear_down)
	ADD("a link verifies with the public half", test_link);
	ADD("payloads of every size", test_payloads);
	ADD("a link of another purpose or site is refused", test_foreign_link);
	ADD("a changed link is refused", test_changed_link);
	ADD("garbage is refused", test_garbage);
	ADD("a time beyond every clock is refused", test_impossible_expiry);
	ADD("links of the old key verify after a second key came", test_second_link_key);
	ADD("links are what they were defined to be", test_link_vector);
	ADD("the front cannot sign", test_front_cannot_sign);
	ADD("a tag opens in any case and at its site alone", test_tag);
	ADD("a changed tag does not open", test_changed_tag);
	ADD("tags of the old key open after a second key came", test_second_tag_key);
	ADD("tags are what they were defined to be", test_tag_vector);
	ADD("a box opens", test_box);
	ADD("a changed box does not open", test_changed_box);
	return g_test_run();
}
