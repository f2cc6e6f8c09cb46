/*
 * What replies mean: one table, looked through from above; the first row that fits decides. Rows with a status code come before those with a reply code alone,
 * because it says more.
 *
 * Where the two contradict each other the reply code's first digit counts (RFC 5321 4.2.1), but for the few kinds of which RFC 3463 says that they pass. X.4.1 and its
 * neighbours are not among these: large services say 5.4.1 of a recipient that does not exist.
 */
#include "sekisho/relay/reply.h"

#define ANY 0u
#define STAGE(stage) (1u << (stage))
#define EVERY_STAGE (STAGE(REPLY_TO_MAIL) | STAGE(REPLY_TO_RCPT) | STAGE(REPLY_TO_CONTENT))

/* A status code has up to three digits in its second and third part (RFC 3463 2). */
#define PART_LIMIT 999u

typedef struct {
	guint stages;
	guint lowest, highest; /* reply codes */
	guint subject, detail; /* of the status code; subject ANY: with any, or none */
	RelayError meaning;
	const char *sentence;
} Row;

#define REFUSES_ACCOUNT "the server takes no mail from this account; check its user and password or token"
#define TOO_LARGE "the mail is larger than the server takes"

static const Row TABLE[] = {
    /* RFC 4954 6: authentication required, mechanism too weak, credentials invalid, encryption required for the mechanism. */
    {EVERY_STAGE, 530, 530, ANY, ANY, RELAY_ERROR_AUTH, REFUSES_ACCOUNT},
    {EVERY_STAGE, 534, 535, ANY, ANY, RELAY_ERROR_AUTH, REFUSES_ACCOUNT},
    {EVERY_STAGE, 538, 538, ANY, ANY, RELAY_ERROR_AUTH, REFUSES_ACCOUNT},
    /* RFC 3463 3.3, X.2.2: "should be used as a persistent transient failure"; its owner can make room. */
    {EVERY_STAGE, 500, 599, 2, 2, RELAY_ERROR_TEMPORARY, "the recipient's mailbox is full"},
    /* RFC 3463 3.4, X.3.1: useful only as a persistent transient error. */
    {EVERY_STAGE, 500, 599, 3, 1, RELAY_ERROR_TEMPORARY, "the server's disk is full"},
    /* RFC 3463 3.5, X.4.5: likewise. */
    {EVERY_STAGE, 500, 599, 4, 5, RELAY_ERROR_TEMPORARY, "the server has too much to do"},
    /* RFC 3463 3.6, X.5.3: the other recipients' turn comes with the next try. */
    {EVERY_STAGE, 500, 599, 5, 3, RELAY_ERROR_TEMPORARY, "the server takes no more recipients at once"},
    /* RFC 1870 6.4: the mail is too large for this recipient; not to be tried again. RFC 3463 3.3 and 3.4, X.2.3 and X.3.4, say that it is the size. */
    {STAGE(REPLY_TO_RCPT), 552, 552, 2, 3, RELAY_ERROR_PERMANENT, TOO_LARGE},
    {STAGE(REPLY_TO_RCPT), 552, 552, 3, 4, RELAY_ERROR_PERMANENT, TOO_LARGE},
    /* RFC 5321 4.5.3.1.10: servers of old say 552 to too many recipients; to be taken as 452. */
    {STAGE(REPLY_TO_RCPT), 552, 552, ANY, ANY, RELAY_ERROR_TEMPORARY,
	"the server has no room for the mail, or takes no more recipients at once"},
    /* RFC 1870 6.1 and 6.3: larger than the server takes. */
    {STAGE(REPLY_TO_MAIL) | STAGE(REPLY_TO_CONTENT), 552, 552, ANY, ANY, RELAY_ERROR_PERMANENT, TOO_LARGE},
    /* RFC 5321 4.2.1. */
    {EVERY_STAGE, 500, 599, ANY, ANY, RELAY_ERROR_PERMANENT, "the server refused the mail for good"},
    {EVERY_STAGE, 400, 499, ANY, ANY, RELAY_ERROR_TEMPORARY, "the server refused the mail for now"},
};

/* Digits of one part, and what must follow it. */
static gboolean
read_part(const char **at, guint *part, char end)
{
	const char *text = *at;

	*part = 0;
	while (g_ascii_isdigit(*text) && *part <= PART_LIMIT)
		*part = *part * 10 + (guint)g_ascii_digit_value(*text++);
	if (text == *at || *part > PART_LIMIT || (end == '\0' ? g_ascii_isalnum(*text) || *text == '.' : *text != end))
		return FALSE;
	*at = end == '\0' ? text : text + 1;
	return TRUE;
}

gboolean
reply_status_read(const char *text, ReplyStatus *status)
{
	*status = (ReplyStatus){0};
	while (g_ascii_isspace(*text))
		text++;
	if (read_part(&text, &status->class, '.') && read_part(&text, &status->subject, '.') &&
	    read_part(&text, &status->detail, '\0') && (status->class == 2 || status->class == 4 || status->class == 5))
		return TRUE;
	*status = (ReplyStatus){0};
	return FALSE;
}

static const Row *
row_of(ReplyStage stage, guint code, const char *text)
{
	ReplyStatus status;

	g_assert(code >= 400 && code <= 599);
	reply_status_read(text, &status);
	for (gsize i = 0; i < G_N_ELEMENTS(TABLE); i++) {
		const Row *row = &TABLE[i];
		gboolean is_status = row->subject == ANY || (row->subject == status.subject && row->detail == status.detail);
		if ((row->stages & STAGE(stage)) != 0 && code >= row->lowest && code <= row->highest && is_status)
			return row;
	}
	g_assert_not_reached();
}

RelayError
reply_meaning(ReplyStage stage, guint code, const char *text)
{
	return row_of(stage, code, text)->meaning;
}

GError *
reply_failure(ReplyStage stage, guint code, const char *text)
{
	const Row *row = row_of(stage, code, text);

	return g_error_new_literal(RELAY_ERROR, row->meaning, row->sentence);
}
