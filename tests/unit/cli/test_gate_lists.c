/*
 * `sekisho list`, over a real configuration, keys and databases.
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "../conf/tree.h"
#include "gate_house.h"
#include "sekisho/base/clock.h"
#include "sekisho/store/counters.h"

static void
met(Gateway *gateway, gint64 id, guint64 count)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Db) counters = db_open_counters(gateway->data_directory, DB_EXISTING, &error);
	g_assert_no_error(error);
	g_assert_true(counters_add_hits(counters, id, count, &error));
}

/* --- list ------------------------------------------------------------------------------------------------------------- */

static void
test_list(void)
{
	Gateway gateway = gateway_new();
	gateway_assert(&gateway, "list", EX_OK, "the lists are empty\n");
	gateway_assert(&gateway, "list add block network 192.0.2.77/24 --reason a_wave", EX_OK,
	    "block network 192.0.2.0/24 for all sites\n");
	gateway_assert(&gateway, "list add hold address Taro@Example.com --site example.jp --for 30d", EX_OK,
	    "hold address Taro@example.com for example.jp, until ");
	gateway_assert(
	    &gateway, "list add note 3 phrase ＢＵＹ_now --form example.jp/4", EX_OK, "note 3 phrase buy now for example.jp/4\n");
	/* The same again takes its place. */
	gateway_assert(&gateway, "list add hold network 192.0.2.0/24", EX_OK,
	    "it replaces: block network 192.0.2.0/24 for all sites, because a wave\n");
	met(&gateway, 3, 12);
	gateway_assert(&gateway, "list", EX_OK, "ID  ACTION  TYPE     VALUE             FOR           HITS\n");
	assert_contains(gateway.output, "hold    network  192.0.2.0/24      all sites     never\n");
	assert_contains(gateway.output, "12, last 20");
	assert_contains(gateway.output, "hold    address  Taro@example.com  example.jp    never\n    until 20");
	gateway_assert(&gateway, "list --site example.jp --type phrase", EX_OK, "buy now");
	g_assert_null(strstr(gateway.output, "Taro"));
	gateway_assert(&gateway, "list --json", EX_OK, "\"value\": \"Taro@example.com\"");
	g_assert_cmpstr(gateway.complaint, ==, "");
	assert_contains(gateway.output, "\"hits\": 12");
	gateway_assert(&gateway, "list --json --limit 1", EX_OK, "[");
	assert_contains(gateway.complaint, "There are 3 entries; `sekisho list export` prints them all.\n");
	gateway_assert(&gateway, "list remove Taro@EXAMPLE.com --yes", EX_OK, "1 entry is removed\n");
	gateway_assert(&gateway, "list remove 99", EX_NOINPUT, "there is no such entry");
	gateway_assert(&gateway, "list remove taro@example.com", EX_NOINPUT, "no entry has the value");
	gateway_assert(&gateway, "list add block domain example.net", EX_OK, "block domain");
	gateway_assert(&gateway, "list add block link example.net", EX_OK, "block link");
	gateway_assert(&gateway, "list remove example.net", EX_DATAERR, "several entries have this value");
	assert_contains(gateway.complaint, "\n  5  block domain example.net for all sites\n");
	gateway_assert(&gateway, "list remove 5 6 99 5 --yes", EX_OK, "2 entries are removed; the others were not there\n");
	gateway_clear(&gateway);
}

