/*
 * The progress bar. No state: every call draws all of it over the line that is there.
 */
#include "progress.h"

#define CELLS 40u

void
progress_show(const CliConsole *console, const char *what, guint64 done, guint64 total)
{
	if (!console->progress)
		return;
	double share = total > 0 ? MIN((double)done / (double)total, 1.0) : 1.0;
	char bar[CELLS + 1] = {0};
	for (guint i = 0; i < CELLS; i++)
		bar[i] = (double)i < share * CELLS ? '#' : ' ';
	(void)fprintf(console->progress, "\r%-8s [%s] %3u%%", what, bar, (guint)(share * 100));
	(void)fflush(console->progress);
}

void
progress_end(const CliConsole *console)
{
	if (!console->progress)
		return;
	(void)fprintf(console->progress, "\r%*s\r", (int)CELLS + 20, "");
	(void)fflush(console->progress);
}
