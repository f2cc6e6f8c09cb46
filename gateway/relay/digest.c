/*
 * A flood of submissions must not fill the owner's mailbox, and must not lose one of them either.
 *
 *   a notice below the site's ceiling for this hour   -> goes as it is, counted
 *                          beyond it                  -> deferred as "collapsed" to the next quarter of an hour
 *   collapsed ones that come due together             -> one letter with the whole texts for each form and set of recipients, counted as one notice; once the
 *                                                        ceiling is reached one such letter a form and quarter of an hour, and the rest waits on
 *
 * So a form gives at most its site's ceiling and four letters an hour. Never collapsed are what a person has ordered, what has attachments, and what went
 * with others in vain, because it may be the one that the server does not take. Hours and quarters are those of the clock: what waited comes due as the hour
 * begins, before anything new, and so a long queue leaves in digests and not one by one.
 *
 * A canary, which goes to an address of its own, neither counts nor waits.
 *
 * The counts live in the courier's memory; a restart forgets them, which costs the owner at most one more ceiling of mails. Nothing here blocks.
 */
#include <string.h>

#include "courier_parts.h"
#include "digest_letter.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"

#define REASON_COLLAPSED "collapsed"
#define QUARTER_US (15 * G_TIME_SPAN_MINUTE)

/* How often something went in one hour (notices of a site) or quarter (digests of a form beyond the ceiling). */
typedef struct {
	gint64 until_us; /* end of that time, wall clock */
	guint count;
} NoticeCount;

/* --- Parcels and bundles ----------------------------------------------------------------------------------------------- */

Parcel *
parcel_new(OutboxItem *item, Letter *letter)
{
	Parcel *parcel = g_new0(Parcel, 1);

	*parcel = (Parcel){.item = item, .letter = letter};
	return parcel;
}

void
parcel_free(Parcel *parcel)
{
	if (parcel == NULL)
		return;
	outbox_item_free(parcel->item);
	letter_free(parcel->letter);
	g_free(parcel);
}

static Bundle *
bundle_new(void)
{
	Bundle *bundle = g_new0(Bundle, 1);

	bundle->parcels = g_ptr_array_new_with_free_func((GDestroyNotify)parcel_free);
	return bundle;
}

void
bundle_free(Bundle *bundle)
{
	if (bundle == NULL)
		return;
	letter_free(bundle->letter);
	g_ptr_array_unref(bundle->parcels);
	g_free(bundle);
}

/* --- Counting ------------------------------------------------------------------------------------------------------------ */

GHashTable *
digest_counts_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

/* The end of the hour or quarter that runs now. */
static gint64
end_of(gint64 span_us)
{
	return (clock_now_us() / span_us + 1) * span_us;
}

static gboolean
is_over(gpointer key, gpointer value, gpointer now_us)
{
	(void)key;
	return ((const NoticeCount *)value)->until_us <= *(const gint64 *)now_us;
}

/* There are as many sites and forms as the operator writes; past the limit all begin anew. */
static void
make_room(Courier *courier)
{
	gint64 now_us = clock_now_us();

	if (g_hash_table_size(courier->notice_counts) < LIMIT_NOTICE_COUNTS)
		return;
	g_hash_table_foreach_remove(courier->notice_counts, is_over, &now_us);
	if (g_hash_table_size(courier->notice_counts) >= LIMIT_NOTICE_COUNTS)
		g_hash_table_remove_all(courier->notice_counts);
}

/* The count for the time that ends at `until_us`. Borrowed until the next call. */
static NoticeCount *
count_of(Courier *courier, const char *key, gint64 until_us)
{
	NoticeCount *count = g_hash_table_lookup(courier->notice_counts, key);

	if (count == NULL) {
		make_room(courier);
		count = g_new0(NoticeCount, 1);
		g_hash_table_insert(courier->notice_counts, g_strdup(key), count);
	}
	if (count->until_us != until_us)
		*count = (NoticeCount){.until_us = until_us};
	return count;
}

static NoticeCount *
site_count(Courier *courier, const OutboxItem *item)
{
	return count_of(courier, item->site, end_of(G_TIME_SPAN_HOUR));
}

