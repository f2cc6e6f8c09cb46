/*
 * ALTCHA without a browser: what is made here is solved as the protocol says and verified; each change to it is refused. That the real widget solves it is a flow's matter
 * (tests/flow/24-altcha), as is the derivation of keys, of which a value computed by another implementation stands here.
 */
#include "sekisho/policy/altcha.h"

#include <glib/gstdio.h>
#include <string.h>

#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"
#include "sekisho/wire/json.h"

typedef struct {
	char *parent, *folder;
	Vault *vault;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
	(void)data;
	fixture->parent = g_dir_make_tmp("sekisho-altcha-XXXXXX", NULL);
	fixture->folder = g_build_filename(fixture->parent, "keys", NULL);
	g_assert_true(vault_create(fixture->folder, NULL));
	fixture->vault = vault_open(fixture->folder, VAULT_FRONT, NULL);
	g_assert_nonnull(fixture->vault);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
	(void)data;
	clock_set_offset_us(0);
	vault_free(fixture->vault);
	g_autoptr(GDir) folder = g_dir_open(fixture->folder, 0, NULL);
	for (const char *name; (name = g_dir_read_name(folder)) != NULL;) {
		g_autofree char *path = g_build_filename(fixture->folder, name, NULL);
		g_remove(path);
	}
	g_rmdir(fixture->folder);
	g_rmdir(fixture->parent);
	g_free(fixture->folder);
	g_free(fixture->parent);
}

static const AltchaRequest request_1 = {"example", 7, 1, 1}, request_2 = {"example", 7, 2, 1};

/* --- A browser ------------------------------------------------------------------------------------------------------ */

static char *
text_in(GVariant *object, const char *name)
{
	char *text = NULL;
	g_assert_true(g_variant_lookup(object, name, "s", &text));
	return text;
}

static gint64
number_in(GVariant *object, const char *name)
{
	gint64 number = 0;
	g_assert_true(g_variant_lookup(object, name, "x", &number));
	return number;
}

static void
bytes_of_hex(const char *digits, guint8 *bytes)
{
	for (gsize i = 0; digits[2 * i] != '\0'; i++)
		bytes[i] = (guint8)(g_ascii_xdigit_value(digits[2 * i]) << 4 | g_ascii_xdigit_value(digits[2 * i + 1]));
}

/* HMAC with its padding made anew each time: the same function by another way than the library's. */
static void
hmac(const guint8 *key, gsize key_size, const guint8 *bytes, gsize size, guint8 *digest)
{
	g_autoptr(GHmac) state = g_hmac_new(G_CHECKSUM_SHA256, key, key_size);
	gsize digest_size = 32;
	g_hmac_update(state, bytes, (gssize)size);
	g_hmac_get_digest(state, digest, &digest_size);
}

/* The key of a counter, in hex digits. */
static char *
key_of(const char *nonce, const char *salt, guint32 counter, gint64 rounds)
{
	guint8 password[20], block[20] = {0}, round[32], key[32];
	GString *digits = g_string_new(NULL);

	bytes_of_hex(nonce, password);
	for (guint i = 0; i < 4; i++)
		password[16 + i] = (guint8)(counter >> (24 - 8 * i));
	bytes_of_hex(salt, block);
	block[19] = 1;
	hmac(password, 20, block, 20, round);
	memcpy(key, round, 32);
	for (gint64 i = 1; i < rounds; i++) {
		hmac(password, 20, round, 32, round);
		for (guint k = 0; k < 32; k++)
			key[k] ^= round[k];
	}
	for (guint i = 0; i < 32; i++)
		g_string_append_printf(digits, "%02x", key[i]);
	return g_string_free(digits, FALSE);
}

/* What the widget sends, as JSON. */
static char *
solve_2(const char *challenge)
{
	g_autoptr(GVariant) object = json_to_variant(challenge, strlen(challenge), NULL);
	g_autoptr(GVariant) parameters = g_variant_lookup_value(object, "parameters", G_VARIANT_TYPE_VARDICT);
	g_autofree char *nonce = text_in(parameters, "nonce"), *salt = text_in(parameters, "salt"),
			*prefix = text_in(parameters, "keyPrefix"), *key = NULL;
	guint32 counter = 0;

	for (;; counter++) {
		g_free(key);
		key = key_of(nonce, salt, counter, number_in(parameters, "cost"));
		if (g_str_has_prefix(key, prefix))
			break;
	}
	return g_strdup_printf(
	    "{\"challenge\":%s,\"solution\":{\"counter\":%u,\"derivedKey\":\"%s\",\"time\":12.3}}", challenge, counter, key);
}

