/*
 * Deliveries in words. The codes of reasons are stored; their sentences stand here, in one table. Every
 * code that error_name and policy/replies.h know has a row, which a test watches; one of a newer version's database is named as unknown.
 */
#include "deliveries.h"

#include <string.h>

static const struct {
	const char *code;
	const char *sentence;
} reasons[] = {
    {"recipient_from_field", "the address comes from a field of the form, and a notice goes only to configured addresses"},
    {"reply_policy", "the form has reply = never, so no address that a visitor typed is mailed"},
    {"recipient_several", "more than one address was typed where one belongs"},
    {"recipient_unusual", "what was typed is no address of the usual form that can be mailed"},
    {"recipient_automatic", "a mail system, a mailing list or a sender that takes no answer has this address"},
    {"unchecked", "the captcha could not be verified, by a fault of the gateway's own configuration, and such a submission is "
		  "not answered"},
    {"told", "another note about held submissions told of it"},
    {"none_held", "nothing of the site is held any more"},
    {"hourly", "one note an hour is sent about held submissions; the next one tells of all"},
    {"consent", "nobody has confirmed yet that the address wants it"},
    {"expired",
	"it may wait no longer than [reply] wait of the site says: for a confirmation, a ceiling, the fuse or the server"},
    {"unproved", "the address had not proved itself, and the form has reply = proved"},
    {"repeated", "the address had its automatic mail for this period already"},
    {"ceiling", "this form or this domain has had its automatic mails for now"},
    {"fuse", "the site's fuse has tripped; `sekisho fuse show` says why, and `sekisho fuse reset` lets replies go again"},
    {"collapsed", "there were more notices than [notice] per_hour allows; it leaves together with others in one mail"},
    {"digest", "in one mail with others, because there were more notices than [notice] per_hour allows"},
    {"proved", "the address has proved itself already and need not be asked"},
    {"carrier", "the address is a mobile carrier's, which may still hide or drop what it accepted"},
    {"gone", "it is not a recipient any more"},
    {"retention", "it could not be sent for as long as it was to be kept"},
    {"rate", "the site's accounts may send no more mails for now; `rate` of the account says how many"},
    {"suppressed",
	"mail to this address came back before, or the operator suppressed it; `sekisho address` lists such addresses"},
    {OUTBOX_HOLD, "a person holds it back"},
    {"bounce.unknown", "its mail system sent it back, and does not say why in words that this version knows"},
    {"bounce.address", "there is no such mailbox or domain, or it is closed"},
    {"bounce.full", "the mailbox is full"},
    {"bounce.refused",
	"the receiver's filter or rules refuse mail from us; at a mobile carrier it may be the customer's own settings"},
    {"bounce.content", "it is too large for the receiver, or was taken for spam or a virus"},
    {"bounce.system", "the receiver's server, network or DNS is at fault"},
    {"relay.connect", "the server could not be reached"},
    {"relay.tls", "the connection could not be encrypted"},
    {"relay.auth", "the login failed: the server refused the account's password or token, or no token was to be had"},
    {"relay.temporary", "the server asked to try later"},
    {"relay.permanent", "the server refused it"},
    {"relay.lost", "the session ended before the answer"},
    {"relay.account", "form or account cannot be used"},
    {"relay.message", "the mail cannot be composed"},
    {"relay.smtputf8", "the address is not ASCII, and the server, or `transport = esmtp` of the account, has no SMTPUTF8 for it"},
    {"conf.no_site", "the site is missing"},
    {"conf.no_form", "the form is missing"},
    {"conf.invalid", "the configuration is wrong; `sekisho check` says where"},
    {"conf.unreadable", "a file of the configuration cannot be read; `sekisho check` says which"},
    {"base.io", "a file could not be read or written"},
    {"base.exposed", "a private file can be read by others; `sekisho check` says which"},
    {"base.key", "a key is missing"},
    {"base.forged", "the content does not open"},
    {"base.privilege", "a user, group or right of the system is missing"},
    {"wire.malformed", "the content is damaged"},
    {"wire.limit", "the content is too large"},
    {"wire.type", "the content is of a kind that is not read here"},
    {"form.template", "the form or one of its templates cannot be used"},
    {"form.sender", "the template would send in the name of a visitor"},
    {"form.unsupported", "the form uses something that this version does not do"},
    {"form.import", "the export cannot be read"},
    {"store.busy", "the database was busy for too long"},
    {"store.full", "the disk is full"},
    {"store.readonly", "the database cannot be written"},
    {"store.corrupt", "the database is damaged"},
    {"store.version", "the database is of a newer version"},
    {"store.conflict", "the database says otherwise by now"},
    {"store.not_found", "the submission is not there any more"},
    {"store.io", "the database could not be read or written"},
    {"unknown", "of an error that has no name"},
};

