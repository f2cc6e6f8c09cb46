/*
 * JSON documents in the key order of contract 2.1 and the headers around every answer. No state. A page's script reads nothing
 * but HTTP 200 (contract 2.3), so whatever a real visitor can meet is an Outcome, and only clients that no page made get a refusal.
 */
#include "answer.h"

#include <string.h>

#include "page.h"
#include "sekisho/base/clock.h"
#include "sekisho/wire/json.h"

/* Contract 3.4: the hash changes every half hour. */
#define TICK_SECONDS 1800

void
outcome_clear(Outcome *outcome)
{
	g_free(outcome->message);
	g_free(outcome->posted_data_hash);
	g_free(outcome->unit_tag);
	g_clear_pointer(&outcome->invalid, g_ptr_array_unref);
	g_free(outcome->receipt);
	*outcome = (Outcome){0};
}

void
answer_free(Answer *answer)
{
	if (answer == NULL)
		return;
	g_free(answer->body);
	g_free(answer);
}

static void
add_string(GVariantBuilder *object, const char *key, const char *text)
{
	g_variant_builder_add(object, "{sv}", key, g_variant_new_string(text));
}

/* One entry of invalid_fields. `into` is for scripts before 5.6, which know no `field` (contract 0.3). */
static GVariant *
invalid_entry(const InvalidField *invalid, const char *unit_tag)
{
	GVariantBuilder entry = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
	g_autofree char *error_id = g_strdup_printf("%s-ve-%s", unit_tag, invalid->field);
	g_autofree char *into = g_strdup_printf("span.wpcf7-form-control-wrap.%s", invalid->field);
	add_string(&entry, "field", invalid->field);
	add_string(&entry, "message", invalid->message);
	g_variant_builder_add(&entry, "{sv}", "idref", g_variant_new("ms", invalid->idref));
	add_string(&entry, "error_id", error_id);
	add_string(&entry, "into", into);
	return g_variant_builder_end(&entry);
}

static void
add_invalid_fields(GVariantBuilder *object, const Outcome *outcome)
{
	GVariantBuilder entries = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; outcome->invalid != NULL && i < outcome->invalid->len; i++)
		g_variant_builder_add_value(&entries, invalid_entry(outcome->invalid->pdata[i], outcome->unit_tag));
	g_variant_builder_add(object, "{sv}", "invalid_fields", g_variant_builder_end(&entries));
}

Answer *
answer_outcome(const Outcome *outcome)
{
	const gboolean is_invalid = strcmp(outcome->status, "validation_failed") == 0;
	GVariantBuilder object = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
	g_variant_builder_add(&object, "{sv}", "contact_form_id", g_variant_new_uint64(outcome->form_id));
	add_string(&object, "status", outcome->status);
	add_string(&object, "message", outcome->message);
	if (is_invalid)
		add_invalid_fields(&object, outcome);
	add_string(&object, "posted_data_hash", outcome->posted_data_hash);
	if (outcome->is_demo)
		g_variant_builder_add(&object, "{sv}", "demo_mode", g_variant_new_boolean(TRUE));
	g_autofree char *into = g_strconcat("#", outcome->unit_tag, NULL);
	add_string(&object, "into", into);
	if (!is_invalid)
		add_invalid_fields(&object, outcome);
	return answer_document(g_variant_builder_end(&object), "POST");
}

static Answer *
answer_json(guint status, const char *allow, GVariant *document)
{
	Answer *answer = g_new0(Answer, 1);
	answer->status = status;
	answer->allow = allow;
	answer->body = json_from_variant(document, 0);
	return answer;
}

Answer *
answer_document(GVariant *document, const char *allow)
{
	return answer_json(200, allow, document);
}

Answer *
answer_refusal(const RouteRefusal *refusal, const char *allow)
{
	GVariantBuilder data = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
	GVariantBuilder object = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
	g_variant_builder_add(&data, "{sv}", "status", g_variant_new_uint32(refusal->status));
	add_string(&object, "code", refusal->code);
	add_string(&object, "message", refusal->message);
	g_variant_builder_add(&object, "{sv}", "data", g_variant_builder_end(&data));
	return answer_json(refusal->status, allow, g_variant_builder_end(&object));
}

Answer *
answer_description(const char *allow)
{
	const char *const methods[] = {allow, NULL};
	GVariantBuilder endpoint = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
	g_variant_builder_add(&endpoint, "{sv}", "methods", g_variant_new_strv(methods, -1));
	g_variant_builder_add(&endpoint, "{sv}", "args", g_variant_new_strv(NULL, 0));
	GVariantBuilder endpoints = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aa{sv}"));
	g_variant_builder_add_value(&endpoints, g_variant_builder_end(&endpoint));
	GVariantBuilder object = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
	add_string(&object, "namespace", "contact-form-7/v1");
	g_variant_builder_add(&object, "{sv}", "methods", g_variant_new_strv(methods, -1));
	g_variant_builder_add(&object, "{sv}", "endpoints", g_variant_builder_end(&endpoints));
	return answer_document(g_variant_builder_end(&object), allow);
}

static const char *
reason_phrase(guint status)
{
	switch (status) {
	case 200:
		return "OK";
	case 400:
		return "Bad Request";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 415:
		return "Unsupported Media Type";
	default:
		g_assert_not_reached();
	}
}

GString *
answer_to_response(const Answer *answer, gboolean is_head)
{
	GString *response = g_string_new(NULL);
	g_string_append_printf(response, "Status: %u %s\r\n", answer->status, reason_phrase(answer->status));
	g_string_append_printf(
	    response, "Content-Type: %s; charset=UTF-8\r\n", answer->is_page ? "text/html" : "application/json");
	g_string_append_printf(response, "Content-Length: %zu\r\n", strlen(answer->body));
	g_string_append(response, "Cache-Control: no-store\r\n"
				  "X-Content-Type-Options: nosniff\r\n"
				  "X-Robots-Tag: noindex\r\n");
	if (answer->allow != NULL)
		g_string_append_printf(response, "Allow: %s\r\n", answer->allow);
	if (answer->is_page)
		g_string_append_printf(response, "Content-Security-Policy: %s\r\n", page_security_policy());
	g_string_append(response, "\r\n");
	if (!is_head)
		g_string_append(response, answer->body);
	return response;
}

char *
answer_posted_data_hash(Vault *vault, const Submission *submission)
{
	/* Values hold no NUL, so with one after each no two different lists read the same. */
	g_autoptr(GString) text = g_string_new(NULL);
	g_string_printf(text, "%" G_GINT64_FORMAT, (clock_now_s() + TICK_SECONDS - 1) / TICK_SECONDS);
	g_string_append_c(text, '\0');
	g_string_append_len(text, submission->client->remote_ip, (gssize)strlen(submission->client->remote_ip) + 1);
	g_string_append_len(text, submission->client->unit_tag, (gssize)strlen(submission->client->unit_tag) + 1);
	for (guint i = 0; i < submission->fields->len; i++) {
		const SubmissionField *field = submission->fields->pdata[i];
		for (char **value = field->values; *value != NULL; value++)
			g_string_append_len(text, *value, (gssize)strlen(*value) + 1);
	}
	VaultHash hash;
	vault_hash(vault, VAULT_HASH_CONTENT, text->str, text->len, &hash);
	/* The page needs 32 hex digits: the hash itself, without the version and key id before it. */
	GString *digits = g_string_new(NULL);
	for (gsize i = VAULT_HASH_BYTES - 16; i < VAULT_HASH_BYTES; i++)
		g_string_append_printf(digits, "%02x", hash.bytes[i]);
	return g_string_free(digits, FALSE);
}