static char *
solve_1(const char *challenge)
{
	g_autoptr(GVariant) object = json_to_variant(challenge, strlen(challenge), NULL);
	g_autofree char *hash = text_in(object, "challenge"), *salt = text_in(object, "salt"),
			*signature = text_in(object, "signature");

	for (gint64 number = 0; number <= number_in(object, "maxnumber"); number++) {
		g_autofree char *text = g_strdup_printf("%s%" G_GINT64_FORMAT, salt, number);
		g_autofree char *found = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
		if (g_str_equal(found, hash))
			return g_strdup_printf("{\"algorithm\":\"SHA-256\",\"challenge\":\"%s\",\"number\":%" G_GINT64_FORMAT
					       ",\"salt\":\"%s\",\"signature\":\"%s\",\"took\":7}",
			    hash, number, salt, signature);
	}
	g_assert_not_reached();
}

static char *
solved(Fixture *fixture, const AltchaRequest *request)
{
	g_autofree char *challenge = altcha_challenge(fixture->vault, request);
	return request->version == 1 ? solve_1(challenge) : solve_2(challenge);
}

/* --- Verifying ------------------------------------------------------------------------------------------------------ */

/* The code of the answer to a payload. */
static const char *
code_of(Fixture *fixture, const AltchaRequest *request, const char *payload, VaultHash *mark, gint64 *expires_at_us)
{
	CaptchaAnswer answer = {0};
	*expires_at_us = altcha_verify(fixture->vault, request, payload, &answer, mark);
	g_test_message("%s", answer.what);
	g_assert_cmpint((int)answer.outcome, ==, g_str_equal(answer.code, "good") ? CAPTCHA_GOOD : CAPTCHA_ASK_AGAIN);
	captcha_answer_clear(&answer);
	return answer.code;
}

static const char *
code_of_json(Fixture *fixture, const AltchaRequest *request, const char *json)
{
	g_autofree char *payload = g_base64_encode((const guchar *)json, strlen(json));
	VaultHash mark, none = {{0}};
	gint64 expires_at_us = -1;
	memset(&mark, 0, sizeof mark);
	const char *code = code_of(fixture, request, payload, &mark, &expires_at_us);
	/* Only what is good is named. */
	g_assert_true((memcmp(&mark, &none, sizeof mark) != 0) == g_str_equal(code, "good"));
	g_assert_true((expires_at_us != 0) == g_str_equal(code, "good"));
	return code;
}

static void
test_solved(Fixture *fixture, gconstpointer data)
{
	const AltchaRequest *request = data;
	const AltchaRequest other_site = {"example2", 7, 0, 0}, other_form = {"example", 8, 0, 0}, same = {"example", 7, 0, 0};
	g_autofree char *json = solved(fixture, request);

	g_assert_cmpstr(code_of_json(fixture, request, json), ==, "good");
	g_assert_cmpstr(code_of_json(fixture, &same, json), ==, "good");
	g_assert_cmpstr(code_of_json(fixture, &other_site, json), ==, "refused");
	g_assert_cmpstr(code_of_json(fixture, &other_form, json), ==, "refused");
	clock_set_offset_us((gint64)LIMIT_ALTCHA_MS * 1000 - 5 * G_USEC_PER_SEC);
	g_assert_cmpstr(code_of_json(fixture, request, json), ==, "good");
	clock_set_offset_us((gint64)LIMIT_ALTCHA_MS * 1000);
	g_assert_cmpstr(code_of_json(fixture, request, json), ==, "expired");
}

/* One challenge is one mark, whatever of it may be written differently; two are two. */
static void
test_mark(Fixture *fixture, gconstpointer data)
{
	const AltchaRequest *request = data;
	VaultHash marks[3];
	gint64 expires_at_us[3];
	g_autofree char *first = solved(fixture, request), *second = solved(fixture, request);
	g_autofree char *again = g_strdup_printf(" %s\n", first);
	const char *texts[] = {first, again, second};

	for (guint i = 0; i < 3; i++) {
		g_autofree char *payload = g_base64_encode((const guchar *)texts[i], strlen(texts[i]));
		g_assert_cmpstr(code_of(fixture, request, payload, &marks[i], &expires_at_us[i]), ==, "good");
		gint64 left_us = expires_at_us[i] - clock_now_us();
		g_assert_cmpint(left_us, >, (gint64)LIMIT_ALTCHA_MS * 1000 - 60 * G_USEC_PER_SEC);
		g_assert_cmpint(left_us, <=, (gint64)LIMIT_ALTCHA_MS * 1000);
	}
	g_assert_true(vault_hash_equal(&marks[0], &marks[1]));
	g_assert_false(vault_hash_equal(&marks[0], &marks[2]));
}

