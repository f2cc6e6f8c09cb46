/*
 * Counting for the owner's report. It stands at the one place through which every submission ends (job.c), because most of those that are turned away are never stored: a number in memory
 * is all that is known of them. Never blocks but for admission's lock; nothing a visitor typed is kept in clear, and nobody is boxed twice within the seconds in which
 * admission gathers.
 */
#include "count.h"

#include <string.h>

#include "sekisho/base/clock.h"
#include "sekisho/policy/rate.h"
#include "sekisho/policy/reason.h"

/* FALSE if it is not to be counted. */
static gboolean
find_verdict(const Job *job, TallyVerdict *verdict)
{
	static const TallyVerdict of_actions[] = {[FINDING_PASS] = TALLY_ACCEPTED,
	    [FINDING_UNSURE] = TALLY_ACCEPTED,
	    [FINDING_NOTE] = TALLY_ACCEPTED,
	    [FINDING_HOLD] = TALLY_HELD,
	    [FINDING_WAIT] = TALLY_WAIT,
	    [FINDING_AGAIN] = TALLY_AGAIN,
	    [FINDING_REJECT] = TALLY_REJECTED};
	if (job->judgement.policy == NULL)
		return FALSE;
	if (job->is_repeated || job->is_hinted) {
		*verdict = job->is_repeated ? TALLY_REPEATED : TALLY_AGAIN;
		return TRUE;
	}
	if (job->judgement.verdict == NULL)
		return FALSE;
	*verdict = of_actions[judge_action(job)];
	return job->is_kept || (*verdict != TALLY_ACCEPTED && *verdict != TALLY_HELD);
}

/* Notes count only together, but an owner wants to know which. */
static gboolean
is_against(const Finding *finding)
{
	return !finding->is_dry_run && finding->action >= FINDING_NOTE;
}

/* Each kind once, however often one submission has it. */
static GPtrArray *
reasons_of(const Verdict *verdict)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < verdict->findings->len; i++) {
		const Finding *finding = verdict->findings->pdata[i];
		g_autofree char *name = is_against(finding) ? reason_name(finding) : NULL;
		if (name != NULL && !g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL))
			g_ptr_array_add(names, g_steal_pointer(&name));
	}
	return names;
}

static void
count_limited(const Job *job)
{
	const Judgement *judgement = &job->judgement;
	const CounterCharge *denied = judgement->denied;
	const Rate *rate = &judgement->policy->rates[denied->tier];
	TallyLimited limited = {
	    .at_us = clock_now_us(), .site = job->submission->site, .tier = denied->tier, .key = denied->key, .count = 1};
	if (admission_tally_limited(job->front->admission, &limited))
		return;
	g_autofree char *who = rate_who(denied, rate, job->form, job->submission, job->front->vault);
	g_autoptr(GBytes) content = g_bytes_new(who, strlen(who));
	g_autoptr(GBytes) boxed = vault_box(job->front->vault, content);
	limited.boxed = boxed;
	(void)admission_tally_limited(job->front->admission, &limited);
}

void
count_submission(const Job *job)
{
	TallyVerdict verdict;
	if (job->front->admission == NULL || !find_verdict(job, &verdict))
		return;
	g_autoptr(GArray) marks = g_array_new(FALSE, FALSE, sizeof(TallyMark));
	TallyMark mark = {.at_us = clock_now_us(),
	    .site = job->submission->site,
	    .topic = TALLY_VERDICT,
	    .item = tally_verdict_name(verdict),
	    .count = 1};
	g_array_append_val(marks, mark);
	const gboolean has_reasons = verdict != TALLY_ACCEPTED && !job->is_repeated && !job->is_hinted;
	g_autoptr(GPtrArray) reasons = has_reasons ? reasons_of(job->judgement.verdict) : g_ptr_array_new();
	mark.topic = TALLY_REASON;
	for (guint i = 0; i < reasons->len; i++) {
		mark.item = reasons->pdata[i];
		g_array_append_val(marks, mark);
	}
	admission_tally(job->front->admission, (const TallyMark *)(const void *)marks->data, marks->len);
	if (verdict == TALLY_WAIT && job->judgement.denied != NULL)
		count_limited(job);
}

void
count_list_hits(const Job *job, const GArray *entry_ids)
{
	if (job->front->admission == NULL || entry_ids->len == 0)
		return;
	admission_count_hits(job->front->admission, (const gint64 *)(const void *)entry_ids->data, entry_ids->len);
	for (guint i = 0; i < entry_ids->len; i++) {
		g_autofree char *number = g_strdup_printf("%" G_GINT64_FORMAT, g_array_index(entry_ids, gint64, i));
		const TallyMark mark = {
		    .at_us = clock_now_us(), .site = job->submission->site, .topic = TALLY_LIST, .item = number, .count = 1};
		admission_tally(job->front->admission, &mark, 1);
	}
}