const char *
deliveries_reason(const char *code)
{
	for (gsize i = 0; i < G_N_ELEMENTS(reasons); i++)
		if (strcmp(reasons[i].code, code) == 0)
			return reasons[i].sentence;
	return "of something that this version has no words for";
}

/* --- Its story ---------------------------------------------------------------------------------------------------------- */

/* The last event of that kind of a delivery, or NULL. */
static const DeliveryEvent *
last_event(const GPtrArray *events, const Delivery *delivery, EventKind kind)
{
	for (guint i = events ? events->len : 0; i > 0; i--) {
		const DeliveryEvent *event = events->pdata[i - 1];
		if (event->delivery_id == delivery->id && event->kind == kind)
			return event;
	}
	return NULL;
}

/* "smtp.example.jp (account main)"; the account's name alone if it is configured no more. The caller's. */
static char *
server_in_words(Command *command, const char *site_name, const char *account_name)
{
	g_autoptr(Site) site = config_site(command->config, site_name, NULL);
	for (guint i = 0; site && i < site->accounts->len; i++) {
		const Account *account = site->accounts->pdata[i];
		if (strcmp(account->name, account_name) == 0)
			return g_strdup_printf("%s (account %s)", account->host, account_name);
	}
	return g_strdup_printf("the server of account %s", account_name);
}

/* " by main, backup": the accounts that tried it, in the order in which they did first. Nothing if that is not known. */
static void
append_accounts(GString *words, const GPtrArray *events, const Delivery *delivery)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	for (guint i = 0; events && i < events->len; i++) {
		const DeliveryEvent *event = events->pdata[i];
		if (event->delivery_id == delivery->id && event->kind == EVENT_TRIED && event->account &&
		    !g_ptr_array_find_with_equal_func(names, event->account, g_str_equal, NULL))
			g_ptr_array_add(names, event->account);
	}
	for (guint i = 0; i < names->len; i++)
		g_string_append_printf(words, "%s%s",
		    i > 0            ? ", "
		    : names->len > 1 ? " by accounts "
				     : " by account ",
		    (const char *)names->pdata[i]);
}

/* ": 451 WORDS", as much of it as there is. */
static void
append_reply(GString *words, guint reply_code, const char *server_text)
{
	const gboolean has_text = server_text && server_text[0] != '\0';
	if (reply_code != 0 || has_text)
		g_string_append_c(words, ':');
	/* What a bounce quotes begins with the code as a rule. */
	if (reply_code != 0 && !(has_text && g_ascii_strtoull(server_text, NULL, 10) == reply_code))
		g_string_append_printf(words, " %u", reply_code);
	if (has_text)
		g_string_append_printf(words, " %s", server_text);
}

/* ", because REASON: 451 WORDS", as much of it as there is. */
static void
append_reason(GString *words, const Delivery *delivery)
{
	if (delivery->reason)
		g_string_append_printf(
		    words, ", %s %s", delivery->state == DELIVERY_SENT ? "but" : "because", deliveries_reason(delivery->reason));
	append_reply(words, delivery->reply_code, delivery->server_text);
}

static gboolean
has_come_back(const char *reason)
{
	return reason && g_str_has_prefix(reason, "bounce.");
}

/* "; its mail system reported at T that it is late": said of one that was sent. */
static void
append_delay(Command *command, GString *words, const OutboxItem *item, const DeliveryEvent *delay)
{
	if (!delay)
		return;
	g_autofree char *reported = command_local_time(command, item->site, delay->at_us);
	g_string_append_printf(words, "; a mail system reported at %s that it is late and still on its way", reported);
	append_reply(words, delay->reply_code, delay->server_text);
}

