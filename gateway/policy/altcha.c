/*
 * ALTCHA: makes challenges and verifies what browsers made of them (altcha.org; protocol 2 of its widget 3, protocol 1 of older ones). No state; any thread, any payload.
 *
 * Protocol 2: the browser looks for a counter such that PBKDF2/SHA-256 of nonce | counter begins with some zeros; a dear function that browsers have built in, so that a
 * robot has little advantage. Protocol 1: it looks for the number that was hashed behind the salt; the salt ends with "&", because otherwise digits could wander from the number
 * into the salt and the same work be shown twice (CVE-2025-68113).
 *
 * What is signed is the site, the form and the canonical text of the challenge. A payload is first read into fields, each of which must have its one form; the canonical text is
 * written anew of those fields. So whatever else a payload holds was never looked at, and has no place to stand.
 */
#include "sekisho/policy/altcha.h"

#include <string.h>
#include <sys/random.h>

#include "captcha_services.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/text.h"
#include "sekisho/wire/json.h"

#define SHA256_BYTES 32u
#define NONCE_BYTES 16u
#define SALT1_BYTES 12u
#define SALT1_DIGITS 24u
#define EXPIRES "?expires="
/* Zeros that a key begins with, in hex digits: 256 keys are tried on average, so that the luck of a single one counts little. Eight more is more than any cost asks for. */
#define PREFIX_DIGITS 2u
#define PREFIX_DIGITS_MOST 8u
/* What one of CaptchaSettings.altcha_cost is: numbers of protocol 1, of which half are tried on average; and rounds of protocol 2, 256 keys of which are. Whoever wants to pass
 * cheaply chooses the protocol, so both must be hundreds of thousands of hashes at a cost of 50. */
#define NUMBERS_PER_COST 20000u
#define ROUNDS_PER_COST 20u

/* A challenge, of either protocol, in validated fields. */
typedef struct {
	gint64 expires_at_s;
	/* Protocol 2. */
	guint rounds;
	guint prefix_digits;
	guint8 nonce[NONCE_BYTES];
	guint8 salt[NONCE_BYTES];
	/* Protocol 1. */
	guint8 salt1[SALT1_BYTES];
	guint8 challenge[SHA256_BYTES];
} Challenge;

/* --- Canonical text ------------------------------------------------------------------------------------------------- */

static char *
hex_of(const guint8 *bytes, gsize size)
{
	GString *digits = g_string_sized_new(size * 2);
	text_append_hex(digits, bytes, size);
	return g_string_free(digits, FALSE);
}

/* Members in the order of their names, no spaces: what the protocol signs. */
static char *
canonical_2(const Challenge *challenge)
{
	g_autofree char *nonce = hex_of(challenge->nonce, NONCE_BYTES);
	g_autofree char *salt = hex_of(challenge->salt, NONCE_BYTES);
	g_autofree char *prefix = g_strnfill(challenge->prefix_digits, '0');

	return g_strdup_printf("{\"algorithm\":\"PBKDF2/SHA-256\",\"cost\":%u,\"expiresAt\":%" G_GINT64_FORMAT
			       ",\"keyLength\":%u,\"keyPrefix\":\"%s\",\"nonce\":\"%s\",\"salt\":\"%s\"}",
	    challenge->rounds, challenge->expires_at_s, SHA256_BYTES, prefix, nonce, salt);
}

static char *
salt_1(const Challenge *challenge)
{
	g_autofree char *salt = hex_of(challenge->salt1, SALT1_BYTES);
	return g_strdup_printf("%s" EXPIRES "%" G_GINT64_FORMAT "&", salt, challenge->expires_at_s);
}

static char *
canonical_1(const Challenge *challenge)
{
	g_autofree char *hash = hex_of(challenge->challenge, SHA256_BYTES);
	g_autofree char *salt = salt_1(challenge);
	return g_strdup_printf("{\"algorithm\":\"SHA-256\",\"challenge\":\"%s\",\"salt\":\"%s\"}", hash, salt);
}

/* What is signed: a challenge of one protocol, site or form is none of another. */
static char *
signed_text(const AltchaRequest *request, guint version, const Challenge *challenge)
{
	g_autofree char *canonical = version == 1 ? canonical_1(challenge) : canonical_2(challenge);
	return g_strdup_printf("altcha %u\n%s\n%" G_GUINT64_FORMAT "\n%s", version, request->site, request->form_id, canonical);
}

static char *
sign(Vault *vault, const AltchaRequest *request, const Challenge *challenge)
{
	g_autofree char *text = signed_text(request, request->version, challenge);
	VaultHash signature;
	vault_hash(vault, VAULT_HASH_CHALLENGE, text, strlen(text), &signature);
	return hex_of(signature.bytes, sizeof signature.bytes);
}

