/*
 * Mending of imported mail templates. What is wrong is not decided here: form_examine says it of a copy, by place, and this file only knows what to
 * do about each place. So a rule on senders or headers that changes there changes here too.
 */
#include "sekisho/form/mend.h"

#include <string.h>

#include "sekisho/base/text.h"
#include "sekisho/form/mailtag.h"
#include "sekisho/wire/address.h"

/* One mail while it is mended. */
typedef struct {
	FormSource *source;
	MailTemplate *mail;
	const SiteFacts *site;
	const char *group;
	GArray *numbers; /* guint, of each header line that is left: which line of the export it was */
	GPtrArray *mendings;
} Mend;

void
mending_free(Mending *mending)
{
	g_free(mending->place);
	g_free(mending->before);
	g_free(mending->after);
	g_free(mending->reason);
	g_free(mending);
}

static void
add_mending(const Mend *mend, const char *place, const char *before, const char *after, const char *reason)
{
	Mending *mending = g_new0(Mending, 1);

	mending->place = g_strdup(place);
	mending->before = text_strip(before);
	mending->after = g_strdup(after);
	mending->reason = g_strdup(reason);
	g_ptr_array_add(mend->mendings, mending);
}

/* What form_examine says of the source as it is now, as if both mails were active. */
static GPtrArray *
sentences_of(const Mend *mend, Form **form)
{
	GPtrArray *sentences = g_ptr_array_new_with_free_func(g_free);
	FormSource *copy = form_source_copy(mend->source);

	copy->mail[1].is_active = TRUE;
	*form = form_examine(copy, mend->site, sentences);
	return sentences;
}

/* What follows "PLACE: " in the first sentence about that place, or NULL. Borrowed. A place ends with ":" in a sentence. */
static const char *
sentence_about(const GPtrArray *sentences, const char *place)
{
	const gsize size = strlen(place);

	for (guint i = 0; i < sentences->len; i++) {
		const char *sentence = sentences->pdata[i];

		if (g_str_has_prefix(sentence, place) && g_str_has_prefix(sentence + size, ": "))
			return sentence + size + 2;
	}
	return NULL;
}

/* --- Header lines -------------------------------------------------------------------------------------------------------- */

/* The name of a header line, "" if it has none. The caller's. */
static char *
header_name(const char *line)
{
	g_autofree char *value = NULL;
	char *name = NULL;

	return text_split_header(line, &name, &value) ? name : g_strdup("");
}

static gboolean
is_header(const char *line, const char *name)
{
	g_autofree char *own = header_name(line);

	return g_ascii_strcasecmp(own, name) == 0;
}

/* Where the export has the header line that is now the `number`th. The caller's. */
static char *
place_in_export(const Mend *mend, guint number)
{
	return g_strdup_printf(
	    "Additional headers of [%s] in the export, line %u", mend->group, g_array_index(mend->numbers, guint, number - 1));
}

static void
number_headers(const Mend *mend)
{
	guint number = 1;

	g_array_append_val(mend->numbers, number);
	for (const char *at = mend->mail->additional_headers; *at != '\0'; at++) {
		if (*at != '\n')
			continue;
		number++;
		g_array_append_val(mend->numbers, number);
	}
}

/* The template's header lines without those that `is_kept` takes out. */
typedef gboolean (*LineJudge)(const Mend *mend, const char *line, guint number, gpointer data);

static void
walk_headers(const Mend *mend, LineJudge is_kept, gpointer data)
{
	g_auto(GStrv) lines = g_strsplit(mend->mail->additional_headers, "\n", -1);
	g_autoptr(GPtrArray) kept = g_ptr_array_new();

	for (guint i = 0; lines[i] != NULL; i++) {
		guint number = g_array_index(mend->numbers, guint, i);

		if (!is_kept(mend, lines[i], i + 1, data))
			continue;
		/* Never behind the line that is looked at. */
		g_array_index(mend->numbers, guint, kept->len) = number;
		g_ptr_array_add(kept, lines[i]);
	}
	g_ptr_array_add(kept, NULL);
	text_replace(&mend->mail->additional_headers, g_strjoinv("\n", (char **)kept->pdata));
}

/* A From: line is the sender, whatever the sender setting says (contract 6.6), so it becomes that setting. */
static gboolean
is_no_sender(const Mend *mend, const char *line, guint number, gpointer data)
{
	g_autofree char *place = place_in_export(mend, number);
	(void)data;

	if (!is_header(line, "From"))
		return TRUE;
	text_replace(&mend->mail->sender, text_strip(strchr(line, ':') + 1));
	g_autofree char *after = g_strdup_printf("form.ini [%s] sender = %s", mend->group, mend->mail->sender);
	add_mending(mend, place, line, after, "a From: line overrides the sender, so it stands there now");
	return FALSE;
}

typedef struct {
	const Form *form;
	const GPtrArray *sentences;
} Examined;