/* What is added says what stands in its way. */
static void
test_standing(void)
{
	Gateway gateway = gateway_new();
	gateway_run(&gateway, "list add block domain example.com");
	/* An address is more specific than its domain. */
	gateway_assert(&gateway, "list add allow address taro@mail.example.com", EX_OK, "entry 2: allow address");
	g_assert_null(strstr(gateway.output, "It "));
	gateway_run(&gateway, "list add allow domain friend.example");
	gateway_assert(&gateway, "list add hold address a@friend.example", EX_OK, "entry 4: hold address");
	g_assert_null(strstr(gateway.output, "It "));
	gateway_run(&gateway, "list add block network 198.51.100.0/24");
	gateway_assert(&gateway, "list add block ip 198.51.100.7", EX_OK,
	    "It changes nothing, because entry 5 (block network 198.51.100.0/24)");
	/* A smaller one that begins at the same place covers nothing of it. */
	gateway_assert(&gateway, "list add block network 203.0.113.0/28", EX_OK, "block network");
	gateway_assert(&gateway, "list add block network 203.0.113.0/24", EX_OK, "block network");
	g_assert_null(strstr(gateway.output, "It "));
	/* What ends earlier does not make it useless. */
	gateway_run(&gateway, "list add block network 10.0.0.0/8 --for 2d");
	gateway_run(&gateway, "list add block ip 10.1.2.3");
	g_assert_null(strstr(gateway.output, "It "));
	gateway_assert(&gateway, "list add block country JP", EX_OK, "no country_file is configured");
	gateway_assert(&gateway, "list add block address b@www.example.com", EX_OK,
	    "It changes nothing, because entry 1 (block domain example.com)");
	/* Of several that cover it the next one counts, not the longest text. */
	gateway_run(&gateway, "list add allow network 2001:db8::/40");
	gateway_run(&gateway, "list add block network 2000::/6");
	gateway_assert(&gateway, "list add block network 2001:db8:0:7::/64", EX_OK, "block network");
	g_assert_null(strstr(gateway.output, "It "));
	gateway_run(&gateway, "list remove 2001:db8::/40 --yes");
	gateway_run(&gateway, "list add hold network 2001:db8::/40");
	assert_contains(gateway.output, "It can never decide anything, because entry");
	assert_contains(gateway.output, "only an allow takes a block away.");
	gateway_run(&gateway, "list add hold phrase cheap");
	gateway_assert(&gateway, "list add hold phrase so_cheap_pills", EX_OK, "It changes nothing, because entry");
	gateway_run(&gateway, "list add hold domain held.example");
	gateway_run(&gateway, "list add hold address c@held.example");
	gateway_run(&gateway, "list remove z@example.com");
	assert_contains(gateway.complaint, "no entry has the value");
	gateway_assert(&gateway, "list lint", 1, "(hold phrase cheap) says the");
	assert_contains(gateway.output, "redundant  hold    address  c@held.example");
	assert_contains(gateway.output, "redundant  block   address  b@www.example.com");
	assert_contains(gateway.output, "(block domain example.com)");
	assert_contains(gateway.output, "broad      block   network  2000::/6");
	gateway_assert(&gateway, "list test taro+tag@mail.example.com", EX_OK, "entry 2 allows it");
	gateway_assert(&gateway, "list test taro@mail.example.com", EX_OK, "entry 2 allows it");
	assert_contains(gateway.output, "domain   example.com     all sites  no, a more specific one takes its place");
	gateway_assert(&gateway, "list test jiro@mail.example.com", EX_OK, "It would be refused: entry 1 blocks it");
	gateway_clear(&gateway);
}

static void
test_test(void)
{
	Gateway gateway = gateway_new();
	gateway_run(&gateway, "list add block network 192.0.2.0/24");
	gateway_run(&gateway, "list add allow ip 192.0.2.7 --site example.jp");
	gateway_run(&gateway, "list add hold domain example.net");
	gateway_run(&gateway, "list add note 2 phrase cheap_pills");
	gateway_assert(&gateway, "list test 192.0.2.7", EX_OK, "It would be refused: entry 1 blocks it");
	assert_contains(gateway.output, "Only entries for all sites were asked");
	gateway_assert(&gateway, "list test 192.0.2.7 --site example.jp", EX_OK, "entry 2 allows it");
	assert_contains(gateway.output, "no, a more specific one takes its place");
	gateway_assert(&gateway, "list test someone@mail.example.net", EX_OK, "It would be held: entry 3 says so.");
	gateway_assert(&gateway, "list test mail.example.net", EX_OK, "It would be held: entry 3 says so.");
	gateway_assert(&gateway, "list test Cheap_PILLS_here", EX_OK, "It would get 2 points");
	gateway_assert(&gateway, "list test nothing", EX_OK, "No entry fits it.");
	gateway_assert(&gateway, "list test 192.0.2.7 --json", EX_OK, "\"wins\": true");
	gateway_clear(&gateway);
}