/* --- Making a challenge --------------------------------------------------------------------------------------------- */

static void
randomize(guint8 *bytes, gsize size)
{
	g_assert(getrandom(bytes, size, 0) == (ssize_t)size);
}

static void
hash_number(const char *salt, gint64 number, guint8 *hash)
{
	g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
	g_autofree char *digits = g_strdup_printf("%" G_GINT64_FORMAT, number);
	gsize size = SHA256_BYTES;

	g_checksum_update(checksum, (const guchar *)salt, -1);
	g_checksum_update(checksum, (const guchar *)digits, -1);
	g_checksum_get_digest(checksum, hash, &size);
}

static char *
challenge_1(Vault *vault, const AltchaRequest *request, Challenge *challenge)
{
	guint most = request->cost * NUMBERS_PER_COST;

	randomize(challenge->salt1, SALT1_BYTES);
	g_autofree char *salt = salt_1(challenge);
	hash_number(salt, vault_random_below(most), challenge->challenge);
	g_autofree char *hash = hex_of(challenge->challenge, SHA256_BYTES);
	g_autofree char *signature = sign(vault, request, challenge);
	return g_strdup_printf(
	    "{\"algorithm\":\"SHA-256\",\"challenge\":\"%s\",\"maxnumber\":%u,\"salt\":\"%s\",\"signature\":\"%s\"}", hash, most,
	    salt, signature);
}

static char *
challenge_2(Vault *vault, const AltchaRequest *request, Challenge *challenge)
{
	challenge->rounds = request->cost * ROUNDS_PER_COST;
	challenge->prefix_digits = PREFIX_DIGITS;
	for (; challenge->rounds > LIMIT_ALTCHA_ROUNDS; challenge->rounds /= 16)
		challenge->prefix_digits++;
	randomize(challenge->nonce, NONCE_BYTES);
	randomize(challenge->salt, NONCE_BYTES);
	g_autofree char *canonical = canonical_2(challenge);
	g_autofree char *signature = sign(vault, request, challenge);
	return g_strdup_printf("{\"parameters\":%s,\"signature\":\"%s\"}", canonical, signature);
}

char *
altcha_challenge(Vault *vault, const AltchaRequest *request)
{
	Challenge challenge = {.expires_at_s = clock_now_s() + LIMIT_ALTCHA_MS / 1000};

	g_assert((request->version == 1 || request->version == 2) && request->cost > 0 && request->cost <= ALTCHA_COST_MOST);
	return request->version == 1 ? challenge_1(vault, request, &challenge) : challenge_2(vault, request, &challenge);
}

/* --- Reading a payload ---------------------------------------------------------------------------------------------- */

/* A member that an object must have, with its type in wire/json.h; OPTIONAL_NUMBER: it may have a number of any kind. */
typedef struct {
	const char *name;
	const char *type;
} Member;
#define OPTIONAL_NUMBER "?"
#define MEMBERS_MOST 7u
/* The values, in the order of the members; NULL where one is missing. */
typedef GVariant *Values[MEMBERS_MOST];

static gboolean
is_of_type(GVariant *value, const char *type)
{
	if (!g_str_equal(type, OPTIONAL_NUMBER))
		return g_variant_is_of_type(value, G_VARIANT_TYPE(type));
	return g_variant_is_of_type(value, G_VARIANT_TYPE_INT64) || g_variant_is_of_type(value, G_VARIANT_TYPE_DOUBLE);
}

/* Fills in the values (the caller's, values_clear). FALSE unless the object has just these members. That none stands twice wire/json.h saw to. */
static gboolean
take_members(GVariant *object, const Member *members, guint count, Values values)
{
	gsize found = 0;

	g_assert(count <= MEMBERS_MOST);
	for (guint i = 0; i < count; i++) {
		values[i] = g_variant_lookup_value(object, members[i].name, NULL);
		if (values[i] == NULL && g_str_equal(members[i].type, OPTIONAL_NUMBER))
			continue;
		if (values[i] == NULL || !is_of_type(values[i], members[i].type))
			return FALSE;
		found++;
	}
	return found == g_variant_n_children(object);
}

static void
values_clear(Values values)
{
	for (guint i = 0; i < MEMBERS_MOST; i++)
		g_clear_pointer(&values[i], g_variant_unref);
}

static gboolean
is_text(GVariant *value, const char *text)
{
	return g_str_equal(g_variant_get_string(value, NULL), text);
}

static gboolean
take_hex(GVariant *value, guint8 *bytes, gsize size)
{
	return text_read_hex(g_variant_get_string(value, NULL), bytes, size);
}

static gboolean
take_number(GVariant *value, gint64 most, gint64 *number)
{
	*number = g_variant_get_int64(value);
	return *number >= 0 && *number <= most;
}

