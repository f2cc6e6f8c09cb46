/*
 * Mails that cannot become letters now: the site's or form's files are wrong or gone, its mail is switched off, a key is missing.
 *
 *   free -> met (one alarm; what waits of that form is put off at once; each round waits longer) -> free once a letter is made
 *
 * A form is broken for all its mails, so they wait together, and do not stand one by one before everybody else's. What no
 * configuration can mend (the stored content does not open, the mail cannot be composed) is given up instead, with its own alarm.
 */
#include "courier_parts.h"
#include "retry.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/error.h"
#include "sekisho/base/limits.h"
#include "sekisho/base/log.h"

#define ALARM_US G_TIME_SPAN_MINUTE

/* An obstacle that was not met for so long is forgotten; longer than the longest delay. */
#define MEMORY_US (2 * G_TIME_SPAN_HOUR)

/* Times are monotonic. */
typedef struct {
	guint rounds;           /* in a row */
	gint64 until_us;        /* end of this round */
	gint64 alarm_at_us;     /* not before */
	guint64 swept_in_claim; /* the claim in which the form's mails were put off last */
	gint64 swept_at_us;     /* and when */
} Obstacle;

static char *
obstacle_key(const OutboxItem *item)
{
	return g_strdup_printf("%s\n%" G_GUINT64_FORMAT "\n%d", item->site, item->form_id, (int)item->kind);
}

static Obstacle *
obstacle_of(Courier *courier, const OutboxItem *item)
{
	g_autofree char *key = obstacle_key(item);
	Obstacle *obstacle = g_hash_table_lookup(courier->obstacles, key);

	if (obstacle != NULL)
		return obstacle;
	/* Rows name sites, and a front that was taken over may name any. */
	if (g_hash_table_size(courier->obstacles) >= LIMIT_OBSTACLES)
		g_hash_table_remove_all(courier->obstacles);
	obstacle = g_new0(Obstacle, 1);
	g_hash_table_insert(courier->obstacles, g_steal_pointer(&key), obstacle);
	return obstacle;
}

static void
give_alarm(Obstacle *obstacle, const OutboxItem *item, const GError *failure, gint64 now_us)
{
	if (now_us < obstacle->alarm_at_us)
		return;
	g_autofree char *item_id = g_strdup_printf("%" G_GINT64_FORMAT, item->id);
	g_autofree char *form = g_strdup_printf("%" G_GUINT64_FORMAT, item->form_id);
	log_error(LOG_MAIL_UNUSABLE, failure, "item", item_id, "receipt", item->receipt, "site", item->site, "form", form, NULL);
	obstacle->alarm_at_us = now_us + ALARM_US;
}

/* TRUE if it strikes all mails of that form and kind alike: files and settings do, the store's keys and rows do not. */
static gboolean
is_of_the_form(const GError *failure)
{
	return failure->domain == CONF_ERROR || failure->domain == FORM_ERROR ||
	       g_error_matches(failure, RELAY_ERROR, RELAY_ERROR_ACCOUNT);
}

/* TRUE if nothing that a person configures will mend it. */
static gboolean
is_final(const GError *failure)
{
	return g_error_matches(failure, BASE_ERROR, BASE_ERROR_FORGED) ||
	       g_error_matches(failure, RELAY_ERROR, RELAY_ERROR_MESSAGE);
}

gboolean
obstacle_put_off(Courier *courier, const OutboxItem *item, const PutOff *put_off)
{
	g_autoptr(GError) error = NULL;
	Obstacle *obstacle = obstacle_of(courier, item);

	if (obstacle->swept_in_claim == courier->claims)
		return FALSE;
	obstacle->swept_in_claim = courier->claims;
	obstacle->swept_at_us = g_get_monotonic_time();
	if (outbox_put_off(courier->db, item, put_off, &error) < 0)
		log_error(LOG_STORE_FAILED, error, NULL);
	return TRUE;
}

void
obstacle_met(Courier *courier, const OutboxItem *item, const GError *failure)
{
	if (is_final(failure)) {
		settle_end(courier, item, failure);
		return;
	}
	Obstacle *obstacle = obstacle_of(courier, item);
	gint64 now_us = g_get_monotonic_time();
	if (now_us >= obstacle->until_us)
		obstacle->until_us = now_us + retry_delay_us(++obstacle->rounds, g_random_int());
	give_alarm(obstacle, item, failure, now_us);
	gint64 due_at_us = clock_now_us() + obstacle->until_us - now_us;
	for (guint i = 0; i < item->deliveries->len; i++)
		settle_put_off(courier, item->deliveries->pdata[i], &(Attempt){.failure = failure, .due_at_us = due_at_us});
	if (is_of_the_form(failure))
		obstacle_put_off(courier, item, &(PutOff){.reason = error_name(failure), .due_at_us = due_at_us});
}

void
obstacle_passed(Courier *courier, const OutboxItem *item)
{
	g_autofree char *key = obstacle_key(item);
	Obstacle *obstacle = g_hash_table_lookup(courier->obstacles, key);

	/* The alarm's time stays: what is only now and then in the way must not give one each time. */
	if (obstacle == NULL)
		return;
	obstacle->rounds = 0;
	obstacle->until_us = 0;
}

static gboolean
is_forgotten(gpointer key, gpointer value, gpointer now_us)
{
	const Obstacle *obstacle = value;

	(void)key;
	return *(const gint64 *)now_us > MAX(MAX(obstacle->until_us, obstacle->alarm_at_us), obstacle->swept_at_us) + MEMORY_US;
}

void
obstacle_sweep(Courier *courier)
{
	gint64 now_us = g_get_monotonic_time();

	g_hash_table_foreach_remove(courier->obstacles, is_forgotten, &now_us);
}
