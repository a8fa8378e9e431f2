/* SPDX-License-Identifier: Apache-2.0 */
#include "base/progress.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

static struct {
	const char *what, *unit;
	uint64_t done, total;
	double start, shown;
	bool on;
} now;

void
fl_progress_begin(const char *what, const char *unit, uint64_t total)
{
	now.on = fl_log_verbosity() >= 0 && isatty(STDERR_FILENO);
	now.what = what;
	now.unit = unit;
	now.done = 0;
	now.total = total;
	now.start = now.shown = fl_clock();
}

static void
show(double t)
{
	bool bytes = strcmp(now.unit, "B") == 0;
	double scale = bytes ? 1.0 / (1 << 20) : 1, elapsed = t - now.start;
	double rate = elapsed > 0 ? (double)now.done / elapsed : 0;

	fprintf(stderr, "\r%s: %.0f", now.what, (double)now.done * scale);
	if (now.total)
		fprintf(stderr, "/%.0f", (double)now.total * scale);
	fprintf(stderr, " %s, %.*f/s", bytes ? "MiB" : now.unit, rate * scale < 10 ? 1 : 0,
	    rate * scale);
	if (now.total >= now.done && rate > 0) {
		double left = (double)(now.total - now.done) / rate;

		if (left < 1e6)
			fprintf(stderr, ", %d:%02d left", (int)left / 60, (int)left % 60);
	}
	fprintf(stderr, "\033[K");
}

void
fl_progress_add(uint64_t done)
{
	double t;

	now.done += done;
	if (!now.on)
		return;
	t = fl_clock();
	if (t - now.shown < 0.2)
		return;
	now.shown = t;
	show(t);
}

void
fl_progress_hide(void)
{
	if (now.on)
		fprintf(stderr, "\r\033[K");
}

void
fl_progress_end(void)
{
	fl_progress_hide();
	now.on = false;
}