/* --- import and export ---------------------------------------------------------------------------------------------------- */

/* `sekisho list import FILE WORDS` of that text. */
static int
import(Gateway *gateway, const char *text, const char *words)
{
	tree_write(gateway->tree, "import.txt", text);
	g_autofree char *file = tree_path(gateway->tree, "import.txt");
	g_assert_null(strchr(file, '_'));
	g_autofree char *line = g_strdup_printf("list import %s%s", file, words);
	return gateway_run(gateway, line);
}

static void
test_import_lines(void)
{
	Gateway gateway = gateway_new();
	g_assert_cmpint(
	    import(&gateway,
		"\xEF\xBB\xBF# a list\r\n; of networks\n\n192.0.2.0/24 ; SBL1234\r\n2001:db8::/32 # more\n198.51.100.7\n198.51.100.7\n"
		"someone@example.com\n",
		""),
	    ==, EX_OK);
	g_assert_cmpstr(gateway.output, ==, "4 entries written for all sites; 0 lines left out\n");
	gateway_assert(&gateway, "list", EX_OK, "block   network  192.0.2.0/24         all sites  never\n    SBL1234\n");
	/* One bad line, and nothing is changed. */
	g_assert_cmpint(import(&gateway, "198.51.100.8\n300.1.2.3\nexample.com\n192.0.2.9\xFF\n", " --as hold"), ==, EX_DATAERR);
	assert_contains(gateway.complaint, "  line 2: ");
	assert_contains(gateway.complaint, "  line 3: neither an IP address nor a mail address; say with --type");
	assert_contains(gateway.complaint, "  line 4: it is not valid UTF-8\n");
	assert_contains(gateway.complaint, "3 of 4 lines cannot be read, so nothing was changed");
	gateway_run(&gateway, "list");
	g_assert_null(strstr(gateway.output, "198.51.100.8"));
	g_assert_cmpint(import(&gateway, "198.51.100.8\n300.1.2.3\n", " --as hold --skip --reason test"), ==, 1);
	g_assert_cmpstr(gateway.output, ==, "1 entry written for all sites; 1 line left out\n");
	g_assert_cmpint(import(&gateway, "example.net\n.example.org\n", " --type domain --site example.jp"), ==, EX_OK);
	gateway_assert(&gateway, "list --site example.jp", EX_OK, "block   domain  example.org");
	/* What is taken otherwise than it stands there is said, of both entrances; and no control gets into a reason. */
	g_assert_cmpint(import(&gateway, "192.0.2.1\n198.51.100.7/24 ; \x1B[2Jgone\x07\n", " --as hold"), ==, EX_OK);
	assert_contains(
	    gateway.complaint, "Not taken as they stand there:\n  line 2: The address has bits behind the network's 24;");
	gateway_assert(&gateway, "list export", EX_OK, "network,198.51.100.0/24,hold,[2Jgone,,,\n");
	gateway_assert(&gateway, "list add block network 203.0.113.9/24 --reason \x1B[2Jx", EX_OK,
	    "The address has bits behind the network's 24;");
	gateway_assert(&gateway, "list export", EX_OK, "network,203.0.113.0/24,block,[2Jx,,,\n");
	/* A NUL ends no line. */
	g_autofree char *file = tree_path(gateway.tree, "nul.txt");
	g_autofree char *words = g_strdup_printf("list import %s", file);
	g_assert_true(g_file_set_contents(file, "192.0.2.1\0\0x\n", 13, NULL));
	gateway_assert(&gateway, words, EX_DATAERR, "line 1: it is not valid UTF-8");
	gateway_assert(&gateway, "list import /nonexistent", EX_NOINPUT, "/nonexistent cannot be read");
	gateway_clear(&gateway);
}

