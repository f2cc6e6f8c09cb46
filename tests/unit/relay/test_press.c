/*
 * Pressed links on a real outbox and ledger: what proves an address, and that nothing else that a front writes does.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "office.h"
#include "sekisho/base/clock.h"
#include "sekisho/store/presses.h"
#include "tree.h"

#define VISITOR "taro@visitor.test"
#define RECEIPT "AAAAAAAAAAAA"
#define DAMAGED "DDDDDDDDDDDD"

static char *
link_token(Office *office, const char *site_name, const char *receipt, const char *address)
{
	g_autoptr(Site) site = config_site(office->config, site_name, NULL);
	PressTarget target = {.receipt = receipt, .expires_at_us = clock_now_us() + G_TIME_SPAN_HOUR};

	automatic_address_hash(&office->courier, address, &target.address);
	g_autofree char *link = press_link(office->vault, site, &target);
	return g_strdup(strstr(link, "?t=") + strlen("?t="));
}

static gboolean
is_proved(Office *office, const char *site, const char *address)
{
	g_autoptr(GArray) hashes = vault_hashes(office->vault, VAULT_HASH_ADDRESS, address, strlen(address));
	gboolean is_proved = FALSE;

	g_assert_true(ledger_is_proved(office->courier.ledger, site, hashes, &is_proved, NULL));
	return is_proved;
}

static guint
presses_count(Office *office)
{
	g_autoptr(GPtrArray) presses = presses_list(office->courier.db, 0, 100, NULL);

	return presses->len;
}

/* A reply that waits for its consent. */
static void
submit(Office *office)
{
	office_form(office, "confirm", OFFICE_REPLY);
	office_submit_from(office, RECEIPT, MAIL_REPLY, VISITOR);
	g_autoptr(GPtrArray) nothing = office_send_due(office);
	g_assert_cmpuint(nothing->len, ==, 0);
}

static void
press(Office *office, const char *site, const char *token)
{
	office_press(office, site, token);
	g_assert_true(presses_attend(&office->courier));
	g_assert_cmpuint(presses_count(office), ==, 0);
}

static void
test_a_press_proves(Office *office, gconstpointer unused)
{
	(void)unused;
	submit(office);
	g_autofree char *token = link_token(office, "example.jp", RECEIPT, VISITOR);
	press(office, "example.jp", token);

	g_assert_true(is_proved(office, "example.jp", VISITOR));
	g_autoptr(GPtrArray) proofs = ledger_proofs(office->courier.ledger, "example.jp", 10, NULL);
	const Proof *proof = proofs->pdata[0];
	g_assert_cmpint(proof->kind, ==, PROOF_LINK);
	g_autoptr(GBytes) address = vault_box_open(office->vault, proof->boxed, NULL);
	g_assert_cmpmem(g_bytes_get_data(address, NULL), (int)g_bytes_get_size(address), VISITOR, (int)strlen(VISITOR));
	/* The reply goes now, and the confirmation has become needless. */
	g_autoptr(GPtrArray) letters = office_send_due(office);
	g_assert_cmpuint(letters->len, ==, 1);
	office_assert_states(office, RECEIPT, "sent, cancelled proved");
}

/* The operator has forgotten the address since. */
static void
test_a_second_press_does_nothing(Office *office, gconstpointer unused)
{
	g_autoptr(GArray) hashes = vault_hashes(office->vault, VAULT_HASH_ADDRESS, VISITOR, strlen(VISITOR));

	(void)unused;
	submit(office);
	g_autofree char *token = link_token(office, "example.jp", RECEIPT, VISITOR);
	press(office, "example.jp", token);
	g_assert_cmpint(ledger_forget(office->courier.ledger, "example.jp", hashes, NULL), ==, 1);
	press(office, "example.jp", token);

	g_assert_false(is_proved(office, "example.jp", VISITOR));
}

static char *
token_with(Office *office, VaultLinkPurpose purpose, const char *site, const void *payload, gsize size)
{
	g_autoptr(GBytes) bytes = g_bytes_new(payload, size);

	return vault_link_sign(office->vault,
	    &(VaultLink){.purpose = purpose, .site = site, .expires_at_us = clock_now_us() + G_TIME_SPAN_HOUR, .payload = bytes});
}

static void
add_other_site(Office *office)
{
	tree_write(office->tree, "sites/other.example/site.conf",
	    "[site]\nurl = https://other.example/\nadmin_address = owner@other.example\n[mail]\nfrom = a@other.example\naccount "
	    "= main\n");
	tree_write(office->tree, "sites/other.example/forms/contact/form.ini", "[form]\nid = 4\n" OFFICE_REPLY);
	tree_write(office->tree, "sites/other.example/forms/contact/form.html", "[email your-email]");
	office_reload(office);
}

