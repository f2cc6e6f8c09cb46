/*
 * The six usual causes of "mail from the form does not arrive", and which of them the findings speak for. No state: a table says what each finding's code means.
 *
 * They are the causes that hosters and users of form plugins name again and again. Two of them cannot come about here as they do elsewhere (a visitor's address as From, mail
 * without login by accident), and are told all the same, because whoever looks for the fault asks for them.
 */
#include <string.h>

#include "doctor_parts.h"
#include "sekisho/wire/address.h"

#define CAUSES 6u
enum { SENDER, VISITOR_SENDER, LOGIN, REPUTATION, CARRIERS, NEVER_LEAVES };

static const struct {
	const char *name;
	const char *absent; /* what speaks against it, when nothing speaks for it */
} causes[CAUSES] = {
    [SENDER] = {"The sender's address does not exist, or its server refuses it",
	"Each site's sender was taken by its mail server."},
    [VISITOR_SENDER] = {"The visitor's address stands as sender",
	"From is always the site's own address; the visitor stands in Reply-To."},
    [LOGIN] = {"The mail server is used without login, or the login is refused", "No account was refused a login."},
    [REPUTATION] = {"SPF, DKIM or DMARC do not fit: spam folder, or refused", "The DNS says what receivers want to see."},
    [CARRIERS] = {"Phone carriers refuse domains that the customer has not allowed", ""},
    [NEVER_LEAVES] = {"The mail never leaves: the form does not reach the gateway, or its queue stands still",
	"Web server, gateway and queue were seen at work."},
};

/* Beginnings of codes; the first that fits counts. */
static const struct {
	const char *code;
	guint cause;
} meanings[] = {
    {"smtp.sender_unnoted", CAUSES},
    {"smtp.sender_", SENDER},
    {"smtp.recipient_refused", SENDER},
    {"smtp.tagged_refused", SENDER},
    {"domain.mx", SENDER},
    {"domain.reverse_path", SENDER},
    {"site.visitor_sender", VISITOR_SENDER},
    {"smtp.no_login", LOGIN},
    {"smtp.login_refused", LOGIN},
    {"smtp.no_user", LOGIN},
    {"smtp.no_password", LOGIN},
    {"smtp.no_token", LOGIN},
    {"smtp.null_sender", CAUSES},
    {"smtp.certificate_ends", CAUSES},
    {"domain.", REPUTATION},
    {"site.warning", CAUSES},
    {"clock", CAUSES},
    {"web.no_page", CAUSES},
    {"web.page_slash", CAUSES},
    {"web.redirected_harmless", CAUSES},
    {"mail.nobody", CAUSES},
    {"gateway.handed", CAUSES},
    {"disk.low", NEVER_LEAVES},
    {"mail.", NEVER_LEAVES},
    {"smtp.", NEVER_LEAVES},
    {"web.", NEVER_LEAVES},
    {"gateway.", NEVER_LEAVES},
    {"courier.", NEVER_LEAVES},
    {"queue.", NEVER_LEAVES},
    {"site.", NEVER_LEAVES},
    {"database.", NEVER_LEAVES},
    {"keys.", NEVER_LEAVES},
    {"rights.", NEVER_LEAVES},
};

static guint
cause_of(const char *code)
{
	for (gsize i = 0; i < G_N_ELEMENTS(meanings); i++)
		if (g_str_has_prefix(code, meanings[i].code))
			return meanings[i].cause;
	return CAUSES;
}

/* What decides first, where several findings speak for one cause: receivers refuse by DMARC, then look at SPF, then at DKIM. Beginnings of codes. */
static const char *const decisive[] = {
    "domain.dmarc_reject", "domain.dmarc_quarantine", "domain.spf_fail", "domain.spf_", "domain.dkim_", "domain.dmarc_"};

static guint
rank_of(const DoctorFinding *finding)
{
	guint rank = 0;
	while (rank < G_N_ELEMENTS(decisive) && !g_str_has_prefix(finding->code, decisive[rank]))
		rank++;
	return rank;
}

static gboolean
is_louder(const DoctorFinding *one, const DoctorFinding *other)
{
	return one->verdict != other->verdict ? one->verdict > other->verdict : rank_of(one) < rank_of(other);
}

/* What an ordinary user may not look at speaks for nothing. */
static gboolean
is_untried(const DoctorFinding *finding)
{
	return finding->verdict == DOCTOR_NOTE && g_str_has_suffix(finding->code, ".untried");
}