/* A bar on a terminal, which is gone in the end; without one nothing of it. */
static void
test_progress(void)
{
	Gateway gateway = gateway_new();
	g_autoptr(GString) lines = g_string_new(NULL);
	char *drawn = NULL;
	size_t size = 0;
	for (guint i = 0; i < 12000; i++)
		g_string_append_printf(lines, "10.%u.%u.0/24\n", i / 256, i % 256);
	gateway.progress = open_memstream(&drawn, &size);
	g_assert_nonnull(gateway.progress);
	g_assert_cmpint(import(&gateway, lines->str, ""), ==, EX_OK);
	g_assert_cmpint(fclose(gateway.progress), ==, 0);
	gateway.progress = NULL;
	g_assert_cmpstr(gateway.output, ==, "12000 entries written for all sites; 0 lines left out\n");
	assert_contains(drawn, "\rreading  [################");
	assert_contains(drawn, "\rwriting  [");
	g_assert_true(g_str_has_suffix(drawn, " \r"));
	free(drawn);
	gateway_clear(&gateway);
}

/* What stands on the lists already is not overwritten unsaid. */
static void
test_import_over(void)
{
	Gateway gateway = gateway_new();
	gateway_run(&gateway, "list add allow ip 192.0.2.7 --reason a_friend");
	gateway_run(&gateway, "list add block ip 192.0.2.8");
	g_assert_cmpint(import(&gateway, "192.0.2.7\n192.0.2.8\n192.0.2.9\n", ""), ==, 1);
	assert_contains(gateway.output, "2 entries written for all sites; 0 lines left out\n1 of them took the place of entries");
	assert_contains(gateway.output, "1 were not written, because entries of the same value do something else");
	gateway_assert(&gateway, "list", EX_OK, "1   allow   network  192.0.2.7");
	g_assert_cmpint(import(&gateway, "192.0.2.7\n192.0.2.8\n", " --replace --yes"), ==, EX_OK);
	assert_contains(gateway.output, "2 of them took the place");
	gateway_assert(&gateway, "list", EX_OK, "1   block   network  192.0.2.7");
	/* The last of several in one file counts, and replaces nothing. */
	g_assert_cmpint(import(&gateway, "ip,192.0.2.20,block\nip,192.0.2.20,hold,\"first\r\nsecond, \"\"so\"\"\"\nip,x,hold\n",
			    " --format csv --skip"),
	    ==, 1);
	assert_contains(gateway.complaint, "line 4: ");
	gateway_assert(&gateway, "list", EX_OK, "hold    network  192.0.2.20");
	assert_contains(gateway.output, "first  second, \"so\"");
	gateway_clear(&gateway);
}

static void
test_import_wordpress(void)
{
	Gateway gateway = gateway_new();
	g_assert_cmpint(import(&gateway, "viagra\n#hash\n192.0.2.1\n激安\n", " --format wordpress --as note_2"), ==, EX_OK);
	gateway_assert(&gateway, "list", EX_OK, "note 2  phrase   viagra");
	assert_contains(gateway.output, "note 2  phrase   #hash");
	assert_contains(gateway.output, "note 2  network  192.0.2.1 ");
	assert_contains(gateway.output, "激安");
	assert_contains(gateway.output, "note 2  agent    viagra");
	assert_contains(gateway.output, "note 2  phrase   192.0.2.1 ");
	/* Whole numbers in front of a dot are a network; a word of a browser's name is one of both. */
	g_assert_cmpint(import(&gateway, "192.168.1.\n10.\n1.2\n1.2.3.4.\nMSIE 6\n", " --format wordpress"), ==, EX_OK);
	assert_contains(gateway.output, "12 entries");
	gateway_assert(&gateway, "list --type network", EX_OK, "192.168.1.0/24");
	assert_contains(gateway.output, "10.0.0.0/8");
	g_assert_null(strstr(gateway.output, "1.2"));
	gateway_assert(&gateway, "list --type agent", EX_OK, "msie 6");
	gateway_assert(&gateway, "list export --format wordpress --type ip", EX_OK, "192.168.1.\n10.\n");
	gateway_clear(&gateway);
}