static void
test_what_proves_nothing(Office *office, gconstpointer unused)
{
	guint8 payload[VAULT_RECEIPT_BYTES + VAULT_HASH_BYTES];
	VaultHash victim;

	(void)unused;
	submit(office);
	add_other_site(office);
	automatic_address_hash(&office->courier, VISITOR, &victim);
	memcpy(payload, RECEIPT, VAULT_RECEIPT_BYTES);
	memcpy(payload + VAULT_RECEIPT_BYTES, victim.bytes, VAULT_HASH_BYTES);
	g_autofree char *good = link_token(office, "example.jp", RECEIPT, VISITOR);
	g_autofree char *cut = g_strndup(good, strlen(good) - 1);
	g_autofree char *changed = g_strdup(good);
	changed[20] = changed[20] == 'A' ? 'B' : 'A';
	g_autofree char *stranger = link_token(office, "example.jp", RECEIPT, "victim@elsewhere.test");
	g_autofree char *configured = link_token(office, "example.jp", RECEIPT, "owner@example.jp");
	g_autofree char *unknown = link_token(office, "example.jp", "BBBBBBBBBBBB", VISITOR);
	g_autofree char *foreign = link_token(office, "other.example", RECEIPT, VISITOR);
	g_autofree char *canary = token_with(office, VAULT_LINK_CANARY, "example.jp", payload, sizeof payload);
	g_autofree char *lesser = token_with(office, VAULT_LINK_CONSENT, "example.jp", payload, sizeof payload - 1);
	g_autofree char *empty = token_with(office, VAULT_LINK_CONSENT, "example.jp", "", 0);
	const struct {
		const char *site, *token;
	} rows[] = {{"example.jp", ""}, {"example.jp", "nonsense \xe2\x80\xae\n"}, {"example.jp", cut}, {"example.jp", changed},
	    {"example.jp", stranger}, {"example.jp", configured}, {"example.jp", unknown}, {"example.jp", foreign},
	    {"example.jp", canary}, {"example.jp", lesser}, {"example.jp", empty}, {"other.example", good},
	    {"other.example", foreign}, {"no.such.site", good}, {"../example.jp", good}};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		press(office, rows[i].site, rows[i].token);
		g_autoptr(GPtrArray) proofs = ledger_proofs(office->courier.ledger, NULL, 10, NULL);
		g_assert_cmpuint(proofs->len, ==, 0);
	}
	g_autoptr(GPtrArray) letters = office_send_due(office);
	/* The confirmation, and no reply. */
	g_assert_cmpuint(letters->len, ==, 1);
	office_assert_states(office, RECEIPT, "deferred consent, sent");
}

static void
test_an_expired_link(Office *office, gconstpointer unused)
{
	(void)unused;
	submit(office);
	g_autofree char *token = link_token(office, "example.jp", RECEIPT, VISITOR);
	/* It was pressed in time, and the courier was down. */
	clock_set_offset_us(clock_now_us() - g_get_real_time() + 90 * G_TIME_SPAN_MINUTE);
	press(office, "example.jp", token);
	g_assert_true(is_proved(office, "example.jp", VISITOR));

	g_autofree char *late = link_token(office, "example.jp", RECEIPT, VISITOR);
	g_autoptr(GArray) hashes = vault_hashes(office->vault, VAULT_HASH_ADDRESS, VISITOR, strlen(VISITOR));
	g_assert_cmpint(ledger_forget(office->courier.ledger, "example.jp", hashes, NULL), ==, 1);
	clock_set_offset_us(clock_now_us() - g_get_real_time() + 3 * G_TIME_SPAN_HOUR);
	press(office, "example.jp", late);
	g_assert_false(is_proved(office, "example.jp", VISITOR));
}

/* The form asks nobody any more. */
static void
test_policy_never(Office *office, gconstpointer unused)
{
	(void)unused;
	submit(office);
	g_autofree char *token = link_token(office, "example.jp", RECEIPT, VISITOR);
	office_form(office, "never", OFFICE_REPLY);
	press(office, "example.jp", token);

	g_assert_false(is_proved(office, "example.jp", VISITOR));
}

static void
test_a_press_waits_for_the_ledger(Office *office, gconstpointer unused)
{
	(void)unused;
	submit(office);
	g_autofree char *token = link_token(office, "example.jp", RECEIPT, VISITOR);
	office_press(office, "example.jp", token);
	Db *ledger = office->courier.ledger;
	office->courier.ledger = office->courier.db;
	g_assert_false(presses_attend(&office->courier));
	office->courier.ledger = ledger;
	g_assert_cmpuint(presses_count(office), ==, 1);
	g_assert_true(presses_attend(&office->courier));

	g_assert_cmpuint(presses_count(office), ==, 0);
	g_assert_true(is_proved(office, "example.jp", VISITOR));
}

static void
run_raw(sqlite3 *raw, const char *sql)
{
	g_assert_cmpint(sqlite3_exec(raw, sql, NULL, NULL, NULL), ==, SQLITE_OK);
}

