/*
 * JSON documents in the key order of contract 2.1 and the headers around every answer. No state. A page's script reads nothing
 * but HTTP 200 (contract 2.3), so whatever a real visitor can meet is an Outcome, and only clients that no page made get a refusal.
 */
#include "answer.h"

#include <string.h>

#include "page.h"
#include "sekisho/base/clock.h"
#include "sekisho/base/text.h"
#include "sekisho/base/texts.h"
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
	g_clear_pointer(&outcome->quiz, g_variant_unref);
	g_strfreev(outcome->hints);
	g_free(outcome->receipt);
	*outcome = (Outcome){0};
}

void
answer_free(Answer *answer)
{
	if (answer == NULL)
		return;
	g_free(answer->probe);
	g_free(answer->cookie);
	g_free(answer->receipt);
	g_free(answer->body);
	g_free(answer);
}

static void
add_string(GVariantBuilder *object, const char *key, const char *text)
{
	g_variant_builder_add(object, "{sv}", key, g_variant_new_string(text));
}

/* ,"KEY":"TEXT" */
static void
append_pair(GString *json, const char *key, const char *text)
{
	g_string_append(json, ",\"");
	g_string_append(json, key);
	g_string_append(json, "\":");
	json_append_string(json, text);
}

/* One entry of invalid_fields. `into` is for scripts before 5.6, which know no `field` (contract 0.3). */
static void
append_invalid(GString *json, const InvalidField *invalid, const char *unit_tag)
{
	g_autofree char *error_id = g_strdup_printf("%s-ve-%s", unit_tag, invalid->field);
	g_autofree char *into = g_strdup_printf("span.wpcf7-form-control-wrap.%s", invalid->field);
	g_string_append(json, "{\"field\":");
	json_append_string(json, invalid->field);
	append_pair(json, "message", invalid->message);
	if (invalid->idref != NULL)
		append_pair(json, "idref", invalid->idref);
	else
		g_string_append(json, ",\"idref\":null");
	append_pair(json, "error_id", error_id);
	append_pair(json, "into", into);
	g_string_append_c(json, '}');
}

static void
append_invalid_fields(GString *json, const Outcome *outcome)
{
	g_string_append(json, ",\"invalid_fields\":[");
	for (guint i = 0; outcome->invalid != NULL && i < outcome->invalid->len; i++) {
		if (i > 0)
			g_string_append_c(json, ',');
		append_invalid(json, outcome->invalid->pdata[i], outcome->unit_tag);
	}
	g_string_append_c(json, ']');
}

static Answer *
answer_new(guint status, const char *allow, char *body)
{
	Answer *answer = g_new0(Answer, 1);
	answer->status = status;
	answer->allow = allow;
	answer->body = body;
	return answer;
}

/* The page's script shows one text, so hints follow the message on lines of their own. */
static void
append_message(GString *json, const Outcome *outcome)
{
	g_autofree char *hints = outcome->hints != NULL ? g_strjoinv("\n", outcome->hints) : NULL;
	g_autoptr(GString) text = g_string_new(outcome->message);
	if (outcome->is_receipt_told) {
		const TextPlace places[] = {{"receipt", outcome->receipt}, {NULL, NULL}};
		g_autofree char *told = text_fill(text_for(outcome->locale, "gate.receipt"), places);
		g_string_append_printf(text, "\n%s", told);
	}
	if (hints != NULL)
		g_string_append_printf(text, "\n%s", hints);
	append_pair(json, "message", text->str);
}