/* The finding that speaks loudest for a cause: a wrong one before one that is to note, what decides before what does not, the first of its like; NULL. */
static const DoctorFinding *
witness(const Doctor *doctor, guint cause)
{
	const DoctorFinding *loudest = NULL;
	for (guint i = 0; i < doctor->findings->len; i++) {
		const DoctorFinding *finding = doctor->findings->pdata[i];
		if (finding->verdict == DOCTOR_FINE || is_untried(finding) || cause_of(finding->code) != cause)
			continue;
		if (!loudest || is_louder(finding, loudest))
			loudest = finding;
	}
	return loudest;
}

/* Whether a wrong finding of that code ends the examination before the cause could be looked at. */
static gboolean
is_stop(const char *code, guint cause)
{
	gboolean is_connection = g_str_has_prefix(code, "smtp.") && cause_of(code) == NEVER_LEAVES;
	gboolean is_unusable = g_str_equal(code, "site.unusable");

	switch (cause) {
	case SENDER:
		return is_unusable || is_connection || cause_of(code) == LOGIN;
	case LOGIN:
		return is_unusable || is_connection;
	case REPUTATION:
		return is_unusable;
	default:
		return FALSE;
	}
}

/* The same of what an ordinary user may not look at. */
static gboolean
is_skipped(const char *code, guint cause)
{
	gboolean is_whole_site = g_str_equal(code, "site.untried");

	switch (cause) {
	case SENDER:
	case LOGIN:
		return is_whole_site || g_str_equal(code, "smtp.untried");
	case VISITOR_SENDER:
		return is_whole_site || g_str_equal(code, "forms.untried");
	case REPUTATION:
		return is_whole_site;
	case NEVER_LEAVES:
		return is_whole_site || g_str_equal(code, "web.untried") || g_str_equal(code, "database.untried") ||
		       g_str_equal(code, "gateway.untried");
	default:
		return FALSE;
	}
}

/* What kept the cause from being looked at, or NULL. */
static const DoctorFinding *
stop_of(const Doctor *doctor, guint cause)
{
	for (guint i = 0; i < doctor->findings->len; i++) {
		const DoctorFinding *finding = doctor->findings->pdata[i];
		if (finding->verdict == DOCTOR_WRONG ? is_stop(finding->code, cause)
						     : is_untried(finding) && is_skipped(finding->code, cause))
			return finding;
	}
	return NULL;
}

/* The domains that customers of carriers must allow: those that stand in From. */
static char *
domains(const Doctor *doctor)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < doctor->sites->len; i++) {
		g_autoptr(Site) site = config_site(doctor->command->config, doctor->sites->pdata[i], NULL);
		g_autoptr(Mailbox) sender = site ? mailbox_parse(site->facts->from, NULL) : NULL;
		g_autofree char *domain = sender ? address_domain(sender->address) : NULL;
		if (domain && !g_ptr_array_find_with_equal_func(list, domain, g_str_equal, NULL))
			g_ptr_array_add(list, g_steal_pointer(&domain));
	}
	g_ptr_array_add(list, NULL);
	return list->len > 1 ? g_strjoinv(", ", (char **)list->pdata) : g_strdup("the sender's domain");
}

static DoctorCause *
judge(const Doctor *doctor, guint number)
{
	DoctorCause *cause = g_new0(DoctorCause, 1);
	const DoctorFinding *finding = witness(doctor, number);
	const DoctorFinding *stop = stop_of(doctor, number);
	cause->name = causes[number].name;
	if (number == CARRIERS) {
		g_autofree char *names = domains(doctor);
		cause->state = "possible";
		cause->because = g_strdup_printf("Nothing here can see it: customers of docomo, au, SoftBank and others must "
						 "allow %s. Where a reply may follow, the gateway's answer tells visitors.",
		    names);
	} else if (finding) {
		cause->state = finding->verdict == DOCTOR_WRONG ? "here" : "possible";
		cause->because = g_strdup_printf("%s: %s", finding->part, finding->what);
	} else if (stop) {
		cause->state = "not tried";
		cause->because = g_strdup_printf("%s: %s", stop->part, stop->what);
	} else {
		cause->state = "not seen";
		cause->because = g_strdup(causes[number].absent);
	}
	return cause;
}

void
doctor_cause_free(DoctorCause *cause)
{
	g_free(cause->because);
	g_free(cause);
}

GPtrArray *
doctor_causes(const Doctor *doctor)
{
	GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)doctor_cause_free);
	for (guint i = 0; i < CAUSES; i++)
		g_ptr_array_add(list, judge(doctor, i));
	return list;
}