static NoticeCount *
form_count(Courier *courier, const OutboxItem *item)
{
	g_autofree char *key = g_strdup_printf("%s\n%" G_GUINT64_FORMAT, item->site, item->form_id);

	return count_of(courier, key, end_of(QUARTER_US));
}

static gboolean
is_below_ceiling(Courier *courier, const OutboxItem *item)
{
	g_autoptr(Site) site = config_site(courier->settings->config, item->site, NULL);

	/* A site that broke since the letter was made: its account decides, not we. */
	return site == NULL || site_count(courier, item)->count < site->notices_per_hour;
}

static void
count_bundle(Courier *courier, Bundle *bundle, const OutboxItem *item)
{
	NoticeCount *count = site_count(courier, item);

	count->count++;
	bundle->counted_hour = count->until_us;
}

static void
uncount(NoticeCount *count, gint64 until_us)
{
	if (count->until_us == until_us && count->count > 0)
		count->count--;
}

void
digest_uncount(Courier *courier, const Bundle *bundle)
{
	const OutboxItem *first = ((const Parcel *)bundle->parcels->pdata[0])->item;

	if (bundle->counted_hour != 0)
		uncount(site_count(courier, first), bundle->counted_hour);
	if (bundle->counted_quarter != 0)
		uncount(form_count(courier, first), bundle->counted_quarter);
}

/* --- Who waits ---------------------------------------------------------------------------------------------------------------- */

/* TRUE if it waits to go with others. */
static gboolean
is_collapsed(const OutboxItem *item)
{
	return item->kind == MAIL_NOTICE && !desk_is_ordered(item) && settle_has_reason(item, REASON_COLLAPSED);
}

/* What a server refused or a session broke off over keeps that reason, and so goes by itself when the ceiling lets it. */
static void
put_off(Courier *courier, const OutboxItem *item)
{
	gboolean is_suspect = settle_has_failed_as(item, RELAY_ERROR_LOST) || settle_has_failed_as(item, RELAY_ERROR_PERMANENT) ||
			      settle_has_failed_as(item, RELAY_ERROR_MESSAGE) || settle_has_failed_as(item, RELAY_ERROR_SMTPUTF8);
	Attempt why = {.reason = is_suspect ? NULL : REASON_COLLAPSED, .due_at_us = end_of(QUARTER_US)};

	for (guint i = 0; i < item->deliveries->len; i++)
		settle_wait(courier, item, item->deliveries->pdata[i], &why);
}

gboolean
digest_holds(Courier *courier, const OutboxItem *item)
{
	if (!is_collapsed(item) || is_below_ceiling(courier, item) || form_count(courier, item)->count == 0)
		return FALSE;
	put_off(courier, item);
	return TRUE;
}

Bundle *
digest_take(Courier *courier, Parcel *parcel, GPtrArray *gathered)
{
	const OutboxItem *item = parcel->item;
	gboolean is_notice = item->kind == MAIL_NOTICE && !parcel->letter->is_canary;
	gboolean may_collapse = is_notice && !desk_is_ordered(item) && parcel->letter->attachments->len == 0;

	if (may_collapse && is_collapsed(item)) {
		g_ptr_array_add(gathered, parcel);
		return NULL;
	}
	if (may_collapse && !is_below_ceiling(courier, item)) {
		put_off(courier, item);
		parcel_free(parcel);
		return NULL;
	}
	Bundle *bundle = bundle_new();
	g_ptr_array_add(bundle->parcels, parcel);
	if (is_notice)
		count_bundle(courier, bundle, item);
	return bundle;
}

/* --- Bundling -------------------------------------------------------------------------------------------------------------------- */

static int
compare_addresses(gconstpointer a, gconstpointer b)
{
	return strcmp((*(LetterRecipient *const *)a)->address, (*(LetterRecipient *const *)b)->address);
}

