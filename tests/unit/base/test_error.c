/* The table of errors: every code has its row, names are unique, and the answers that callers build on hold. */
#include <sysexits.h>

#include "sekisho/base/error.h"

typedef struct {
	GQuark (*domain)(void);
	const char *prefix;
	int last_code;
} Domain;

static const Domain domains[] = {
    {base_error_quark, "base.", BASE_ERROR_PRIVILEGE},
    {wire_error_quark, "wire.", WIRE_ERROR_TYPE},
    {form_error_quark, "form.", FORM_ERROR_IMPORT},
    {store_error_quark, "store.", STORE_ERROR_IO},
    {conf_error_quark, "conf.", CONF_ERROR_UNREADABLE},
    {relay_error_quark, "relay.", RELAY_ERROR_SMTPUTF8},
};

static void
test_every_code_has_a_row(void)
{
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
	for (gsize i = 0; i < G_N_ELEMENTS(domains); i++) {
		for (int code = 0; code <= domains[i].last_code; code++) {
			g_autoptr(GError) error = g_error_new_literal(domains[i].domain(), code, "x");
			const char *name = error_name(error);
			g_assert_true(g_str_has_prefix(name, domains[i].prefix));
			g_assert_true(g_hash_table_add(names, (gpointer)name));
			g_assert_cmpint(error_exit_code(error), >=, EX__BASE);
			g_assert_cmpint(error_exit_code(error), <=, EX__MAX);
		}
	}
}

static void
test_answers(void)
{
	static const struct {
		GQuark (*domain)(void);
		int code;
		const char *name;
		gboolean is_temporary;
		int exit_code;
	} rows[] = {
	    {store_error_quark, STORE_ERROR_FULL, "store.full", TRUE, EX_TEMPFAIL},
	    {store_error_quark, STORE_ERROR_NOT_FOUND, "store.not_found", FALSE, EX_NOINPUT},
	    {conf_error_quark, CONF_ERROR_INVALID, "conf.invalid", FALSE, EX_CONFIG},
	    /* A wrong password or certificate is the operator's alarm, never the mail's end. */
	    {relay_error_quark, RELAY_ERROR_AUTH, "relay.auth", TRUE, EX_NOPERM},
	    {relay_error_quark, RELAY_ERROR_TLS, "relay.tls", TRUE, EX_PROTOCOL},
	    {relay_error_quark, RELAY_ERROR_ACCOUNT, "relay.account", TRUE, EX_CONFIG},
	    {relay_error_quark, RELAY_ERROR_LOST, "relay.lost", TRUE, EX_TEMPFAIL},
	    {relay_error_quark, RELAY_ERROR_PERMANENT, "relay.permanent", FALSE, EX_UNAVAILABLE},
	    {g_file_error_quark, G_FILE_ERROR_NOENT, "unknown", TRUE, EX_SOFTWARE},
	    {store_error_quark, 4711, "unknown", TRUE, EX_SOFTWARE},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = g_error_new_literal(rows[i].domain(), rows[i].code, "x");
		g_assert_cmpstr(error_name(error), ==, rows[i].name);
		g_assert_cmpint(error_is_temporary(error), ==, rows[i].is_temporary);
		g_assert_cmpint(error_exit_code(error), ==, rows[i].exit_code);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/base/error/every code has a row of its own", test_every_code_has_a_row);
	g_test_add_func("/base/error/names, prospects and exit codes", test_answers);
	return g_test_run();
}
