/*
 * The salts in memory are a frozen list that is swapped. The database is asked by fingerprints_refresh alone, whose caller is one thread.
 */
#include "fingerprint.h"

#include <pthread.h>
#include <string.h>

#include "sekisho/base/clock.h"
#include "sekisho/base/text.h"
#include "sekisho/store/salts.h"

/* Hex digits of the hash that follow the salt's id: its 16 bytes without version and key. */
#define HASH_BYTES 16u

struct Fingerprints {
	Db *db;
	pthread_mutex_t lock;
	GPtrArray *salts; /* Salt *, newest first */
};

static GPtrArray *
take_salts(Fingerprints *fingerprints)
{
	pthread_mutex_lock(&fingerprints->lock);
	GPtrArray *salts = g_ptr_array_ref(fingerprints->salts);
	pthread_mutex_unlock(&fingerprints->lock);
	return salts;
}

static void
swap_salts(Fingerprints *fingerprints, GPtrArray *salts)
{
	pthread_mutex_lock(&fingerprints->lock);
	GPtrArray *old = fingerprints->salts;
	fingerprints->salts = salts;
	pthread_mutex_unlock(&fingerprints->lock);
	g_ptr_array_unref(old);
}

Fingerprints *
fingerprints_new(const char *data_directory, GError **error)
{
	Fingerprints *fingerprints = g_new0(Fingerprints, 1);
	pthread_mutex_init(&fingerprints->lock, NULL);
	fingerprints->salts = g_ptr_array_new();
	fingerprints->db = db_open(data_directory, DB_EXISTING, error);
	if (fingerprints->db != NULL && fingerprints_refresh(fingerprints, error))
		return fingerprints;
	fingerprints_free(fingerprints);
	return NULL;
}

void
fingerprints_free(Fingerprints *fingerprints)
{
	if (fingerprints == NULL)
		return;
	db_free(fingerprints->db);
	g_ptr_array_unref(fingerprints->salts);
	pthread_mutex_destroy(&fingerprints->lock);
	g_free(fingerprints);
}

gboolean
fingerprints_refresh(Fingerprints *fingerprints, GError **error)
{
	GPtrArray *salts = salts_renew(fingerprints->db, clock_now_us(), error);
	if (salts == NULL)
		return FALSE;
	swap_salts(fingerprints, salts);
	return TRUE;
}

/* What the request shows, NUL after each part: no two different lists read the same. NULL if it shows nothing. */
static GString *
parts_of(const Request *request)
{
	static const RequestParam shown[] = {PARAM_USER_AGENT, PARAM_ACCEPT_LANGUAGE, PARAM_ACCEPT_ENCODING, PARAM_HINT_BRANDS,
	    PARAM_HINT_MOBILE, PARAM_HINT_PLATFORM, PARAM_TLS_FINGERPRINT};
	GString *parts = g_string_new(NULL);
	gsize bytes = 0;
	for (guint i = 0; i < G_N_ELEMENTS(shown); i++) {
		const char *part = request_param(request, shown[i]);
		bytes += strlen(part);
		g_string_append_len(parts, part, (gssize)strlen(part) + 1);
	}
	if (bytes > 0)
		return parts;
	g_string_free(parts, TRUE);
	return NULL;
}

static void
append_fingerprint(GString *all, const Salt *salt, const GString *parts, Vault *vault)
{
	VaultHash hash;
	/* All of it fits, so that the salt is in no block that was given back. */
	g_autoptr(GString) said = g_string_sized_new(sizeof salt->secret + parts->len + 1);
	g_string_append_len(said, (const char *)salt->secret, sizeof salt->secret);
	g_string_append_len(said, parts->str, (gssize)parts->len);
	vault_hash(vault, VAULT_HASH_FINGERPRINT, said->str, said->len, &hash);
	explicit_bzero(said->str, said->len);
	g_string_append_printf(all, "%s%s-", all->len > 0 ? " " : "", salt->id);
	text_append_hex(all, hash.bytes + VAULT_HASH_BYTES - HASH_BYTES, HASH_BYTES);
}

char *
fingerprints_of(Fingerprints *fingerprints, Vault *vault, const Request *request)
{
	g_autoptr(GString) parts = parts_of(request);
	g_autoptr(GPtrArray) salts = take_salts(fingerprints);
	GString *all = g_string_new(NULL);
	for (guint i = 0; parts != NULL && i < salts->len; i++)
		append_fingerprint(all, salts->pdata[i], parts, vault);
	return g_string_free(all, FALSE);
}
