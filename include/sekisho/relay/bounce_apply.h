/*
 * What a bounce changes. It is believed only if an address to which it came has the signed tag of a mail of ours (base/vault.h), whose submission and site still stand here; else it is
 * counted, and that is all. A stranger who was never mailed cannot have such a tag; who was can do no more with it than end that mail, and stop mail to himself. The rest of the bounce is
 * a stranger's, whoever read it: any bytes.
 *
 *   failed   automatic mail: the address is suppressed for such mail (unless a visitor typed several, who all have the tag), its delivery ends as cancelled
 *            notice:         its delivery ends as dead, and the alarm "dead" is raised
 *   delayed  an event of the delivery
 *   all      counted: what ended a delivery for its site, the rest (also the same one again) for the gateway; a surge raises the alarm "surge" of that one
 */
#pragma once

#include <glib.h>

#include "sekisho/conf/config.h"
#include "sekisho/form/form.h"
#include "sekisho/relay/bounce.h"
#include "sekisho/store/db.h"

/* Where it is applied; all borrowed. */
typedef struct {
	Config *config;
	Vault *vault;              /* VAULT_ADMIN or VAULT_COURIER */
	Db *db;
	Db *ledger;
} BouncePlace;

typedef enum {
	BOUNCE_FATE_NONE,      /* it is no bounce: nothing was counted */
	BOUNCE_FATE_FOREIGN,   /* none of ours, or of a mail that is not known any more: counted */
	BOUNCE_FATE_OLD,       /* its delivery had ended or come back before: counted */
	BOUNCE_FATE_DELAYED,
	BOUNCE_FATE_RETURNED
} BounceFate;

typedef struct {
	BounceFate fate;
	BounceCause cause;         /* of DELAYED, RETURNED and OLD, likewise the next three */
	char *receipt;
	char *site;
	MailKind kind;
	gint64 suppressed_until_us; /* 0: no address was suppressed */
} BounceResult;
void bounce_result_clear(BounceResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BounceResult, bounce_result_clear)

/*
 * Applies it. `recipient`: the address to which the report was delivered, where the mail server tells it; NULL: those in its header are tried. FALSE if database or ledger
 * failed: then the same may be applied again, and what was done of it is not done twice but for the counters.
 */
gboolean bounce_apply(const BouncePlace *place, const Bounce *bounce, const char *recipient, BounceResult *result, GError **error);
