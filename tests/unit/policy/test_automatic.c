/*
 * Which addresses no automatic mail goes to.
 */
#include <glib.h>

#include "sekisho/policy/automatic.h"

static void
test_automatic(void)
{
	static const char *const automatic[] = {"MAILER-DAEMON@example.test", "mailer_daemon@example.test",
	    "postmaster@example.test", "no-reply@example.test", "noreply@example.test", "No.Reply@example.test",
	    "no_reply@example.test", "noreply+123@example.test", "noreply-comment@example.test",
	    "notifications-noreply@example.test", "shop.no-reply@example.test", "do-not-reply@example.test",
	    "donotreply@example.test", "bounce@example.test", "bounces@example.test", "bounces+1=x=y.test@example.test",
	    "bounce-7-html@example.test", "list-bounces@example.test", "owner-list@example.test", "list-owner@example.test",
	    "list-request@example.test", "Majordomo@example.test", "listserv@example.test", "mailman@example.test",
	    "list-unsubscribe@example.test", "ml-ctl@example.test", "srs0=abcd=ef=y.test=x@example.test",
	    "prvs=0123abcd=x@example.test", "anybody@googlegroups.com", "anybody@Lists.example.test",
	    "anybody@sub.lists.example.test", "auto-reply@example.test", "autoresponder@example.test", "root@example.test",
	    "mailer-daemon"};
	static const char *const persons[] = {"taro@example.test", "info@example.test", "webmaster@example.test",
	    "hostmaster@example.test", "reply@example.test", "casinoreply@example.test", "norepentance@example.test",
	    "request@example.test", "owner@example.test", "bouncer@example.test", "mailmanager@example.test",
	    "rooth@example.test", "taro+noreply@example.test", "lists@example.test", "taro@mylists.example.test",
	    "abused@example.test", "daemonia@example.test", "cat.owner@example.test", "summer_join@example.test",
	    "sky.relay@example.test", "", "@", "日本@example.test", "\xff@x.test"};

	for (gsize i = 0; i < G_N_ELEMENTS(automatic); i++) {
		g_test_message("%s", automatic[i]);
		g_assert_nonnull(automatic_reason(automatic[i]));
	}
	for (gsize i = 0; i < G_N_ELEMENTS(persons); i++) {
		g_test_message("%s", persons[i]);
		g_assert_cmpstr(automatic_reason(persons[i]), ==, NULL);
	}
}

static void
test_reasons(void)
{
	g_assert_cmpstr(automatic_reason("postmaster@example.test"), ==, "it belongs to a mail system");
	g_assert_cmpstr(automatic_reason("no-reply@example.test"), ==, "its name says that it takes no answer");
	g_assert_cmpstr(automatic_reason("list-request@example.test"), ==, "it is a mailing list's own address");
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/automatic/programs, lists and senders that take no answer", test_automatic);
	g_test_add_func("/automatic/why", test_reasons);
	return g_test_run();
}