const char *
deliveries_state(const Delivery *delivery)
{
	const gboolean is_held = delivery->state == DELIVERY_DEAD && g_strcmp0(delivery->reason, OUTBOX_HOLD) == 0;
	return is_held ? DELIVERIES_HELD : delivery_state_name(delivery->state);
}

/* " by NAME", if it is known who. */
static void
append_actor(GString *words, const DeliveryEvent *order)
{
	if (order && order->actor)
		g_string_append_printf(words, " by %s", order->actor);
}

/* What a Delivery is told with. */
typedef struct {
	Command *command;
	const OutboxItem *item;
	const Delivery *delivery;
	const GPtrArray *events; /* DeliveryEvent * of the item; may be NULL */
	char *settled;           /* its time in words */
} Telling;

static void
tell_waiting(const Telling *telling, const char *lead, GString *words)
{
	const Delivery *delivery = telling->delivery;
	const DeliveryEvent *again = last_event(telling->events, delivery, EVENT_RETRIED);
	const DeliveryEvent *anew = last_event(telling->events, delivery, EVENT_RESENT);
	g_autofree char *created = command_local_time(telling->command, telling->item->site, telling->item->created_at_us);
	g_string_append_printf(words, "%swaiting since %s", lead, created);
	if (delivery->attempts > 0) {
		g_string_append_printf(words, ", tried %u time%s", delivery->attempts, delivery->attempts == 1 ? "" : "s");
		append_accounts(words, telling->events, delivery);
	}
	if (delivery->ordered_at_us != 0) {
		g_autofree char *ordered = command_local_time(telling->command, telling->item->site, delivery->ordered_at_us);
		g_string_append_printf(words, ", a try was ordered at %s", ordered);
		append_actor(words, anew && (!again || anew->id > again->id) ? anew : again);
	}
	if (delivery->state != DELIVERY_DEFERRED)
		return;
	g_autofree char *due = command_local_time(telling->command, telling->item->site, delivery->due_at_us);
	/* Only failures are tried again; what waits for something else, by a reason of one word, is looked at. */
	const gboolean has_failed = delivery->reason && strchr(delivery->reason, '.');
	g_string_append_printf(words, ", %s %s", has_failed ? "next try" : "looked at again", due);
	append_reason(words, delivery);
}

static void
tell_sent(const Telling *telling, GString *words)
{
	const DeliveryEvent *tried = last_event(telling->events, telling->delivery, EVENT_TRIED);
	g_autofree char *server = tried && tried->account ? server_in_words(telling->command, telling->item->site, tried->account)
							  : g_strdup("the server");
	g_string_append_printf(words, "accepted by %s at %s", server, telling->settled);
	append_reason(words, telling->delivery);
	append_delay(telling->command, words, telling->item, last_event(telling->events, telling->delivery, EVENT_DELAYED));
}

/* It was accepted, and a mail system sent it back later. */
static void
tell_bounced(const Telling *telling, GString *words)
{
	g_string_append_printf(words, "came back at %s", telling->settled);
	append_reason(words, telling->delivery);
}

static void
tell_dead(const Telling *telling, GString *words)
{
	const Delivery *delivery = telling->delivery;
	if (g_strcmp0(delivery->reason, OUTBOX_HOLD) == 0) {
		g_string_append_printf(words, "held back at %s", telling->settled);
		const DeliveryEvent *order = last_event(telling->events, delivery, EVENT_HELD);
		g_string_append_printf(words, " by %s, until `sekisho queue retry %" G_GINT64_FORMAT "`",
		    order && order->actor ? order->actor : "a person", telling->item->id);
		return;
	}
	g_string_append_printf(words, "given up at %s", telling->settled);
	if (delivery->attempts > 0) {
		g_string_append_printf(words, ", tried %u time%s", delivery->attempts, delivery->attempts == 1 ? "" : "s");
		append_accounts(words, telling->events, delivery);
	}
	append_reason(words, delivery);
}

static void
tell_cancelled(const Telling *telling, GString *words)
{
	g_string_append_printf(words, "cancelled at %s", telling->settled);
	append_actor(words, last_event(telling->events, telling->delivery, EVENT_CANCELLED));
	append_reason(words, telling->delivery);
}