/* Written by hand: every submission ends with one, and building a GVariant of it took a twentieth of the front's time. */
Answer *
answer_outcome(const Outcome *outcome)
{
	const gboolean is_invalid = strcmp(outcome->status, "validation_failed") == 0;
	g_autofree char *into = g_strconcat("#", outcome->unit_tag, NULL);
	GString *json = g_string_sized_new(512);
	g_string_append_printf(json, "{\"contact_form_id\":%" G_GUINT64_FORMAT, outcome->form_id);
	append_pair(json, "status", outcome->status);
	append_message(json, outcome);
	if (is_invalid)
		append_invalid_fields(json, outcome);
	if (strcmp(outcome->status, "error") != 0)
		append_pair(json, "posted_data_hash", outcome->posted_data_hash);
	if (outcome->is_demo)
		g_string_append(json, ",\"demo_mode\":true");
	append_pair(json, "into", into);
	if (!is_invalid)
		append_invalid_fields(json, outcome);
	if (outcome->quiz != NULL) {
		g_autofree char *quiz = json_from_variant(outcome->quiz, 0);
		g_string_append(json, ",\"quiz\":");
		g_string_append(json, quiz);
	}
	g_string_append_c(json, '}');
	return answer_new(200, "POST", g_string_free(json, FALSE));
}

static Answer *
answer_json(guint status, const char *allow, GVariant *document)
{
	return answer_new(status, allow, json_from_variant(document, 0));
}

Answer *
answer_document(GVariant *document, const char *allow)
{
	return answer_json(200, allow, document);
}

Answer *
answer_json_text(char *json, const char *allow)
{
	return answer_new(200, allow, json);
}

Answer *
answer_probe(const char *probe)
{
	Answer *answer = answer_new(200, NULL, g_strdup("{}"));
	answer->probe = g_strdup(probe);
	return answer;
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
answer_description(const char *allow, GVariant *schema)
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
	if (schema != NULL)
		g_variant_builder_add(&object, "{sv}", "schema", schema);
	Answer *answer = answer_document(g_variant_builder_end(&object), allow);
	answer->is_description = TRUE;
	return answer;
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
	case 405:
		return "Method Not Allowed";
	case 410:
		return "Gone";
	case 415:
		return "Unsupported Media Type";
	case 503:
		return "Service Unavailable";
	default:
		g_assert_not_reached();
	}
}

/* Fetch standard, 3.2: which pages of another host may read the answer. Nothing of ours depends on who is logged in there, so no credentials are
 * allowed. "Vary" stands on every answer, so that a cache never gives one host's answer to another. */
static void
append_cors_headers(GString *response, const Answer *answer)
{
	g_string_append(response, "Vary: Origin\r\n");
	if (answer->origin == NULL)
		return;
	g_string_append_printf(response, "Access-Control-Allow-Origin: %s\r\n", answer->origin);
	if (answer->is_description)
		g_string_append_printf(response,
		    "Access-Control-Allow-Methods: %s\r\nAccess-Control-Allow-Headers: Accept, Content-Type, X-WP-Nonce\r\n",
		    answer->allow);
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
				  "X-Content-Type-Options: nosniff\r\n");
	g_string_append_printf(response, "X-Robots-Tag: noindex%s\r\n", answer->is_link ? ", nofollow" : "");
	append_cors_headers(response, answer);
	if (answer->allow != NULL)
		g_string_append_printf(response, "Allow: %s\r\n", answer->allow);
	if (answer->probe != NULL)
		g_string_append_printf(response, "Sekisho-Probe: %s\r\n", answer->probe);
	if (answer->receipt != NULL)
		g_string_append_printf(response, "Sekisho-Receipt: %s\r\n", answer->receipt);
	if (answer->cookie != NULL)
		g_string_append_printf(response, "Set-Cookie: %s\r\n", answer->cookie);
	if (answer->retry_after_s > 0)
		g_string_append_printf(response, "Retry-After: %u\r\n", answer->retry_after_s);
	if (answer->is_page)
		g_string_append_printf(response, "Content-Security-Policy: %s\r\n", page_security_policy(answer->is_link));
	if (answer->is_link)
		g_string_append(response, "Referrer-Policy: no-referrer\r\nX-Frame-Options: DENY\r\n");
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
	GString *digits = g_string_sized_new(2 * (gsize)VAULT_HASH_BYTES);
	text_append_hex(digits, hash.bytes + VAULT_HASH_BYTES - 16, 16);
	return g_string_free(digits, FALSE);
}
