/*
 * An examination for people and as JSON. For people: what is fine in one line, what is wrong with what to do below it, the six causes in the end.
 */
#include <string.h>

#include "doctor_parts.h"
#include "prose.h"
#include "sekisho/wire/json.h"

/* Cells before a finding's text, "  wrong  ", and before what is to be copied. */
#define INDENT 9u
#define COPY_INDENT 13u

static const char *const colours[] = {[DOCTOR_FINE] = "\033[32m", [DOCTOR_NOTE] = "\033[33m", [DOCTOR_WRONG] = "\033[1;31m"};

/* Paints the first `word` behind `from`. Colour takes no cells, so it comes after wrapping. */
static void
paint(const Doctor *doctor, gsize from, const char *word, const char *colour)
{
	GString *output = doctor->command->console->output;
	const char *found = strstr(output->str + from, word);
	if (!doctor->command->console->is_colour || !found)
		return;
	gssize at = found - output->str;
	g_string_insert(output, at + (gssize)strlen(word), "\033[0m");
	g_string_insert(output, at, colour);
}

static void
print_heading(const Doctor *doctor, const char *text)
{
	GString *output = doctor->command->console->output;
	g_string_append(output, output->len > 0 ? "\n" : "");
	gsize begin = output->len;
	prose_add(output, 0, "", text);
	if (doctor->command->console->is_colour) {
		g_string_insert(output, (gssize)output->len - 1, "\033[0m");
		g_string_insert(output, (gssize)begin, "\033[1m");
	}
}

static void
print_advice(GString *output, const char *advice)
{
	g_auto(GStrv) lines = g_strsplit(advice, "\n", -1);
	for (guint i = 0; lines[i]; i++)
		if (lines[i][0] == '\t')
			prose_add(output, COPY_INDENT, "", lines[i] + 1);
		else
			prose_add(output, INDENT, i == 0 ? "-> " : "", lines[i]);
}

static void
print_finding(const Doctor *doctor, const DoctorFinding *finding)
{
	GString *output = doctor->command->console->output;
	const char *word = doctor_verdict_word(finding->verdict);
	g_autofree char *lead = g_strdup_printf("%-7s", word);
	gsize begin = output->len;
	prose_add(output, INDENT, lead, finding->what);
	paint(doctor, begin, word, colours[finding->verdict]);
	if (finding->advice)
		print_advice(output, finding->advice);
}

static void
print_causes(const Doctor *doctor, const GPtrArray *causes)
{
	GString *output = doctor->command->console->output;
	print_heading(doctor, "Why mail from a form does not arrive: the six usual causes");
	for (guint i = 0; i < causes->len; i++) {
		const DoctorCause *cause = causes->pdata[i];
		gboolean is_here = g_str_equal(cause->state, "here");
		g_autofree char *lead = g_strdup_printf("%u  ", i + 1);
		g_autofree char *text =
		    g_strdup_printf("%s: %s. %s", cause->name, is_here ? "HERE" : cause->state, cause->because);
		gsize begin = output->len;
		prose_add(output, 5, lead, text);
		if (is_here)
			paint(doctor, begin, "HERE", colours[DOCTOR_WRONG]);
	}
}

static guint
count(const Doctor *doctor, DoctorVerdict verdict)
{
	guint number = 0;
	for (guint i = 0; i < doctor->findings->len; i++)
		number += ((const DoctorFinding *)doctor->findings->pdata[i])->verdict == verdict ? 1 : 0;
	return number;
}

void
doctor_print(const Doctor *doctor, const GPtrArray *causes)
{
	const char *part = NULL;
	for (guint i = 0; i < doctor->findings->len; i++) {
		const DoctorFinding *finding = doctor->findings->pdata[i];
		if (!part || !g_str_equal(part, finding->part))
			print_heading(doctor, finding->part);
		part = finding->part;
		print_finding(doctor, finding);
	}
	print_causes(doctor, causes);
	g_autofree char *sum = g_strdup_printf(
	    "%u fine, %u to note, %u wrong", count(doctor, DOCTOR_FINE), count(doctor, DOCTOR_NOTE), count(doctor, DOCTOR_WRONG));
	print_heading(doctor, sum);
}

static GVariant *
maybe_text(const char *text)
{
	return g_variant_new_maybe(G_VARIANT_TYPE_STRING, text ? g_variant_new_string(text) : NULL);
}

/* Servers may say any bytes. */
static GVariant *
text(const char *bytes)
{
	return g_variant_new_take_string(g_utf8_make_valid(bytes, -1));
}

void
doctor_print_json(const Doctor *doctor, const GPtrArray *causes)
{
	GVariantBuilder findings, reasons, all;
	g_variant_builder_init(&findings, G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < doctor->findings->len; i++) {
		const DoctorFinding *finding = doctor->findings->pdata[i];
		g_autofree char *advice = finding->advice ? g_utf8_make_valid(finding->advice, -1) : NULL;
		GVariantBuilder object;
		g_variant_builder_init(&object, G_VARIANT_TYPE_VARDICT);
		g_variant_builder_add(&object, "{sv}", "site", maybe_text(finding->site[0] != '\0' ? finding->site : NULL));
		g_variant_builder_add(&object, "{sv}", "part", text(finding->part));
		g_variant_builder_add(&object, "{sv}", "verdict", g_variant_new_string(doctor_verdict_word(finding->verdict)));
		g_variant_builder_add(&object, "{sv}", "code", g_variant_new_string(finding->code));
		g_variant_builder_add(&object, "{sv}", "what", text(finding->what));
		g_variant_builder_add(&object, "{sv}", "advice", maybe_text(advice));
		g_variant_builder_add_value(&findings, g_variant_builder_end(&object));
	}
	g_variant_builder_init(&reasons, G_VARIANT_TYPE("aa{sv}"));
	for (guint i = 0; i < causes->len; i++) {
		const DoctorCause *cause = causes->pdata[i];
		GVariantBuilder object;
		g_variant_builder_init(&object, G_VARIANT_TYPE_VARDICT);
		g_variant_builder_add(&object, "{sv}", "cause", g_variant_new_string(cause->name));
		g_variant_builder_add(&object, "{sv}", "state", g_variant_new_string(cause->state));
		g_variant_builder_add(&object, "{sv}", "because", text(cause->because));
		g_variant_builder_add_value(&reasons, g_variant_builder_end(&object));
	}
	g_variant_builder_init(&all, G_VARIANT_TYPE_VARDICT);
	g_variant_builder_add(&all, "{sv}", "findings", g_variant_builder_end(&findings));
	g_variant_builder_add(&all, "{sv}", "causes", g_variant_builder_end(&reasons));
	g_autofree char *json = json_from_variant(g_variant_builder_end(&all), 2);
	g_string_append_printf(doctor->command->console->output, "%s\n", json);
}