/* Equal for those of one form that go to the same recipients. */
static char *
group_key(const Parcel *parcel)
{
	g_autoptr(GPtrArray) recipients = g_ptr_array_copy(parcel->letter->recipients, NULL, NULL);
	GString *key = g_string_new(NULL);

	/* The recipients stay the letter's. */
	g_ptr_array_set_free_func(recipients, NULL);
	g_ptr_array_sort(recipients, compare_addresses);
	g_string_printf(key, "%s\n%" G_GUINT64_FORMAT, parcel->item->site, parcel->item->form_id);
	for (guint i = 0; i < recipients->len; i++)
		g_string_append_printf(key, "\n%s", ((const LetterRecipient *)recipients->pdata[i])->address);
	return g_string_free(key, FALSE);
}

static int
compare_age(gconstpointer a, gconstpointer b)
{
	const OutboxItem *first = (*(Parcel *const *)a)->item;
	const OutboxItem *second = (*(Parcel *const *)b)->item;

	return (first->id > second->id) - (first->id < second->id);
}

/* Lists of parcels that go together (GPtrArray *), the one with the oldest first. */
static GPtrArray *
groups_of(GPtrArray *gathered)
{
	GPtrArray *groups = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
	g_autoptr(GHashTable) by_key = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	g_ptr_array_sort(gathered, compare_age);
	while (gathered->len > 0) {
		Parcel *parcel = g_ptr_array_steal_index(gathered, 0);
		g_autofree char *key = group_key(parcel);
		GPtrArray *group = g_hash_table_lookup(by_key, key);
		if (group == NULL) {
			group = g_ptr_array_new_with_free_func((GDestroyNotify)parcel_free);
			g_ptr_array_add(groups, group);
			g_hash_table_insert(by_key, g_steal_pointer(&key), group);
		}
		g_ptr_array_add(group, parcel);
	}
	return groups;
}

/* TRUE if one more letter of this group may go now; it is counted. */
static gboolean
admit(Courier *courier, Bundle *bundle, const OutboxItem *item)
{
	if (is_below_ceiling(courier, item)) {
		count_bundle(courier, bundle, item);
		return TRUE;
	}
	NoticeCount *count = form_count(courier, item);
	bundle->counted_quarter = count->until_us;
	return count->count++ == 0;
}

/* The next letter of the group: as many parcels as fit in one digest, at least one. */
static void
fill_bundle(Bundle *bundle, const Form *form, GPtrArray *group)
{
	g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(g_free);
	gsize size_bytes = 0;

	while (group->len > 0) {
		g_autofree char *entry = digest_entry(form, group->pdata[0]);
		size_bytes += strlen(entry);
		if (entries->len > 0 && size_bytes > LIMIT_DIGEST_BYTES)
			break;
		g_ptr_array_add(entries, g_steal_pointer(&entry));
		g_ptr_array_add(bundle->parcels, g_ptr_array_steal_index(group, 0));
	}
	if (bundle->parcels->len > 1)
		bundle->letter = digest_letter_new(form, bundle->parcels, entries);
}

static void
bundle_group(Courier *courier, GPtrArray *group, GPtrArray *bundles)
{
	const OutboxItem *first = ((const Parcel *)group->pdata[0])->item;
	g_autoptr(Site) site = config_site(courier->settings->config, first->site, NULL);
	g_autoptr(Form) form = site == NULL ? NULL : site_form(site, first->form_id, NULL);

	while (group->len > 0) {
		g_autoptr(Bundle) bundle = bundle_new();
		/* A form that broke since its letters were made: they meet the obstacle at the next quarter. */
		if (form == NULL || !admit(courier, bundle, ((const Parcel *)group->pdata[0])->item))
			break;
		fill_bundle(bundle, form, group);
		g_ptr_array_add(bundles, g_steal_pointer(&bundle));
	}
	for (guint i = 0; i < group->len; i++)
		put_off(courier, ((const Parcel *)group->pdata[i])->item);
}

GPtrArray *
digest_bundle(Courier *courier, GPtrArray *gathered)
{
	GPtrArray *bundles = g_ptr_array_new_with_free_func((GDestroyNotify)bundle_free);
	g_autoptr(GPtrArray) groups = groups_of(gathered);

	for (guint i = 0; i < groups->len; i++)
		bundle_group(courier, groups->pdata[i], bundles);
	return bundles;
}