char *
deliveries_in_words(Command *command, const OutboxItem *item, const Delivery *delivery, const GPtrArray *events)
{
	GString *words = g_string_new(NULL);
	g_autofree char *settled = command_local_time(command, item->site, delivery->settled_at_us);
	const Telling telling = {command, item, delivery, events, settled};
	switch (delivery->state) {
	case DELIVERY_QUEUED:
	case DELIVERY_DEFERRED:
		tell_waiting(&telling, "", words);
		break;
	case DELIVERY_LEASED:
		tell_waiting(&telling, "being sent or next in line, ", words);
		break;
	case DELIVERY_SENT:
		tell_sent(&telling, words);
		break;
	case DELIVERY_DEAD:
	case DELIVERY_CANCELLED:
		if (has_come_back(delivery->reason))
			tell_bounced(&telling, words);
		else if (delivery->state == DELIVERY_DEAD)
			tell_dead(&telling, words);
		else
			tell_cancelled(&telling, words);
		break;
	case DELIVERY_REFUSED:
		g_string_append(words, "refused");
		append_reason(words, delivery);
		break;
	}
	return g_string_free(words, FALSE);
}

/* --- One line of it -------------------------------------------------------------------------------------------------------- */

/* What a try came to. Static. */
static const char *
outcome_in_words(DeliveryState state)
{
	switch (state) {
	case DELIVERY_SENT:
		return "accepted";
	case DELIVERY_DEFERRED:
	case DELIVERY_QUEUED:
		return "put off";
	case DELIVERY_DEAD:
		return "given up";
	case DELIVERY_CANCELLED:
		return "cancelled";
	default:
		return "not known";
	}
}

static void
append_event_reason(GString *words, const DeliveryEvent *event)
{
	if (event->reason)
		g_string_append_printf(words, ", %s %s",
		    event->kind == EVENT_TRIED && event->state == DELIVERY_SENT ? "but" : "because",
		    deliveries_reason(event->reason));
	append_reply(words, event->reply_code, event->server_text);
}

char *
deliveries_event_in_words(Command *command, const OutboxItem *item, const DeliveryEvent *event)
{
	GString *words = g_string_new(NULL);
	const char *actor = event->actor ? event->actor : "a person";
	g_autofree char *server = event->account ? server_in_words(command, item->site, event->account) : g_strdup("the server");
	switch (event->kind) {
	case EVENT_TRIED:
		g_string_append_printf(words, "tried by %s: %s", server, outcome_in_words(event->state));
		append_event_reason(words, event);
		break;
	case EVENT_ENDED:
		g_string_append_printf(words, "ended without a try: %s", outcome_in_words(event->state));
		append_event_reason(words, event);
		break;
	case EVENT_RETRIED:
		g_string_append_printf(words, "%s ordered a try", actor);
		break;
	case EVENT_RESENT:
		g_string_append_printf(words, "%s ordered it to be sent again, as a new message", actor);
		break;
	case EVENT_CANCELLED:
		g_string_append_printf(words, "%s cancelled it", actor);
		break;
	case EVENT_HELD:
		g_string_append_printf(words, "%s held it back", actor);
		break;
	case EVENT_BOUNCED:
		g_string_append(words, "it came back");
		append_event_reason(words, event);
		break;
	case EVENT_DELAYED:
		g_string_append(words, "a mail system reports that it is late and still on its way");
		append_event_reason(words, event);
		break;
	case EVENT_RELEASED:
		g_string_append_printf(words, "%s released the held submission", actor);
		break;
	case EVENT_ACCOUNT_FAILED:
		g_string_append_printf(words, "%s could not be used", server);
		append_event_reason(words, event);
		break;
	default: /* A row may say anything. */
		g_string_append(words, "something that this version has no words for");
		break;
	}
	return g_string_free(words, FALSE);
}

/* --- JSON ------------------------------------------------------------------------------------------------------------------ */

/* A text, or null. */
static GVariant *
json_text(const char *text)
{
	return g_variant_new_maybe(G_VARIANT_TYPE_STRING, text ? g_variant_new_string(text) : NULL);
}

