/*
 * Which carrier an address belongs to.
 */
#include <glib.h>

#include "sekisho/policy/carriers.h"

static void
test_carriers(void)
{
	static const struct {
		const char *address, *id;
	} cases[] = {{"a@docomo.ne.jp", "docomo"}, {"a@DoCoMo.ne.jp", "docomo"}, {"a..b@docomo.ne.jp", "docomo"},
	    {"a@au.com", "au"}, {"a@biz.au.com", "au"}, {"a@ezweb.ne.jp", "au"}, {"a@biz.ezweb.ne.jp", "au"},
	    {"a@softbank.ne.jp", "softbank"}, {"a@i.softbank.jp", "softbank"}, {"a@t.vodafone.ne.jp", "softbank"},
	    {"a@disney.ne.jp", "softbank"}, {"a@jp-t.ne.jp", "softbank"}, {"a@ymobile.ne.jp", "ymobile"},
	    {"a@yahoo.ne.jp", "ymobile"}, {"a@di.pdx.ne.jp", "ymobile"}, {"a@willcom.com", "ymobile"},
	    {"a@emnet.ne.jp", "ymobile"}, {"a@uqmobile.jp", "uq"}, {"a@rakumail.jp", "rakuten"}, {"a@rakuten.jp", "rakuten"},
	    /* Like one, and none. */
	    {"a@yahoo.co.jp", NULL}, {"a@rakuten.co.jp", NULL}, {"a@softbank.jp", NULL}, {"a@docomo.ne.jp.evil.test", NULL},
	    {"a@evildocomo.ne.jp", NULL}, {"a@ne.jp", NULL}, {"a@mineo.jp", NULL}, {"docomo.ne.jp", NULL}, {"", NULL},
	    {"@", NULL}, {"a@example.test", NULL}};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		const Carrier *carrier = carrier_of(cases[i].address);

		g_test_message("%s", cases[i].address);
		g_assert_cmpstr(carrier != NULL ? carrier->id : NULL, ==, cases[i].id);
		if (carrier != NULL)
			g_assert_true(*carrier->name != '\0' && *carrier->name_ja != '\0');
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/carriers/by the domain, with all below it", test_carriers);
	return g_test_run();
}