/* A payload in fields. */
typedef struct {
	guint version;
	Challenge challenge;
	VaultHash signature;
	gint64 solution;          /* the counter or number */
	guint8 key[SHA256_BYTES]; /* protocol 2: as the browser says */
} Payload;

/* "HEX?expires=NUMBER&", and nothing else that means the same: it is written anew and compared. */
static gboolean
read_salt_1(const char *salt, Challenge *challenge)
{
	if (strlen(salt) <= SALT1_DIGITS + strlen(EXPIRES))
		return FALSE;
	g_autofree char *digits = g_strndup(salt, SALT1_DIGITS);
	challenge->expires_at_s = g_ascii_strtoll(salt + SALT1_DIGITS + strlen(EXPIRES), NULL, 10);
	if (!text_read_hex(digits, challenge->salt1, SALT1_BYTES))
		return FALSE;
	g_autofree char *again = salt_1(challenge);
	return g_str_equal(again, salt);
}

static gboolean
read_1(GVariant *object, Payload *payload)
{
	static const Member members[] = {{"algorithm", "s"}, {"challenge", "s"}, {"number", "x"}, {"salt", "s"},
	    {"signature", "s"}, {"took", OPTIONAL_NUMBER}};
	Values values = {NULL};
	gboolean is_fit = take_members(object, members, G_N_ELEMENTS(members), values) && is_text(values[0], "SHA-256") &&
			  take_hex(values[1], payload->challenge.challenge, SHA256_BYTES) &&
			  take_number(values[2], (gint64)ALTCHA_COST_MOST * NUMBERS_PER_COST, &payload->solution) &&
			  read_salt_1(g_variant_get_string(values[3], NULL), &payload->challenge) &&
			  take_hex(values[4], payload->signature.bytes, VAULT_HASH_BYTES);

	values_clear(values);
	payload->version = 1;
	return is_fit;
}

static gboolean
take_zeros(GVariant *value, guint *digits)
{
	const char *text = g_variant_get_string(value, NULL);
	gsize zeros = strspn(text, "0");

	*digits = (guint)MIN(zeros, PREFIX_DIGITS_MOST);
	return text[zeros] == '\0' && zeros >= PREFIX_DIGITS && zeros <= PREFIX_DIGITS_MOST;
}

static gboolean
read_parameters(GVariant *object, Challenge *challenge)
{
	static const Member members[] = {{"algorithm", "s"}, {"cost", "x"}, {"expiresAt", "x"}, {"keyLength", "x"},
	    {"keyPrefix", "s"}, {"nonce", "s"}, {"salt", "s"}};
	Values values = {NULL};
	gint64 rounds = 0, key_bytes = 0;
	gboolean is_fit = take_members(object, members, G_N_ELEMENTS(members), values) && is_text(values[0], "PBKDF2/SHA-256") &&
			  take_number(values[1], LIMIT_ALTCHA_ROUNDS, &rounds) && rounds > 0 &&
			  take_number(values[2], G_MAXUINT32, &challenge->expires_at_s) &&
			  take_number(values[3], SHA256_BYTES, &key_bytes) && key_bytes == SHA256_BYTES &&
			  take_zeros(values[4], &challenge->prefix_digits) &&
			  take_hex(values[5], challenge->nonce, NONCE_BYTES) && take_hex(values[6], challenge->salt, NONCE_BYTES);

	values_clear(values);
	challenge->rounds = (guint)rounds;
	return is_fit;
}

static gboolean
read_challenge(GVariant *object, Payload *payload)
{
	static const Member members[] = {{"parameters", "a{sv}"}, {"signature", "s"}};
	Values values = {NULL};
	gboolean is_fit = take_members(object, members, G_N_ELEMENTS(members), values) &&
			  read_parameters(values[0], &payload->challenge) &&
			  take_hex(values[1], payload->signature.bytes, VAULT_HASH_BYTES);

	values_clear(values);
	return is_fit;
}

static gboolean
read_solution(GVariant *object, Payload *payload)
{
	static const Member members[] = {{"counter", "x"}, {"derivedKey", "s"}, {"time", OPTIONAL_NUMBER}};
	Values values = {NULL};
	gboolean is_fit = take_members(object, members, G_N_ELEMENTS(members), values) &&
			  take_number(values[0], G_MAXUINT32, &payload->solution) &&
			  take_hex(values[1], payload->key, SHA256_BYTES);

	values_clear(values);
	return is_fit;
}

static gboolean
read_2(GVariant *object, Payload *payload)
{
	static const Member members[] = {{"challenge", "a{sv}"}, {"solution", "a{sv}"}};
	Values values = {NULL};
	gboolean is_fit = take_members(object, members, G_N_ELEMENTS(members), values) && read_challenge(values[0], payload) &&
			  read_solution(values[1], payload);

	values_clear(values);
	payload->version = 2;
	return is_fit;
}