/* Each replaces one text in a good payload by another. */
typedef struct {
	const char *old, *new, *code;
} Change;

static const Change changes_2[] = {
    {"\"time\":12.3", "\"time\":12", "good"},
    {",\"time\":12.3", "", "good"},
    {"\"time\":12.3", "\"time\":\"12\"", "malformed"},
    {"\"time\":12.3", "\"time\":12.3,\"more\":1", "malformed"},
    {"{\"challenge\":", "{\"test\":true,\"challenge\":", "malformed"},
    {"{\"parameters\":", "{\"more\":1,\"parameters\":", "malformed"},
    {"{\"algorithm\":", "{\"data\":{},\"algorithm\":", "malformed"},
    {"\"cost\":20,", "", "malformed"},
    {"\"cost\":20", "\"cost\":20,\"cost\":20", "malformed"},
    {"\"cost\":20", "\"cost\":20.0", "malformed"},
    {"\"cost\":20", "\"cost\":\"40\"", "malformed"},
    {"\"cost\":20", "\"cost\":0", "malformed"},
    {"\"cost\":20", "\"cost\":-20", "malformed"},
    {"\"cost\":20", "\"cost\":4294967336", "malformed"},
    {"\"cost\":20", "\"cost\":1000000", "malformed"},
    {"\"cost\":20", "\"cost\":1", "refused"},
    {"PBKDF2/SHA-256", "SHA-256", "malformed"},
    {"PBKDF2/SHA-256", "PBKDF2/SHA-512", "malformed"},
    {"\"keyLength\":32", "\"keyLength\":16", "malformed"},
    {"\"keyPrefix\":\"00\"", "\"keyPrefix\":\"\"", "malformed"},
    {"\"keyPrefix\":\"00\"", "\"keyPrefix\":\"0\"", "malformed"},
    {"\"keyPrefix\":\"00\"", "\"keyPrefix\":\"01\"", "malformed"},
    {"\"keyPrefix\":\"00\"", "\"keyPrefix\":\"000\"", "refused"},
    {"\"keyPrefix\":\"00\"", "\"keyPrefix\":\"000000000\"", "malformed"},
    {"\"expiresAt\":1", "\"expiresAt\":2", "refused"},
    {"\"expiresAt\":1", "\"expiresAt\":-1", "malformed"},
    {"\"nonce\":\"", "\"nonce\":\"00", "malformed"},
    {"\"nonce\":\"", "\"nonce\":\"x", "malformed"},
    {"\"signature\":\"", "\"signature\":\"00", "malformed"},
    {"\"counter\":", "\"counter\":-1", "malformed"},
    {"\"counter\":", "\"counter\":4294967296,\"x\":", "malformed"},
    {"\"counter\":", "\"counter\":9999999999", "malformed"},
    {"\"derivedKey\":\"00", "\"derivedKey\":\"01", "refused"},
    {"\"derivedKey\":\"00", "\"derivedKey\":\"", "malformed"},
    {"\"challenge\":{", "\"challenge\":null,\"x\":{", "malformed"},
};
static const Change changes_1[] = {
    {"\"took\":7", "\"took\":7.5", "good"},
    {",\"took\":7", "", "good"},
    {"\"took\":7", "\"took\":null", "malformed"},
    {"\"took\":7", "\"took\":7,\"test\":true", "malformed"},
    {"\"took\":7", "\"took\":7,\"took\":7", "malformed"},
    {"\"SHA-256\"", "\"SHA-512\"", "malformed"},
    {"\"SHA-256\"", "\"SHA-1\"", "malformed"},
    {"\"number\":", "\"number\":-1", "malformed"},
    {"\"number\":", "\"number\":1", "refused"},
    {"?expires=1", "?expires=2", "refused"},
    {"?expires=1", "?expires=01", "malformed"},
    {"?expires=1", "?expires=+1", "malformed"},
    {"?expires=1", "?expires=", "refused"},
    {"?expires=1", "?Expires=1", "malformed"},
    {"?expires=1", "?x=1&expires=1", "malformed"},
    {"&\"", "\"", "malformed"},
    {"&\"", "&&\"", "malformed"},
    {"&\"", "1&\"", "refused"},
    {"\"signature\":\"", "\"signature\":\"0", "malformed"},
};

