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
    {"relay.connect", "the server could not be reached"},
    {"relay.tls", "the connection could not be encrypted"},
    {"relay.auth", "the server does not take our name and password"},
    {"relay.temporary", "the server asked to try later"},
    {"relay.permanent", "the server refused it"},
    {"relay.lost", "the session ended before the answer"},
    {"relay.account", "form or account cannot be used"},
    {"relay.message", "the mail cannot be composed"},
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

/* ", because REASON: 451 WORDS", as much of it as there is. */
static void
append_reason(GString *words, const Delivery *delivery)
{
	if (delivery->reason)
		g_string_append_printf(
		    words, ", %s %s", delivery->state == DELIVERY_SENT ? "but" : "because", deliveries_reason(delivery->reason));
	if (delivery->reply_code != 0 || (delivery->server_text && delivery->server_text[0] != '\0'))
		g_string_append_c(words, ':');
	if (delivery->reply_code != 0)
		g_string_append_printf(words, " %u", delivery->reply_code);
	if (delivery->server_text && delivery->server_text[0] != '\0')
		g_string_append_printf(words, " %s", delivery->server_text);
}

static void
append_attempts(GString *words, const Delivery *delivery)
{
	if (delivery->attempts > 0)
		g_string_append_printf(words, ", tried %u time%s", delivery->attempts, delivery->attempts == 1 ? "" : "s");
}

char *
deliveries_in_words(Command *command, const OutboxItem *item, const Delivery *delivery)
{
	GString *words = g_string_new(NULL);
	g_autofree char *created = command_local_time(command, item->site, item->created_at_us);
	g_autofree char *due = command_local_time(command, item->site, delivery->due_at_us);
	g_autofree char *settled = command_local_time(command, item->site, delivery->settled_at_us);
	switch (delivery->state) {
	case DELIVERY_QUEUED:
		g_string_append_printf(words, "waiting since %s", created);
		append_attempts(words, delivery);
		break;
	case DELIVERY_LEASED:
		g_string_append_printf(words, "being sent now, waiting since %s", created);
		append_attempts(words, delivery);
		break;
	case DELIVERY_DEFERRED:
		g_string_append_printf(words, "waiting since %s", created);
		append_attempts(words, delivery);
		g_string_append_printf(words, ", next try %s", due);
		append_reason(words, delivery);
		break;
	case DELIVERY_SENT:
		g_string_append_printf(words, "accepted by the server at %s", settled);
		append_reason(words, delivery);
		break;
	case DELIVERY_DEAD:
		g_string_append_printf(words, "given up at %s", settled);
		append_attempts(words, delivery);
		append_reason(words, delivery);
		break;
	case DELIVERY_CANCELLED:
		g_string_append_printf(words, "cancelled at %s", settled);
		append_reason(words, delivery);
		break;
	case DELIVERY_REFUSED:
		g_string_append(words, "refused");
		append_reason(words, delivery);
		break;
	}
	return g_string_free(words, FALSE);
}

/* A text, or null. */
static GVariant *
json_text(const char *text)
{
	return g_variant_new_maybe(G_VARIANT_TYPE_STRING, text ? g_variant_new_string(text) : NULL);
}

static GVariant *
delivery_json(Command *command, const Opened *opened, const OutboxItem *item, const Delivery *delivery)
{
	g_autoptr(GVariantBuilder) object = g_variant_builder_new(G_VARIANT_TYPE_VARDICT);
	g_autofree char *recipient = opened_recipient(opened, command, item->kind, &delivery->recipient);
	g_variant_builder_add(object, "{sv}", "recipient", json_text(recipient[0] == '(' ? NULL : recipient));
	g_variant_builder_add(object, "{sv}", "state", g_variant_new_string(delivery_state_name(delivery->state)));
	g_variant_builder_add(object, "{sv}", "attempts", g_variant_new_uint32(delivery->attempts));
	g_variant_builder_add(object, "{sv}", "due_at", command_json_time(delivery->due_at_us));
	g_variant_builder_add(
	    object, "{sv}", "settled_at", delivery->settled_at_us ? command_json_time(delivery->settled_at_us) : json_text(NULL));
	g_variant_builder_add(object, "{sv}", "reason", json_text(delivery->reason));
	g_variant_builder_add(
	    object, "{sv}", "explanation", json_text(delivery->reason ? deliveries_reason(delivery->reason) : NULL));
	g_variant_builder_add(object, "{sv}", "reply_code", g_variant_new_uint32(delivery->reply_code));
	g_variant_builder_add(object, "{sv}", "server_text", json_text(delivery->server_text));
	return g_variant_builder_end(object);
}

GVariant *
deliveries_json(Command *command, const Opened *opened, const OutboxItem *item)
{
	g_autoptr(GVariantBuilder) object = g_variant_builder_new(G_VARIANT_TYPE_VARDICT);
	g_autoptr(GVariantBuilder) deliveries = g_variant_builder_new(G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < item->deliveries->len; i++)
		g_variant_builder_add_value(
		    deliveries, delivery_json(command, opened, item, g_ptr_array_index(item->deliveries, i)));
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
