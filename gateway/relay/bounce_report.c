/*
 * The fields of a delivery status notification (RFC 3464 2.3): groups of "Name: value" lines, parted by empty lines, one group for each recipient. They are read line by line and not as a header,
 * because they are looked for in free text, too, where a broken message has them. Only these fields are known; all other lines are passed over. No state.
 */
#include <string.h>

#include "bounce_parts.h"
#include "sekisho/wire/address.h"

typedef enum { FIELD_ORIGINAL, FIELD_FINAL, FIELD_ACTION, FIELD_STATUS, FIELD_DIAGNOSTIC, FIELDS } Field;
static const char *const field_names[FIELDS] = {[FIELD_ORIGINAL] = "original-recipient:",
    [FIELD_FINAL] = "final-recipient:",
    [FIELD_ACTION] = "action:",
    [FIELD_STATUS] = "status:",
    [FIELD_DIAGNOSTIC] = "diagnostic-code:"};

/* One group. */
typedef struct {
	GString *values[FIELDS]; /* NULL: not there */
	GString *open;           /* the value that the next line may continue; NULL */
} Group;

static void
group_clear(Group *group)
{
	for (guint i = 0; i < FIELDS; i++) {
		if (group->values[i] != NULL)
			g_string_free(group->values[i], TRUE);
		group->values[i] = NULL;
	}
	group->open = NULL;
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Group, group_clear)

static void
take_line(Group *group, const char *line)
{
	if (group->open != NULL && (*line == ' ' || *line == '\t')) {
		g_string_append_c(group->open, ' ');
		g_string_append(group->open, line + strspn(line, " \t"));
		return;
	}
	group->open = NULL;
	for (guint i = 0; i < FIELDS; i++) {
		if (g_ascii_strncasecmp(line, field_names[i], strlen(field_names[i])) != 0 || group->values[i] != NULL)
			continue;
		group->values[i] = g_string_new(line + strlen(field_names[i]));
		group->open = group->values[i];
		return;
	}
}

static const char *
value_of(const Group *group, Field field)
{
	return group->values[field] == NULL ? "" : group->values[field]->str;
}

/* What stands behind "rfc822;" or "smtp;". */
static const char *
without_type(const char *value)
{
	const char *behind = strchr(value, ';');

	return behind == NULL ? value : behind + 1;
}

static gboolean
is_action(const Group *group, const char *name)
{
	const char *value = value_of(group, FIELD_ACTION);

	while (g_ascii_isspace(*value))
		value++;
	/* Some add a remark: "failed (expired)". */
	return g_ascii_strncasecmp(value, name, strlen(name)) == 0 && !g_ascii_isalpha(value[strlen(name)]);
}

static BounceAction
action_of(const Group *group, const ReplyStatus *status)
{
	if (is_action(group, "failed"))
		return BOUNCE_FAILED;
	if (is_action(group, "delayed"))
		return BOUNCE_DELAYED;
	if (group->values[FIELD_ACTION] != NULL)
		return BOUNCE_NONE;
	/* The field is required (RFC 3464 2.3.3); where it fails, the class tells. */
	return status->class == 5 ? BOUNCE_FAILED : status->class == 4 ? BOUNCE_DELAYED : BOUNCE_NONE;
}

/* The address to which we wrote is the original one; the final one may be where it was forwarded to. */
static char *
recipient_of(const Group *group)
{
	g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);

	bounce_text_addresses(without_type(value_of(group, FIELD_ORIGINAL)), 1, addresses);
	bounce_text_addresses(without_type(value_of(group, FIELD_FINAL)), 1, addresses);
	return addresses->len == 0 ? NULL : g_strdup(addresses->pdata[0]);
}

static void
read_diagnostic(const Group *group, Bounce *bounce)
{
	g_autofree char *words = bounce_text_words(without_type(value_of(group, FIELD_DIAGNOSTIC)));
	const char *reply = bounce_text_reply(words);
	ReplyStatus status;

	if (reply != NULL) {
		bounce->reply_code = (guint)g_ascii_strtoull(reply, NULL, 10);
		/* Exim and others write x.0.0 for want of better, where the server's words have it. */
		if (bounce->status.subject == 0 && reply_status_read(reply + 4, &status))
			bounce->status = status;
	}
	g_free(bounce->words);
	bounce->words = g_steal_pointer(&words);
}

/* Ends a group. TRUE if it was one. */
static gboolean
take_group(const Group *group, Bounce *bounce)
{
	ReplyStatus status = {0};
	gboolean is_group = group->values[FIELD_FINAL] != NULL || group->values[FIELD_ACTION] != NULL;

	(void)reply_status_read(value_of(group, FIELD_STATUS), &status);
	BounceAction action = action_of(group, &status);
	/* The first that failed, else the first that is late. */
	if (!is_group || action <= bounce->action)
		return is_group;
	bounce->action = action;
	bounce->status = status;
	bounce->reply_code = 0;
	g_free(bounce->recipient);
	bounce->recipient = recipient_of(group);
	read_diagnostic(group, bounce);
	return TRUE;
}

ReportKind
bounce_report_read(const char *text, Bounce *bounce)
{
	g_auto(Group) group = {{NULL}, NULL};
	gboolean is_found = FALSE;

	for (const char *at = text; *at != '\0';) {
		gsize size = strcspn(at, "\n");
		g_autofree char *line = g_strndup(at, size);
		g_strchomp(line);
		if (*line == '\0') {
			is_found |= take_group(&group, bounce);
			group_clear(&group);
		} else {
			take_line(&group, line);
		}
		at += size + (at[size] == '\n');
	}
	is_found |= take_group(&group, bounce);
	if (bounce->action != BOUNCE_NONE)
		return REPORT_TROUBLE;
	return is_found ? REPORT_ARRIVED : REPORT_ABSENT;
}
