/*
 * Error domains and the one table about them.
 *
 * Each code of base/error.h has exactly one row: the name that logs and JSON show, whether the same thing may succeed later
 * without a person's help, and the exit code of a command that ends with it. "Temporary" is asked of a mail or a request, not
 * of the operator's patience: a refused password is temporary here, because the mail must wait for the operator instead of dying.
 * No state; everything may be called from any thread at any time.
 */
#include "sekisho/base/error.h"

#include <sysexits.h>

/* Not G_DEFINE_QUARK: it remembers the number in a static variable that threads would set without a lock. */
GQuark
base_error_quark(void)
{
	return g_quark_from_static_string("sekisho-base-error");
}

GQuark
wire_error_quark(void)
{
	return g_quark_from_static_string("sekisho-wire-error");
}

GQuark
form_error_quark(void)
{
	return g_quark_from_static_string("sekisho-form-error");
}

GQuark
store_error_quark(void)
{
	return g_quark_from_static_string("sekisho-store-error");
}

GQuark
conf_error_quark(void)
{
	return g_quark_from_static_string("sekisho-conf-error");
}

GQuark
relay_error_quark(void)
{
	return g_quark_from_static_string("sekisho-relay-error");
}

typedef enum { PERMANENT, TEMPORARY } Prospect;

typedef struct {
	GQuark (*domain)(void);
	int code;
	const char *name;
	Prospect prospect;
	int exit_code;
} ErrorRow;

static const ErrorRow error_rows[] = {
    {base_error_quark, BASE_ERROR_IO, "base.io", TEMPORARY, EX_IOERR},
    {base_error_quark, BASE_ERROR_EXPOSED, "base.exposed", PERMANENT, EX_CONFIG},
    {base_error_quark, BASE_ERROR_KEY, "base.key", PERMANENT, EX_CONFIG},
    {base_error_quark, BASE_ERROR_FORGED, "base.forged", PERMANENT, EX_DATAERR},
    {base_error_quark, BASE_ERROR_PRIVILEGE, "base.privilege", PERMANENT, EX_NOPERM},

    {wire_error_quark, WIRE_ERROR_MALFORMED, "wire.malformed", PERMANENT, EX_DATAERR},
    {wire_error_quark, WIRE_ERROR_LIMIT, "wire.limit", PERMANENT, EX_DATAERR},
    {wire_error_quark, WIRE_ERROR_TYPE, "wire.type", PERMANENT, EX_DATAERR},

    {form_error_quark, FORM_ERROR_TEMPLATE, "form.template", PERMANENT, EX_CONFIG},
    {form_error_quark, FORM_ERROR_SENDER, "form.sender", PERMANENT, EX_CONFIG},
    {form_error_quark, FORM_ERROR_UNSUPPORTED, "form.unsupported", PERMANENT, EX_CONFIG},
    {form_error_quark, FORM_ERROR_IMPORT, "form.import", PERMANENT, EX_DATAERR},

    {store_error_quark, STORE_ERROR_BUSY, "store.busy", TEMPORARY, EX_TEMPFAIL},
    {store_error_quark, STORE_ERROR_FULL, "store.full", TEMPORARY, EX_TEMPFAIL},
    {store_error_quark, STORE_ERROR_READONLY, "store.readonly", PERMANENT, EX_NOPERM},
    {store_error_quark, STORE_ERROR_CORRUPT, "store.corrupt", PERMANENT, EX_DATAERR},
    {store_error_quark, STORE_ERROR_VERSION, "store.version", PERMANENT, EX_CONFIG},
    {store_error_quark, STORE_ERROR_CONFLICT, "store.conflict", PERMANENT, EX_DATAERR},
    {store_error_quark, STORE_ERROR_NOT_FOUND, "store.not_found", PERMANENT, EX_NOINPUT},
    {store_error_quark, STORE_ERROR_IO, "store.io", TEMPORARY, EX_IOERR},

    {conf_error_quark, CONF_ERROR_INVALID, "conf.invalid", PERMANENT, EX_CONFIG},
    {conf_error_quark, CONF_ERROR_NO_SITE, "conf.no_site", PERMANENT, EX_NOINPUT},
    {conf_error_quark, CONF_ERROR_NO_FORM, "conf.no_form", PERMANENT, EX_NOINPUT},
    {conf_error_quark, CONF_ERROR_UNREADABLE, "conf.unreadable", PERMANENT, EX_NOINPUT},

    {relay_error_quark, RELAY_ERROR_CONNECT, "relay.connect", TEMPORARY, EX_TEMPFAIL},
    {relay_error_quark, RELAY_ERROR_TLS, "relay.tls", TEMPORARY, EX_PROTOCOL},
    {relay_error_quark, RELAY_ERROR_AUTH, "relay.auth", TEMPORARY, EX_NOPERM},
    {relay_error_quark, RELAY_ERROR_TEMPORARY, "relay.temporary", TEMPORARY, EX_TEMPFAIL},
    {relay_error_quark, RELAY_ERROR_PERMANENT, "relay.permanent", PERMANENT, EX_UNAVAILABLE},
    {relay_error_quark, RELAY_ERROR_LOST, "relay.lost", TEMPORARY, EX_TEMPFAIL},
    {relay_error_quark, RELAY_ERROR_ACCOUNT, "relay.account", TEMPORARY, EX_CONFIG},
    {relay_error_quark, RELAY_ERROR_MESSAGE, "relay.message", PERMANENT, EX_DATAERR},
    {relay_error_quark, RELAY_ERROR_SMTPUTF8, "relay.smtputf8", PERMANENT, EX_UNAVAILABLE},
};

static const ErrorRow *
error_row(const GError *error)
{
	g_assert(error);
	for (gsize i = 0; i < G_N_ELEMENTS(error_rows); i++)
		if (error_rows[i].domain() == error->domain && error_rows[i].code == error->code)
			return &error_rows[i];
	return NULL;
}

const char *
error_name(const GError *error)
{
	const ErrorRow *row = error_row(error);
	return row ? row->name : "unknown";
}

gboolean
error_is_temporary(const GError *error)
{
	const ErrorRow *row = error_row(error);
	return !row || row->prospect == TEMPORARY;
}

int
error_exit_code(const GError *error)
{
	const ErrorRow *row = error_row(error);
	return row ? row->exit_code : EX_SOFTWARE;
}
