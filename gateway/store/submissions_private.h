/*
 * What journal, outbox and submissions share about the row of a submission.
 */
#pragma once

#include <glib.h>

#include "sekisho/store/submissions.h"

/* What binds sealed content to its row: moved to another receipt, site or form it does not open. The caller's. */
char *submissions_associated(const char *receipt, const char *site, guint64 form_id);
/* SubmissionSummary * of those ids (gint64) that still exist. The caller's; NULL on error. */
GPtrArray *submissions_summaries(Db *db, const GArray *ids, GError **error);
/* Inside a transaction: erases content and keys of a do_not_store submission whose deliveries have all settled for good; any other stays as it
 * is. Its files are released. `is_erased` says if it happened: then db_scrub after the commit. */
gboolean submissions_erase_settled(Db *db, gint64 id, gboolean *is_erased, GError **error);
/* With or without a transaction: the receipt of the submission with this key of repetitions, if its time is not over and it was accepted, held or released, else NULL. The receipt
 * is the caller's. `status` is set only with it. */
gboolean submissions_find_repeated(Db *db, const VaultHash *key, char **receipt, SubmissionStatus *status, GError **error);

/* A submission's row with its content sealed. */
typedef struct {
	char *receipt;
	char *site;
	guint64 form_id;
	gboolean is_released;
	VaultSealed *sealed;
} SealedRow;
void sealed_row_free(SealedRow *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SealedRow, sealed_row_free)
/* STORE_ERROR_NOT_FOUND if the content was erased; BASE_ERROR_FORGED if a part is larger than any of ours. */
SealedRow *sealed_row_read(Db *db, gint64 id, GError **error);
/* The submission whose opened content `bytes` are. BASE_ERROR_FORGED. */
Submission *sealed_row_submission(const SealedRow *row, GBytes *bytes, GError **error);
