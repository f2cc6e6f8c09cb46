/*
 * What the report of an import says of one form to a person. What was said of an earlier form is not said again, but pointed at; the only state is the
 * caller's memory of that.
 */
#include <string.h>

#include "form_parts.h"
#include "prose.h"
#include "sekisho/form/lint.h"
#include "sekisho/form/mend.h"
#include "show.h"

static const struct {
	const char *name;
	const char *heading;
} topics[FORM_TOPICS] = {
    [FORM_TOPIC_REASONS] = {"reasons", "Why"},
    [FORM_TOPIC_FILLED] = {"messages_filled", "Messages that the export lacks; they read our own texts"},
    [FORM_TOPIC_WORDS] = {"unknown_words",
	"Not form-tags of Contact Form 7, so they stay in the page as text (another plugin's?)"},
    [FORM_TOPIC_LITERAL] = {"literal_mailtags", "Mail-tags that nothing fills; they stay in the mail as they are written"},
    [FORM_TOPIC_RECIPIENTS] = {"field_recipients", "Recipients that the visitor decides"},
    [FORM_TOPIC_SETTINGS] = {"unknown_settings", "Additional settings that do nothing here"},
    [FORM_TOPIC_REMARKS] = {"remarks", "Also"},
};

const char *
form_topic_name(FormTopic topic)
{
	return topics[topic].name;
}

/* `text`, or where it stands. The caller's. */
static char *
once(const FormPrinting *printing, const FormReport *report, const char *text)
{
	const guint64 *earlier = g_hash_table_lookup(printing->said, text);
	if (earlier && *earlier != report->id)
		return g_strdup_printf("as for form %" G_GUINT64_FORMAT, *earlier);
	g_hash_table_replace(printing->said, g_strdup(text), (gpointer)&report->id);
	return g_strdup(text);
}

/* The places of the mending at `*index` and of those behind it that are the same but for the place; `*index` becomes the last one's. The caller's. */
static char *
same_places(const GPtrArray *mendings, guint *index)
{
	const Mending *first = g_ptr_array_index(mendings, *index);
	g_autoptr(GString) places = g_string_new(first->place);
	for (; *index + 1 < mendings->len; (*index)++) {
		const Mending *next = g_ptr_array_index(mendings, *index + 1);
		if (strcmp(first->before, next->before) != 0 || strcmp(first->after, next->after) != 0 ||
		    strcmp(first->reason, next->reason) != 0)
			break;
		g_string_append_printf(places, " and %s", next->place);
	}
	return g_string_free(g_steal_pointer(&places), FALSE);
}

static void
print_mendings(const FormPrinting *printing, const FormReport *report)
{
	GString *output = printing->command->console->output;
	const GPtrArray *mendings = report->mendings;
	if (!mendings || mendings->len == 0)
		return;
	g_string_append(output, "  Changed\n");
	for (guint i = 0; i < mendings->len; i++) {
		const Mending *mending = g_ptr_array_index(mendings, i);
		g_autofree char *places = same_places(mendings, &i);
		g_autofree char *change = g_strjoin("\n", mending->after, mending->reason, NULL);
		g_autofree char *known = once(printing, report, change);
		prose_add(output, 4, "", places);
		if (mending->before[0] != '\0')
			prose_add(output, 12, "was   ", mending->before);
		if (strcmp(known, change) != 0) {
			prose_add(output, 12, "now   ", known);
			continue;
		}
		prose_add(output, 12, mending->before[0] != '\0' ? "now   " : "added ",
		    mending->after[0] != '\0' ? mending->after : "(taken out)");
		prose_add(output, 12, "why   ", mending->reason);
	}
}

/* All of them, or which. */
static void
print_filled(const FormPrinting *printing, const FormReport *report)
{
	const GPtrArray *keys = report->topics[FORM_TOPIC_FILLED];
	g_autoptr(GString) list = g_string_new(NULL);
	for (guint i = 0; i < keys->len; i++)
		g_string_append_printf(list, "%s%s", i > 0 ? ", " : "", (const char *)g_ptr_array_index(keys, i));
	if (keys->len == report->messages)
		g_string_printf(list, "all %u messages", report->messages);
	g_autofree char *text = keys->len == report->messages ? g_strdup(list->str) : once(printing, report, list->str);
	prose_add(printing->command->console->output, 4, "", text);
}

static void
print_topic(const FormPrinting *printing, const FormReport *report, FormTopic topic)
{
	GString *output = printing->command->console->output;
	const GPtrArray *lines = report->topics[topic];
	gboolean is_hand = topic == FORM_TOPIC_REASONS && report->outcome == FORM_NEEDS_HAND;
	if (lines->len == 0)
		return;
	prose_add(output, 2, "", is_hand ? "Needs your hand, in this folder, before the form works" : topics[topic].heading);
	if (topic == FORM_TOPIC_FILLED) {
		print_filled(printing, report);
		return;
	}
	for (guint i = 0; i < lines->len; i++)
		prose_add(output, 6, "- ", g_ptr_array_index(lines, i));
}

static void
print_findings(GString *output, const GPtrArray *findings)
{
	if (!findings || findings->len == 0)
		return;
	g_string_append(output, "  Works, but have a look\n");
	for (guint i = 0; i < findings->len; i++) {
		const LintFinding *finding = g_ptr_array_index(findings, i);
		g_autofree char *sentence = g_strdup_printf("%s: %s %s", finding->place, finding->sentence, finding->advice);
		prose_add(output, 6, "- ", sentence);
	}
}

static gboolean
has_something_to_say(const FormReport *report)
{
	gboolean is_said = (report->mendings && report->mendings->len > 0) || (report->findings && report->findings->len > 0);
	for (guint i = 0; i < FORM_TOPICS; i++)
		is_said = is_said || report->topics[i]->len > 0;
	return is_said;
}

void
form_report_print_form(const FormPrinting *printing, const FormReport *report)
{
	GString *output = printing->command->console->output;
	if (report->outcome == FORM_EXISTS || !has_something_to_say(report))
		return;
	show_heading(printing->command, "Form %" G_GUINT64_FORMAT " %s", report->id, report->title);
	if (report->outcome == FORM_IMPORTED || report->outcome == FORM_NEEDS_HAND)
		prose_add(output, 2, "", report->folder);
	print_topic(printing, report, FORM_TOPIC_REASONS);
	if (report->outcome == FORM_REFUSED) {
		print_topic(printing, report, FORM_TOPIC_WORDS);
		return;
	}
	print_mendings(printing, report);
	for (FormTopic topic = FORM_TOPIC_FILLED; topic < FORM_TOPICS; topic++)
		print_topic(printing, report, topic);
	print_findings(output, report->findings);
}