static void
test_export_formats(void)
{
	Gateway gateway = gateway_new();
	gateway_run(&gateway, "list add block phrase casino");
	gateway_run(&gateway, "list add allow phrase online_casino");
	gateway_run(&gateway, "list add block network 192.0.2.0/24 --form example.jp/4");
	gateway_run(&gateway, "list add block network 192.0.2.0/25 --site example.jp");
	gateway_run(&gateway, "list export --format lines --type phrase");
	g_assert_cmpstr(gateway.output, ==, "casino\n");
	gateway_run(&gateway, "list export --format lines --type word --as allow");
	g_assert_cmpstr(gateway.output, ==, "online casino\n");
	gateway_assert(&gateway, "list export --format wordpress", 1, "casino\n192.0.2.\n");
	assert_contains(gateway.complaint, "1 entries are left out");
	gateway_run(&gateway, "list export --form example.jp/4 --type network");
	g_assert_cmpstr(
	    gateway.output, ==, "type,value,action,reason,expiry,site,form\nnetwork,192.0.2.0/24,block,,,example.jp,4\n");
	gateway_assert(&gateway, "list export --format xml", EX_USAGE, "--format is csv, lines or wordpress");
	gateway_assert(&gateway, "list export --format lines", EX_USAGE, "say with --type");
	gateway_assert(&gateway, "list export --type nothing", EX_USAGE, "--type is ip, network");
	gateway_clear(&gateway);
}

/* What is exported reads back to the same. */
static void
test_round_trip(void)
{
	Gateway gateway = gateway_new();
	gateway_run(&gateway, "list add block network 2001:db8::/32 --reason a,_\"b\"");
	gateway_run(&gateway, "list add note 4 phrase say_\"hello\",_now --form example.jp/4");
	gateway_run(&gateway, "list add allow address taro@example.com --site example.jp --for 30d");
	gateway_run(&gateway, "list add hold agent curl/");
	gateway_assert(&gateway, "list export", EX_OK, "type,value,action,reason,expiry,site,form\n");
	assert_contains(gateway.output, "network,2001:db8::/32,block,\"a, \"\"b\"\"\",,,\n");
	assert_contains(gateway.output, "phrase,\"say \"\"hello\"\", now\",note 4,,,example.jp,4\n");
	g_autofree char *before = g_strdup(gateway.output);
	gateway_run(&gateway, "list remove 1 2 3 4 --yes");
	gateway_assert(&gateway, "list", EX_OK, "the lists are empty\n");
	g_assert_cmpint(import(&gateway, before, " --format csv"), ==, EX_OK);
	gateway_assert(&gateway, "list export", EX_OK, "type,");
	g_assert_cmpstr(gateway.output, ==, before);
	/* Other orders of columns, a bad quote, a bad site, a bad time. */
	g_assert_cmpint(
	    import(&gateway, "action,value,type\nhold,x@example.com,mail\nblock,\"y,domain\n", " --format csv --skip"), ==, 1);
	assert_contains(gateway.complaint, "line 3: its quotes do not fit");
	g_assert_cmpint(
	    import(&gateway, "domain,a.example,block,,soon\ndomain,b.example,block,,,nowhere.jp\ndomain,c.example,ban\n",
		" --format csv"),
	    ==, EX_DATAERR);
	assert_contains(gateway.complaint, "line 1: soon is no time");
	assert_contains(gateway.complaint, "line 2: there is no site nowhere.jp");
	assert_contains(gateway.complaint, "line 3: ban is no action");
	gateway_clear(&gateway);
}