static gboolean
read_payload(const char *text, Payload *payload)
{
	gsize size = 0;
	g_autofree guchar *bytes = g_base64_decode(text, &size);
	/* GLib passes over what is no base64. */
	g_autofree char *again = g_base64_encode(bytes, size);
	if (!g_str_equal(again, text))
		return FALSE;
	g_autoptr(GVariant) object = json_to_variant((const char *)bytes, size, NULL);

	memset(payload, 0, sizeof *payload);
	return object != NULL && g_variant_is_of_type(object, G_VARIANT_TYPE_VARDICT) &&
	       (read_2(object, payload) || read_1(object, payload));
}

/* --- Verifying ------------------------------------------------------------------------------------------------------ */

static void
hmac_once(const GHmac *keyed, const guint8 *bytes, gsize size, guint8 *digest)
{
	g_autoptr(GHmac) hmac = g_hmac_copy(keyed);
	gsize digest_size = SHA256_BYTES;

	g_hmac_update(hmac, bytes, (gssize)size);
	g_hmac_get_digest(hmac, digest, &digest_size);
}

/* PBKDF2 with HMAC-SHA-256 (RFC 8018, 5.2), one block: the key of a counter. */
static void
derive_key(const Challenge *challenge, guint32 counter, guint8 *key)
{
	guint8 password[NONCE_BYTES + sizeof counter], first[NONCE_BYTES + sizeof counter], round[SHA256_BYTES];
	const guint32 big_counter = GUINT32_TO_BE(counter), big_one = GUINT32_TO_BE(1);

	memcpy(password, challenge->nonce, NONCE_BYTES);
	memcpy(password + NONCE_BYTES, &big_counter, sizeof big_counter);
	memcpy(first, challenge->salt, NONCE_BYTES);
	memcpy(first + NONCE_BYTES, &big_one, sizeof big_one);
	g_autoptr(GHmac) keyed = g_hmac_new(G_CHECKSUM_SHA256, password, sizeof password);
	hmac_once(keyed, first, sizeof first, round);
	memcpy(key, round, SHA256_BYTES);
	for (guint i = 1; i < challenge->rounds; i++) {
		hmac_once(keyed, round, SHA256_BYTES, round);
		for (guint byte = 0; byte < SHA256_BYTES; byte++)
			key[byte] ^= round[byte];
	}
}

static gboolean
is_solved_2(const Payload *payload)
{
	guint8 key[SHA256_BYTES];

	derive_key(&payload->challenge, (guint32)payload->solution, key);
	g_autofree char *digits = hex_of(key, SHA256_BYTES);
	return memcmp(key, payload->key, SHA256_BYTES) == 0 && strspn(digits, "0") >= payload->challenge.prefix_digits;
}

static gboolean
is_solved_1(const Payload *payload)
{
	guint8 hash[SHA256_BYTES];
	g_autofree char *salt = salt_1(&payload->challenge);

	hash_number(salt, payload->solution, hash);
	return memcmp(hash, payload->challenge.challenge, SHA256_BYTES) == 0;
}

static gboolean
is_signed(Vault *vault, const AltchaRequest *request, const Payload *payload)
{
	g_autofree char *text = signed_text(request, payload->version, &payload->challenge);
	return vault_hash_matches(vault, VAULT_HASH_CHALLENGE, text, strlen(text), &payload->signature);
}

gint64
altcha_verify(Vault *vault, const AltchaRequest *request, const char *payload_text, CaptchaAnswer *answer, VaultHash *mark)
{
	Payload payload;

	if (!captcha_token_is_fit(payload_text, answer))
		return 0;
	if (!read_payload(payload_text, &payload)) {
		captcha_answer_set(answer, CAPTCHA_ASK_AGAIN, "malformed", "What came as ALTCHA's payload is none.");
	} else if (!is_signed(vault, request, &payload)) {
		captcha_answer_set(
		    answer, CAPTCHA_ASK_AGAIN, "refused", "The ALTCHA challenge was not made here, or for another form.");
	} else if (payload.challenge.expires_at_s <= clock_now_s()) {
		captcha_answer_set(answer, CAPTCHA_ASK_AGAIN, "expired", "The ALTCHA challenge has expired.");
	} else if (!(payload.version == 1 ? is_solved_1(&payload) : is_solved_2(&payload))) {
		captcha_answer_set(answer, CAPTCHA_ASK_AGAIN, "refused", "The ALTCHA challenge was not solved.");
	} else {
		captcha_answer_set(answer, CAPTCHA_GOOD, "good", "The visitor's browser solved an ALTCHA challenge.");
		*mark = payload.signature;
		return payload.challenge.expires_at_s * G_USEC_PER_SEC;
	}
	return 0;
}
