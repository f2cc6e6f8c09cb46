/* DKIM keys and DMARC records as texts. */
#include <string.h>

#include "policy/tag_list.h"

#define KEY_2048 "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA"

static void
test_lists(void)
{
	static const char *const bad[] = {
	    "", " ", "a", "a=1;;b=2", "=1", "1a=1", "a b=1", "a=1; a=2", "a=\1", "a=\xe3\x81\x82", "a=1;b", ";a=1", "a-b=1"};
	const char *first = NULL;
	g_autoptr(GHashTable) tags = tag_list_parse(" v = DKIM1 ;\t\r\n p=AB CD ; x= ;Y=a=b; ", &first, NULL);

	g_assert_nonnull(tags);
	g_assert_cmpstr(first, ==, "v");
	g_assert_cmpstr(g_hash_table_lookup(tags, "v"), ==, "DKIM1");
	g_assert_cmpstr(g_hash_table_lookup(tags, "p"), ==, "AB CD");
	g_assert_cmpstr(g_hash_table_lookup(tags, "x"), ==, "");
	g_assert_cmpstr(g_hash_table_lookup(tags, "Y"), ==, "a=b");
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		if (tag_list_parse(bad[i], NULL, &error) != NULL)
			g_error("taken: %s", bad[i]);
		g_assert_nonnull(error);
	}
}

static void
test_keys(void)
{
	static const char *const bad[] = {"v=DKIM1", "v=DKIM2; p=AAAA", "p=AAAA; v=DKIM1", "v=DKIM1; p=A", "v=DKIM1; p=AAAAA",
	    "v=DKIM1; p=AA=A", "v=DKIM1; p=AAAA=", "v=DKIM1; p=A-AA", "v=DKIM1; p=AA===", "v=DKIM1 p=AAAA"};
	g_autoptr(DkimKey) key =
	    dkim_key_parse("v=DKIM1; k=RSA; h=sha1 : sha256; s=tlsrpt:email; t=s:y; p=" KEY_2048 " AA==", NULL);

	g_assert_nonnull(key);
	g_assert_cmpstr(key->algorithm, ==, "rsa");
	g_assert_cmpuint(key->size, ==, 34);
	g_assert_true(key->is_for_mail && key->is_sha256 && key->is_testing && !key->is_revoked);
	g_autoptr(DkimKey) other = dkim_key_parse("p=;h=sha1;s=x;t=s", NULL);
	g_assert_nonnull(other);
	g_assert_true(other->is_revoked && !other->is_for_mail && !other->is_sha256 && !other->is_testing);
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		if (dkim_key_parse(bad[i], &error) != NULL)
			g_error("taken: %s", bad[i]);
		g_assert_nonnull(error);
	}
	g_assert_true(dkim_key_is("v=DKIM1") && dkim_key_is("k=rsa; p=") && dkim_key_is("v=DKIM1; broken") &&
		      dkim_key_is("v=DKIM1 k=rsa; p=AAAA"));
	g_assert_false(dkim_key_is("v=spf1 -all") || dkim_key_is("v=DMARC1; q=p") || dkim_key_is(""));
}

static void
test_dmarc(void)
{
	static const char *const bad[] = {"v=DMARC1", "v=DMARC1; p=", "v=DMARC1; p=rejct", "v=DMARC1; p=none; sp=all",
	    "v=DMARC1; p=none; p=none", "v=DMARC1; p"};
	DmarcRecord record;

	g_assert_true(dmarc_record_parse("v=DMARC1; p=Reject; rua=mailto:a@b.jp,mailto:c@d.jp!10m; aspf=s", &record, NULL));
	g_assert_cmpint(record.policy, ==, DMARC_POLICY_REJECT);
	g_assert_cmpint(record.subdomain_policy, ==, DMARC_POLICY_REJECT);
	g_assert_true(record.is_spf_strict && !record.is_dkim_strict);
	g_assert_true(dmarc_record_parse("v = DMARC1;p=none;sp=quarantine;adkim=S;aspf=r;", &record, NULL));
	g_assert_cmpint(record.policy, ==, DMARC_POLICY_NONE);
	g_assert_cmpint(record.subdomain_policy, ==, DMARC_POLICY_QUARANTINE);
	g_assert_true(!record.is_spf_strict && record.is_dkim_strict);
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_true(dmarc_record_is(bad[i]));
		if (dmarc_record_parse(bad[i], &record, &error))
			g_error("taken: %s", bad[i]);
		g_assert_nonnull(error);
	}
	g_assert_false(dmarc_record_is("v=DMARC10; p=none") || dmarc_record_is("v=dmarc1; p=none") ||
		       dmarc_record_is("p=none; v=DMARC1") || dmarc_record_is(""));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/tag_list/lists", test_lists);
	g_test_add_func("/tag_list/keys", test_keys);
	g_test_add_func("/tag_list/dmarc", test_dmarc);
	return g_test_run();
}
