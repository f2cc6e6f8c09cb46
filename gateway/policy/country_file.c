/*
 * The country of an address. A database is mapped memory that never changes, so any thread may ask.
 */
#include "country_file.h"

#include <arpa/inet.h>
#include <maxminddb.h>
#include <string.h>

#include "sekisho/base/error.h"

struct CountryFile {
	gint references;
	MMDB_s database;
};

CountryFile *
country_file_open(const char *path, GError **error)
{
	CountryFile *file = g_new0(CountryFile, 1);
	file->references = 1;
	const int result = MMDB_open(path, MMDB_MODE_MMAP, &file->database);
	if (result == MMDB_SUCCESS)
		return file;
	g_free(file);
	g_set_error(error, CONF_ERROR, CONF_ERROR_UNREADABLE,
	    "%s: this cannot be used as a database of countries (%s); give a file in MaxMind's format (.mmdb) or leave "
	    "country_file empty.",
	    path, MMDB_strerror(result));
	return NULL;
}

CountryFile *
country_file_ref(CountryFile *file)
{
	g_atomic_int_inc(&file->references);
	return file;
}

void
country_file_unref(CountryFile *file)
{
	if (!file || !g_atomic_int_dec_and_test(&file->references))
		return;
	MMDB_close(&file->database);
	g_free(file);
}

static gboolean
read_code(MMDB_lookup_result_s *found, const char *const *path, CountryCode *code)
{
	MMDB_entry_data_s data;
	if (MMDB_aget_value(&found->entry, &data, path) != MMDB_SUCCESS || !data.has_data ||
	    data.type != MMDB_DATA_TYPE_UTF8_STRING || data.data_size != 2 || !g_ascii_isalpha(data.utf8_string[0]) ||
	    !g_ascii_isalpha(data.utf8_string[1]))
		return FALSE;
	code->letters[0] = g_ascii_toupper(data.utf8_string[0]);
	code->letters[1] = g_ascii_toupper(data.utf8_string[1]);
	code->letters[2] = '\0';
	return TRUE;
}

gboolean
country_file_find(const CountryFile *file, const char *ip, CountryCode *code)
{
	static const char *const paths[][3] = {{"country", "iso_code", NULL}, {"country_code", NULL, NULL}};
	struct sockaddr_in ipv4 = {.sin_family = AF_INET};
	struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6};
	const gboolean is_ipv4 = inet_pton(AF_INET, ip, &ipv4.sin_addr) == 1;
	int result = MMDB_SUCCESS;
	if (!is_ipv4 && inet_pton(AF_INET6, ip, &ipv6.sin6_addr) != 1)
		return FALSE;
	const struct sockaddr *address = is_ipv4 ? (const struct sockaddr *)&ipv4 : (const struct sockaddr *)&ipv6;
	MMDB_lookup_result_s found = MMDB_lookup_sockaddr(&file->database, address, &result);
	if (result != MMDB_SUCCESS || !found.found_entry)
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
		if (read_code(&found, paths[i], code))
			return TRUE;
	}
	return FALSE;
}