static void
check_changes(Fixture *fixture, const AltchaRequest *request, const Change *changes, guint count)
{
	g_autofree char *json = solved(fixture, request);
	for (guint i = 0; i < count; i++) {
		g_autoptr(GString) changed = g_string_new(json);
		g_test_message("%s -> %s", changes[i].old, changes[i].new);
		g_assert_cmpuint(g_string_replace(changed, changes[i].old, changes[i].new, 1), ==, 1);
		g_assert_cmpstr(code_of_json(fixture, request, changed->str), ==, changes[i].code);
	}
}

static void
test_changes(Fixture *fixture, gconstpointer data)
{
	(void)data;
	check_changes(fixture, &request_1, changes_1, G_N_ELEMENTS(changes_1));
	check_changes(fixture, &request_2, changes_2, G_N_ELEMENTS(changes_2));
}

/* CVE-2025-68113: the number's first digit moved to the end of the salt gives the same hash, were it not for the "&". */
static void
test_splicing(Fixture *fixture, gconstpointer data)
{
	(void)data;
	for (guint i = 0; i < 20; i++) {
		g_autofree char *json = solved(fixture, &request_1);
		char *number = strstr(json, "\"number\":") + strlen("\"number\":");
		char digit = number[0];
		if (digit == '0' || number[1] == ',' || number[1] == '0')
			continue;
		memmove(number, number + 1, strlen(number));
		g_autoptr(GString) spliced = g_string_new(json);
		char behind[] = {'&', digit, '"', '\0'}, before[] = {digit, '&', '"', '\0'};
		g_string_replace(spliced, "&\"", behind, 1);
		g_assert_cmpstr(code_of_json(fixture, &request_1, spliced->str), ==, "malformed");
		g_string_replace(spliced, behind, before, 1);
		g_assert_cmpstr(code_of_json(fixture, &request_1, spliced->str), ==, "refused");
	}
}

/* A signature made for one protocol is none for the other, and none of another vault's. */
static void
test_foreign(Fixture *fixture, gconstpointer data)
{
	Fixture other = {0};
	set_up(&other, data);
	g_autofree char *json_1 = solved(&other, &request_1), *json_2 = solved(&other, &request_2);
	g_assert_cmpstr(code_of_json(fixture, &request_1, json_1), ==, "refused");
	g_assert_cmpstr(code_of_json(fixture, &request_2, json_2), ==, "refused");
	tear_down(&other, data);
}

static void
test_unsolved(Fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autofree char *challenge = altcha_challenge(fixture->vault, &request_2);
	g_autoptr(GVariant) object = json_to_variant(challenge, strlen(challenge), NULL);
	g_autoptr(GVariant) parameters = g_variant_lookup_value(object, "parameters", G_VARIANT_TYPE_VARDICT);
	g_autofree char *nonce = text_in(parameters, "nonce"), *salt = text_in(parameters, "salt"), *key = NULL;
	guint32 counter = 0;

	/* An honest key that does not begin with the zeros. */
	for (;; counter++) {
		g_free(key);
		key = key_of(nonce, salt, counter, number_in(parameters, "cost"));
		if (!g_str_has_prefix(key, "00"))
			break;
	}
	g_autofree char *json =
	    g_strdup_printf("{\"challenge\":%s,\"solution\":{\"counter\":%u,\"derivedKey\":\"%s\"}}", challenge, counter, key);
	g_assert_cmpstr(code_of_json(fixture, &request_2, json), ==, "refused");
	g_autofree char *zeros = g_strnfill(64, '0');
	g_autofree char *claimed =
	    g_strdup_printf("{\"challenge\":%s,\"solution\":{\"counter\":%u,\"derivedKey\":\"%s\"}}", challenge, counter, zeros);
	g_assert_cmpstr(code_of_json(fixture, &request_2, claimed), ==, "refused");
}

