/*
 * A small database in MaxMind's format (version 2.0 of its specification), so that tests need no file of somebody else's.
 */
#pragma once

#include <glib.h>

typedef struct {
	const char *network; /* of 16 bytes of an IPv6 address in hex digits without colons; IPv4 stands at ::/96 */
	guint bits;
	const char *code;
	gboolean is_flat;    /* {"country_code": code}, else {"country": {"iso_code": code}} */
} CountryRow;

/* Writes it; rows must not overlap. */
void country_maker_write(const char *path, const CountryRow *rows, guint count);