/* Lines that may not stand in a template go; lists of copies stay, because each part of them is somebody. */
static gboolean
is_allowed(const Mend *mend, const char *line, guint number, gpointer data)
{
	const Examined *examined = data;
	g_autofree char *name = header_name(line);
	g_autofree char *exact = g_strdup_printf("%s-headers.txt line %u: %s", mend->group, number, name);
	g_autofree char *place = place_in_export(mend, number);
	const char *reason = sentence_about(examined->sentences, exact);

	if (reason == NULL || is_header(line, "Cc") || is_header(line, "Bcc"))
		return TRUE;
	add_mending(mend, place, line, "", reason);
	return FALSE;
}

/* --- Senders -------------------------------------------------------------------------------------------------------------- */

/* Is there a Reply-To: line that says something? */
static gboolean
has_reply_to(const MailTemplate *mail)
{
	g_auto(GStrv) lines = g_strsplit(mail->additional_headers, "\n", -1);

	for (char **line = lines; *line != NULL; line++) {
		g_autofree char *value = is_header(*line, "Reply-To") ? text_strip(strchr(*line, ':') + 1) : NULL;

		if (value != NULL && *value != '\0')
			return TRUE;
	}
	return FALSE;
}

static void
add_reply_to(const Mend *mend, const char *visitor)
{
	g_autofree char *place = g_strdup_printf("%s-headers.txt", mend->group);
	g_autofree char *line = g_strdup_printf("Reply-To: %s", visitor);
	g_autofree char *others = text_strip(mend->mail->additional_headers);

	if (has_reply_to(mend->mail)) {
		add_mending(
		    mend, place, "Reply-To: line of the template", "the same", "answers go where the template says, as before");
		return;
	}
	text_replace(&mend->mail->additional_headers, *others == '\0' ? g_strdup(line) : g_strdup_printf("%s\n%s", others, line));
	add_mending(mend, place, "", line, "answers go to the visitor, as before");
}

/* wordpress@ and the host is WordPress's own invention and the form's default; plugins that mail by an account put its address there, and so do we. */
static void
mend_invented(const Mend *mend, const Examined *examined, const char *place)
{
	g_autofree char *sender = text_strip(mend->mail->sender);
	const char *bracket = strrchr(sender, '<');
	g_autoptr(Mailbox) from = mailbox_parse(mend->site->from, NULL);

	if (g_ascii_strncasecmp(bracket != NULL ? bracket + 1 : sender, "wordpress@", strlen("wordpress@")) != 0 ||
	    from == NULL || g_ascii_strncasecmp(from->address, "wordpress@", strlen("wordpress@")) == 0)
		return;
	g_autofree char *name = g_strndup(sender, bracket != NULL ? (gsize)(bracket - sender) : 0);
	g_autoptr(GPtrArray) fields = mailtag_fields(name, examined->form);
	g_autofree char *kept = fields->len > 0 ? g_strdup_printf("%s<%s>", name, from->address) : g_strdup("");
	g_autofree char *after =
	    fields->len > 0 ? g_strdup(kept) : g_strdup_printf("%s (left empty, which means the site's own)", mend->site->from);
	add_mending(mend, place, sender, after,
	    "WordPress made this address up, and mail accounts refuse a sender that they do not know");
	text_replace(&mend->mail->sender, g_steal_pointer(&kept));
}

static void
mend_sender(const Mend *mend, const Examined *examined)
{
	g_autofree char *place = g_strdup_printf("form.ini [%s] sender", mend->group);
	const char *reason = sentence_about(examined->sentences, place);

	if (reason == NULL) {
		mend_invented(mend, examined, place);
		return;
	}
	g_autofree char *sender = text_strip(mend->mail->sender);
	g_autoptr(GPtrArray) fields = mailtag_fields(strchr(sender, '<') != NULL ? strchr(sender, '<') : sender, examined->form);
	g_autofree char *after = g_strdup_printf("%s (left empty, which means the site's own)", mend->site->from);
	/* What to write instead was done. */
	g_autofree char *cause =
	    g_strndup(reason, (gsize)(g_strrstr(reason, "; ") ? g_strrstr(reason, "; ") - reason : (gssize)strlen(reason)));
	add_mending(mend, place, sender, after, cause);
	text_replace(&mend->mail->sender, g_strdup(""));
	if (fields->len > 0)
		add_reply_to(mend, sender);
}

GPtrArray *
mend_source(FormSource *source, const SiteFacts *site)
{
	static const char *const groups[] = {"mail", "mail_2"};
	GPtrArray *mendings = g_ptr_array_new_with_free_func((GDestroyNotify)mending_free);

	for (guint i = 0; i < G_N_ELEMENTS(groups); i++) {
		g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(guint));
		Mend mend = {.source = source,
		    .mail = &source->mail[i],
		    .site = site,
		    .group = groups[i],
		    .numbers = numbers,
		    .mendings = mendings};
		g_autoptr(Form) form = NULL;

		text_replace(&mend.mail->additional_headers, text_with_lf(mend.mail->additional_headers));
		number_headers(&mend);
		walk_headers(&mend, is_no_sender, NULL);
		g_autoptr(GPtrArray) sentences = sentences_of(&mend, &form);
		Examined examined = {.form = form, .sentences = sentences};
		if (form == NULL)
			break; /* it is not text, and form_new says so again */
		walk_headers(&mend, is_allowed, &examined);
		mend_sender(&mend, &examined);
	}
	return mendings;
}