static GVariant *
event_json(Command *command, const OutboxItem *item, const DeliveryEvent *event)
{
	g_autoptr(GVariantBuilder) object = g_variant_builder_new(G_VARIANT_TYPE_VARDICT);
	g_autofree char *words = deliveries_event_in_words(command, item, event);
	g_variant_builder_add(object, "{sv}", "at", command_json_time(event->at_us));
	g_variant_builder_add(object, "{sv}", "event", g_variant_new_string(event_kind_name(event->kind)));
	g_variant_builder_add(object, "{sv}", "state", g_variant_new_string(delivery_state_name(event->state)));
	g_variant_builder_add(object, "{sv}", "account", json_text(event->account));
	g_variant_builder_add(object, "{sv}", "actor", json_text(event->actor));
	g_variant_builder_add(object, "{sv}", "reason", json_text(event->reason));
	g_variant_builder_add(object, "{sv}", "reply_code", g_variant_new_uint32(event->reply_code));
	g_variant_builder_add(object, "{sv}", "server_text", json_text(event->server_text));
	g_variant_builder_add(object, "{sv}", "words", g_variant_new_string(words));
	return g_variant_builder_end(object);
}

static GVariant *
events_json(Command *command, const OutboxItem *item, const Delivery *delivery, const GPtrArray *events)
{
	g_autoptr(GVariantBuilder) list = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < events->len; i++) {
		const DeliveryEvent *event = events->pdata[i];
		if (event->delivery_id == delivery->id)
			g_variant_builder_add_value(list, event_json(command, item, event));
	}
	return g_variant_builder_end(list);
}

static GVariant *
delivery_json(Command *command, const Opened *opened, const OutboxItem *item, const Delivery *delivery, const GPtrArray *events)
{
	g_autoptr(GVariantBuilder) object = g_variant_builder_new(G_VARIANT_TYPE_VARDICT);
	g_autofree char *recipient = opened_recipient(opened, command, item->kind, &delivery->recipient);
	g_autofree char *words = deliveries_in_words(command, item, delivery, events);
	g_variant_builder_add(object, "{sv}", "recipient", json_text(recipient[0] == '(' ? NULL : recipient));
	g_variant_builder_add(object, "{sv}", "state", g_variant_new_string(delivery_state_name(delivery->state)));
	g_variant_builder_add(object, "{sv}", "words", g_variant_new_string(words));
	g_variant_builder_add(object, "{sv}", "attempts", g_variant_new_uint32(delivery->attempts));
	g_variant_builder_add(object, "{sv}", "due_at", command_json_time(delivery->due_at_us));
	g_variant_builder_add(
	    object, "{sv}", "settled_at", delivery->settled_at_us ? command_json_time(delivery->settled_at_us) : json_text(NULL));
	g_variant_builder_add(object, "{sv}", "reason", json_text(delivery->reason));
	g_variant_builder_add(
	    object, "{sv}", "explanation", json_text(delivery->reason ? deliveries_reason(delivery->reason) : NULL));
	g_variant_builder_add(object, "{sv}", "reply_code", g_variant_new_uint32(delivery->reply_code));
	g_variant_builder_add(object, "{sv}", "server_text", json_text(delivery->server_text));
	if (events)
		g_variant_builder_add(object, "{sv}", "events", events_json(command, item, delivery, events));
	return g_variant_builder_end(object);
}

GVariant *
deliveries_json(Command *command, const Opened *opened, const OutboxItem *item, const GPtrArray *events)
{
	g_autoptr(GVariantBuilder) object = g_variant_builder_new(G_VARIANT_TYPE_VARDICT);
	g_autoptr(GVariantBuilder) deliveries = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < item->deliveries->len; i++)
		g_variant_builder_add_value(deliveries, delivery_json(command, opened, item, item->deliveries->pdata[i], events));
	g_variant_builder_add(object, "{sv}", "item", g_variant_new_int64(item->id));
	g_variant_builder_add(object, "{sv}", "receipt", g_variant_new_string(item->receipt));
	g_variant_builder_add(object, "{sv}", "site", g_variant_new_string(item->site));
	g_variant_builder_add(object, "{sv}", "form", g_variant_new_uint64(item->form_id));
	g_variant_builder_add(object, "{sv}", "mail", g_variant_new_string(mail_kind_name(item->kind)));
	g_variant_builder_add(object, "{sv}", "generation", g_variant_new_uint32(item->generation));
	g_variant_builder_add(object, "{sv}", "created_at", command_json_time(item->created_at_us));
	g_variant_builder_add(object, "{sv}", "deliveries", g_variant_builder_end(deliveries));
	return g_variant_builder_end(object);
}
