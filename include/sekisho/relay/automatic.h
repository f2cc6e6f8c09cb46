/*
 * What bounds automatic mail, for whoever asks the ledger about a site. Whether a mail may go is the courier's own matter.
 */
#pragma once

#include "sekisho/conf/config.h"
#include "sekisho/store/ledger.h"

/* The site's configured limits, as the ledger takes them. */
LedgerLimits automatic_limits(const Site *site);