static void
test_lint(void)
{
	Gateway gateway = gateway_new();
	gateway_assert(&gateway, "list lint", EX_OK, "0 of 0 entries");
	gateway_run(&gateway, "list add block domain example.com");
	gateway_run(&gateway, "list add allow address a@example.com");
	gateway_run(&gateway, "list add block domain mail.example.com");
	gateway_run(&gateway, "list add hold ip 192.0.2.1 --for 1d");
	gateway_run(&gateway, "list add hold ip 192.0.2.2");
	gateway_run(&gateway, "list add block country JP");
	clock_set_offset_us(91 * G_TIME_SPAN_DAY);
	met(&gateway, 1, 1);
	gateway_assert(&gateway, "list lint", 1, "2   unmet      allow   address  a@example.com");
	assert_contains(gateway.output, "3   redundant  block   domain   mail.example.com");
	assert_contains(gateway.output, "4   expired    hold    network  192.0.2.1");
	assert_contains(gateway.output, "5   unmet      hold    network  192.0.2.2");
	assert_contains(gateway.output, "6   never      block   country  JP");
	assert_contains(gateway.output, "5 of 6 entries can go or need a look\n");
	/* A fingerprint under a salt that is not there. */
	gateway_run(&gateway, "list add block fingerprint 01234567-0123456789abcdef0123456789abcdef");
	gateway_assert(&gateway, "list lint", 1, "7   never      block   fingerprint  01234567-");
	gateway_assert(&gateway, "list lint --json", 1, "\"code\": \"redundant\"");
	gateway_clear(&gateway);
}

/* --form and --type leave out the others; an entry whose form is gone, or that no link can have, is told. */
static void
test_form_and_type(void)
{
	Gateway gateway = gateway_new();
	gateway_assert(&gateway, "list add block link localhost", EX_OK, "because only a host with a dot");
	gateway_run(&gateway, "list add block link evil.example --form example.jp/4");
	gateway_run(&gateway, "list add block ip 192.0.2.1 --site example.jp");
	gateway_assert(&gateway, "list --form example.jp/4", EX_OK, "evil.example");
	g_assert_null(strstr(gateway.output, "192.0.2.1"));
	gateway_assert(&gateway, "list export --form example.jp/4", EX_OK, "evil.example");
	g_assert_null(strstr(gateway.output, "192.0.2.1"));
	gateway_assert(&gateway, "list --type ip", EX_OK, "192.0.2.1");
	g_assert_null(strstr(gateway.output, "evil.example"));
	gateway_assert(&gateway, "list --type word", EX_OK, "no such entries\n");
	gateway_assert(&gateway, "list lint", 1, "1 of 3 entries can go or need a look\n");
	tree_write(gateway.tree, "sites/example.jp/forms/contact/form.ini", "[form]\nid = 5\n");
	gateway_assert(&gateway, "list lint", 1, "2 of 3 entries can go or need a look\n");
	assert_contains(gateway.output, "because its form is gone.\n");
	gateway_clear(&gateway);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/gate lists/list adds, replaces, shows and removes", test_list);
	g_test_add_func("/gate lists/list add says what stands in its way", test_standing);
	g_test_add_func("/gate lists/list test says which entry wins", test_test);
	g_test_add_func("/gate lists/list import of lines changes nothing while one is bad", test_import_lines);
	g_test_add_func("/gate lists/list import draws a bar on a terminal", test_progress);
	g_test_add_func("/gate lists/list import of WordPress's keys", test_import_wordpress);
	g_test_add_func("/gate lists/list import does not overwrite unsaid", test_import_over);
	g_test_add_func("/gate lists/list export in other formats", test_export_formats);
	g_test_add_func("/gate lists/list export reads back", test_round_trip);
	g_test_add_func("/gate lists/list lint", test_lint);
	g_test_add_func("/gate lists/list by form and type", test_form_and_type);
	return g_test_run();
}