/* A submission DAMAGED whose content SQLite cannot read: in the file, the first of its further pages does not lead on to the next. */
static void
damage(Office *office)
{
	const gsize page_bytes = 4096;
	g_autofree char *path = g_build_filename(office->data_directory, "sekisho.db", NULL);
	g_autofree char *content = NULL, *full = g_strnfill(page_bytes - 4, 'Z');
	gsize size = 0;
	sqlite3 *raw = NULL;
	guint pages = 0;

	g_assert_cmpint(sqlite3_open(path, &raw), ==, SQLITE_OK);
	run_raw(raw, "INSERT INTO submission (receipt, site, form_id, received_at, purge_at, is_stored_briefly, epoch_id, "
		     "wrapped_key, content) "
		     "SELECT '" DAMAGED "', site, form_id, received_at, purge_at, 0, epoch_id, wrapped_key, "
		     "CAST(replace(hex(zeroblob(20000)), '00', 'Z') AS BLOB) FROM submission");
	run_raw(raw, "PRAGMA wal_checkpoint(TRUNCATE)");
	sqlite3_close(raw);
	g_assert_true(g_file_get_contents(path, &content, &size, NULL));
	FILE *file = fopen(path, "r+b");
	for (gsize at = 0; at < size; at += page_bytes) {
		if (memcmp(content + at + 4, full, page_bytes - 4) != 0)
			continue;
		g_assert_cmpint(fseek(file, (long)at, SEEK_SET), ==, 0);
		g_assert_cmpuint(fwrite("\x7f\xff\xff\xff", 1, 4, file), ==, 4);
		pages++;
	}
	g_assert_cmpint(fclose(file), ==, 0);
	g_assert_cmpuint(pages, >, 0);
}

/* A row whose submission cannot be read must not hold up the presses behind it. */
static void
test_a_damaged_row_is_stepped_over(Office *office, gconstpointer unused)
{
	(void)unused;
	submit(office);
	g_autofree char *bad = link_token(office, "example.jp", DAMAGED, VISITOR);
	g_autofree char *good = link_token(office, "example.jp", RECEIPT, VISITOR);
	damage(office);
	office_press(office, "example.jp", bad);
	office_press(office, "example.jp", good);
	g_assert_false(presses_attend(&office->courier));

	g_assert_cmpuint(presses_count(office), ==, 1);
	g_assert_true(is_proved(office, "example.jp", VISITOR));
}

/* A person said yes while the form's files were wrong for a moment: that is kept, holds up nobody, and ends with the link. */
static void
test_a_broken_form_is_waited_for(Office *office, gconstpointer unused)
{
	(void)unused;
	submit(office);
	add_other_site(office);
	office_submit_to(office, "other.example", "BBBBBBBBBBBB");
	g_autofree char *good = link_token(office, "example.jp", RECEIPT, VISITOR);
	g_autofree char *other = link_token(office, "other.example", "BBBBBBBBBBBB", VISITOR);
	office_form(office, "nonsense", OFFICE_REPLY);
	office_press(office, "example.jp", good);
	office_press(office, "example.jp", "nonsense");
	office_press(office, "other.example", other);
	g_assert_true(presses_attend(&office->courier));
	g_assert_cmpuint(presses_count(office), ==, 1);
	g_assert_true(is_proved(office, "other.example", VISITOR));
	g_assert_false(is_proved(office, "example.jp", VISITOR));

	/* It is not looked at before a minute is over. */
	office_form(office, "confirm", OFFICE_REPLY);
	g_assert_true(presses_attend(&office->courier));
	g_assert_cmpuint(presses_count(office), ==, 1);
	office->courier.presses_again_at_us = 0;
	g_assert_true(presses_attend(&office->courier));
	g_assert_cmpuint(presses_count(office), ==, 0);
	g_assert_true(is_proved(office, "example.jp", VISITOR));

	office_form(office, "nonsense", OFFICE_REPLY);
	office_press(office, "example.jp", good);
	g_assert_true(presses_attend(&office->courier));
	g_assert_cmpuint(presses_count(office), ==, 1);
	office_pass(3 * G_TIME_SPAN_HOUR);
	office->courier.presses_again_at_us = 0;
	g_assert_true(presses_attend(&office->courier));
	g_assert_cmpuint(presses_count(office), ==, 0);
}

int
main(int argc, char **argv)
{
	static const OfficeTest tests[] = {
	    {"a press proves the address and calls the reply", test_a_press_proves},
	    {"a second press does nothing", test_a_second_press_does_nothing},
	    {"forged, foreign and strange tokens prove nothing", test_what_proves_nothing},
	    {"an expired link proves nothing", test_an_expired_link},
	    {"a form that never replies", test_policy_never},
	    {"a press waits for the ledger", test_a_press_waits_for_the_ledger},
	    {"a damaged row is stepped over", test_a_damaged_row_is_stepped_over},
	    {"a broken form is waited for", test_a_broken_form_is_waited_for},
	    {NULL, NULL},
	};

	return office_run(argc, argv, "press", tests);
}
