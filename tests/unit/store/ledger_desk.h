/* A ledger for one test, and mails to ask it for. */
#pragma once

#include "rows.h"
#include "sekisho/base/limits.h"
#include "sekisho/store/ledger.h"

#define MINUTE_US (60 * SECOND_US)
#define HOUR_US (60 * MINUTE_US)
#define DAY_US (24 * HOUR_US)
#define SITE "example.jp"

/* From now on fixture->path is the ledger. */
static inline Db *
desk_ledger(Fixture *fixture)
{
	g_assert_cmpint(chmod(fixture->directory, 0700), ==, 0);
	g_free(fixture->path);
	fixture->path = g_build_filename(fixture->directory, "ledger.db", NULL);
	g_autoptr(GError) error = NULL;
	Db *ledger = db_open_ledger(fixture->directory, DB_CREATE, &error);
	g_assert_no_error(error);
	/* Noon of a day of UTC, so that an hour and a day begin where the test thinks. */
	gint64 noon_us = G_GINT64_CONSTANT(1800000000) / 86400 * DAY_US + DAY_US / 2;
	clock_set_offset_us(noon_us - g_get_real_time());
	return ledger;
}

/* Moves the clock on; the offset is kept here, because the clock does not tell it. */
static inline void
advance(gint64 by_us)
{
	clock_set_offset_us(clock_now_us() - g_get_real_time() + by_us);
}

/* A hash that `text` names. */
static inline VaultHash
named_hash(const char *text)
{
	VaultHash hash = {0};
	g_assert_cmpuint(strlen(text), <=, sizeof hash.bytes);
	memcpy(hash.bytes, text, strlen(text));
	return hash;
}

static inline LedgerMail
mail_to(const char *recipient, const char *receipt)
{
	const char *at = strchr(recipient, '@');
	return (LedgerMail){SITE, 4, MAIL_REPLY, receipt, 0, named_hash(recipient), named_hash(at ? at + 1 : "domain")};
}

static const LedgerLimits wide = {24 * 3600 * SECOND_US, 1000, 1000, 1000, 10000};

static inline LedgerAnswer
charge_within(Db *ledger, const LedgerMail *mail, const LedgerLimits *limits)
{
	g_autoptr(GError) error = NULL;
	LedgerAnswer answer = LEDGER_CHARGED;
	ledger_charge(ledger, mail, limits, &answer, &error);
	g_assert_no_error(error);
	return answer;
}

static inline LedgerAnswer
charge(Db *ledger, const LedgerMail *mail)
{
	return charge_within(ledger, mail, &wide);
}

/* `count` mails to addresses of their own, each of its own submission; how many were charged. */
static inline guint
charge_many(Db *ledger, const char *label, guint count, const LedgerLimits *limits)
{
	guint charged = 0;
	for (guint i = 0; i < count; i++) {
		g_autofree char *recipient = g_strdup_printf("%s%u@d%u", label, i, i);
		g_autofree char *receipt = g_strdup_printf("R-%s-%u", label, i);
		LedgerMail mail = mail_to(recipient, receipt);
		charged += charge_within(ledger, &mail, limits) == LEDGER_CHARGED;
	}
	return charged;
}

static inline void
settle(Db *ledger, const LedgerMail *mail, gboolean is_sent)
{
	g_autoptr(GError) error = NULL;
	ledger_settle(ledger, mail, is_sent, &error);
	g_assert_no_error(error);
}

static inline Fuse *
look(Db *ledger, const LedgerLimits *limits)
{
	g_autoptr(GError) error = NULL;
	Fuse *fuse = ledger_fuse(ledger, SITE, limits, &error);
	g_assert_no_error(error);
	return fuse;
}
