/*
 * What somebody brings to the page of a review. The input is read as the page's address, as a pressed button, as its page's token, and as the payload of a link that our own key signed. Promises:
 * no address that we did not write has a link of ours; a button or token that is read is spelled as we spell it; a payload comes back from its link byte for byte, to its own site and purpose
 * alone, and from no link in which a letter was changed; a payload that is read holds a receipt that any log and query may take, and is written back as it was.
 */
#include <glib/gstdio.h>
#include <string.h>

#include "front/route.h"
#include "fuzz.h"
#include "sekisho/base/error.h"
#include "sekisho/base/text.h"
#include "sekisho/base/vault.h"
#include "sekisho/store/review.h"

#define EXPIRES_US (G_GINT64_CONSTANT(1769860800) * G_USEC_PER_SEC)

/* The keys of one run; nothing of an input is kept in it. */
static Vault *
vault_for_all(void)
{
	static Vault *vault;
	static const char *const files[] = {"vault.key", "vault.pub", "match.key", "link.key", "link.pub"};

	if (vault != NULL)
		return vault;
	g_autofree char *parent = g_dir_make_tmp("sekisho-fuzz-XXXXXX", NULL), *folder = g_build_filename(parent, "keys", NULL);
	g_assert_true(vault_create(folder, NULL));
	vault = vault_open(folder, VAULT_COURIER, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = g_build_filename(folder, files[i], NULL);
		g_remove(path);
	}
	g_rmdir(folder);
	g_rmdir(parent);
	return vault;
}

/* The payload, or NULL: the token is none of ours. */
static GBytes *
fuzz_verify(const char *token, VaultLinkPurpose purpose, const char *site)
{
	g_autoptr(GError) error = NULL;
	VaultLink link = {.purpose = purpose, .site = site};

	if (!vault_link_verify(vault_for_all(), token, &link, &error)) {
		g_assert_true(
		    g_error_matches(error, BASE_ERROR, BASE_ERROR_FORGED) || g_error_matches(error, BASE_ERROR, BASE_ERROR_KEY));
		return NULL;
	}
	g_assert_true(link.expires_at_us == EXPIRES_US);
	return link.payload;
}

static void
fuzz_address(const char *text)
{
	g_autofree char *uri = g_strdup_printf("/sekisho/review?%s", text), *token = route_query(uri, "t");
	const RouteInput input = {.method = "GET", .uri = uri, .content_type = ""};
	Route route = {0};

	route_find(&input, &route);
	g_assert_true(route.kind == ROUTE_REVIEW || route.kind == ROUTE_REFUSED || route.kind == ROUTE_SCHEMA ||
		      route.kind == ROUTE_REFILL || route.kind == ROUTE_ALTCHA || route.kind == ROUTE_CONFIRM);
	g_assert_true(g_utf8_validate(token, -1, NULL));
	g_assert_null(fuzz_verify(token, VAULT_LINK_REVIEW, "example"));
	g_assert_null(fuzz_verify(text, VAULT_LINK_REVIEW, "example"));
}

static void
fuzz_button(const char *text)
{
	ReviewDecision decision = {0};
	guint8 hash[VAULT_HASH_BYTES];
	g_autoptr(GString) digits = g_string_new(NULL);
	g_autofree char *lower = g_ascii_strdown(text, -1);

	if (review_decision_read(text, &decision))
		g_assert_cmpstr(review_decision_text(&decision), ==, text);
	if (!text_read_hex(text, hash, sizeof hash))
		return;
	text_append_hex(digits, hash, sizeof hash);
	g_assert_cmpstr(digits->str, ==, lower);
}

static void
fuzz_claim(GBytes *payload)
{
	ReviewClaim claim = {0};

	if (!review_payload_read(payload, &claim))
		return;
	g_autoptr(GBytes) again = review_payload(&claim);
	g_assert_true(g_bytes_equal(again, payload));
	g_assert_true(claim.stage == REVIEW_HELD || claim.stage == REVIEW_PASSED);
	for (const char *at = claim.receipt; *at != '\0'; at++)
		g_assert_true(g_ascii_isalnum(*at));
}

static void
fuzz_payload(const uint8_t *bytes, size_t size)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	g_autoptr(GBytes) payload = g_bytes_new(bytes, MIN(size, VAULT_LINK_PAYLOAD_BYTES));
	const VaultLink link = {.purpose = VAULT_LINK_REVIEW, .site = "example", .expires_at_us = EXPIRES_US, .payload = payload};
	g_autofree char *token = vault_link_sign(vault_for_all(), &link);
	g_autoptr(GBytes) read = fuzz_verify(token, VAULT_LINK_REVIEW, "example");

	g_assert_true(read != NULL && g_bytes_equal(read, payload));
	g_assert_null(fuzz_verify(token, VAULT_LINK_REVIEW, "other"));
	g_assert_null(fuzz_verify(token, VAULT_LINK_CONSENT, "example"));
	fuzz_claim(payload);
	/* The input's end says which letter is changed, and into what. */
	char *place = token + (size > 1 ? bytes[size - 1] * 256u + bytes[size - 2] : 0u) % strlen(token);
	const char changed = letters[(size > 2 ? bytes[size - 3] : 0u) % strlen(letters)];
	*place = changed != *place ? changed : '.';
	g_assert_null(fuzz_verify(token, VAULT_LINK_REVIEW, "example"));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	g_autofree char *text = g_strndup((const char *)bytes, size);

	fuzz_address(text);
	fuzz_button(text);
	fuzz_payload(bytes, size);
	return 0;
}