static void
test_no_payload(Fixture *fixture, gconstpointer data)
{
	static const struct {
		const char *payload, *code;
	} payloads[] = {{"", "missing"}, {"!", "malformed"}, {"e30=", "malformed"}, {"e30", "malformed"}, {"e 30=", "malformed"},
	    {"W10=", "malformed"}, {"bnVsbA==", "malformed"}, {"eyJ0ZXN0Ijp0cnVlfQ==", "malformed"},
	    /* {"challenge":null,"solution":null,"test":true}: the widget's test mode. */
	    {"eyJjaGFsbGVuZ2UiOm51bGwsInNvbHV0aW9uIjpudWxsLCJ0ZXN0Ijp0cnVlfQ==", "malformed"}};
	(void)data;
	VaultHash mark;
	gint64 expires_at_us;
	for (guint i = 0; i < G_N_ELEMENTS(payloads); i++)
		g_assert_cmpstr(code_of(fixture, &request_2, payloads[i].payload, &mark, &expires_at_us), ==, payloads[i].code);

	/* Only the one way to write base64. */
	g_autofree char *json = solved(fixture, &request_2);
	g_autofree char *payload = g_base64_encode((const guchar *)json, strlen(json));
	g_autofree char *more = g_strconcat(payload, "=", NULL), *inner = g_strdup_printf("%.4s-%s", payload, payload + 4);
	g_assert_cmpstr(code_of(fixture, &request_2, payload, &mark, &expires_at_us), ==, "good");
	g_assert_cmpstr(code_of(fixture, &request_2, more, &mark, &expires_at_us), ==, "malformed");
	g_assert_cmpstr(code_of(fixture, &request_2, inner, &mark, &expires_at_us), ==, "malformed");
}

/* What a browser is asked to do grows with the cost; what we do to verify does not. */
static void
test_cost(Fixture *fixture, gconstpointer data)
{
	static const struct {
		guint cost, rounds;
		const char *prefix;
	} costs[] = {{1, 20, "00"}, {50, 1000, "00"}, {51, 63, "000"}, {800, 1000, "000"}, {801, 62, "0000"},
	    {ALTCHA_COST_MOST, 781, "0000"}};
	(void)data;
	for (guint i = 0; i < G_N_ELEMENTS(costs); i++) {
		const AltchaRequest request = {"example", 7, 2, costs[i].cost};
		g_autofree char *challenge = altcha_challenge(fixture->vault, &request);
		g_autoptr(GVariant) object = json_to_variant(challenge, strlen(challenge), NULL);
		g_autoptr(GVariant) parameters = g_variant_lookup_value(object, "parameters", G_VARIANT_TYPE_VARDICT);
		g_autofree char *prefix = text_in(parameters, "keyPrefix");
		g_assert_cmpint(number_in(parameters, "cost"), ==, costs[i].rounds);
		g_assert_cmpstr(prefix, ==, costs[i].prefix);
	}
}

/* PBKDF2 as others compute it: Python's hashlib.pbkdf2_hmac("sha256", nonce + counter, salt, 40). */
static void
test_derivation(void)
{
	g_autofree char *key = key_of("000102030405060708090a0b0c0d0e0f", "101112131415161718191a1b1c1d1e1f", 513, 40);
	g_assert_cmpstr(key, ==, "2f1cd8d23e908d64bfb2060b8a6ea525ca6927b97e6c5d3f01b714d53d856990");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/policy/altcha/solved/1", Fixture, &request_1, set_up, test_solved, tear_down);
	g_test_add("/policy/altcha/solved/2", Fixture, &request_2, set_up, test_solved, tear_down);
	g_test_add("/policy/altcha/mark/1", Fixture, &request_1, set_up, test_mark, tear_down);
	g_test_add("/policy/altcha/mark/2", Fixture, &request_2, set_up, test_mark, tear_down);
	g_test_add("/policy/altcha/changes", Fixture, NULL, set_up, test_changes, tear_down);
	g_test_add("/policy/altcha/splicing", Fixture, NULL, set_up, test_splicing, tear_down);
	g_test_add("/policy/altcha/foreign", Fixture, NULL, set_up, test_foreign, tear_down);
	g_test_add("/policy/altcha/unsolved", Fixture, NULL, set_up, test_unsolved, tear_down);
	g_test_add("/policy/altcha/no_payload", Fixture, NULL, set_up, test_no_payload, tear_down);
	g_test_add("/policy/altcha/cost", Fixture, NULL, set_up, test_cost, tear_down);
	g_test_add_func("/policy/altcha/derivation", test_derivation);
	return g_test_run();
}
