/*
 * The tables of names. The text files beside it (names/) are read by a build step, so nothing can be missing when the program runs.
 *
 * No state.
 */
#include "sekisho/policy/names.h"

#include "names_table.h"

const char *const *
names_of(Names names)
{
	static const char *const *const tables[] = {
	    [NAMES_BRANDS] = brands_names,
	    [NAMES_SHORTENERS] = shorteners_names,
	    [NAMES_DISPOSABLES] = disposables_names,
	    [NAMES_MAIL_DOMAINS] = mail_domains_names,
	    [NAMES_MAIL_SLIPS] = mail_slips_names,
	};
	return tables[names];
}
