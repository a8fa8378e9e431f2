/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/quiet.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static double
seconds(struct timeval t)
{
	return (double)t.tv_sec + 1e-6 * (double)t.tv_usec;
}

/* The first line, in ticks: cpu user nice system idle iowait irq softirq steal. */
void
fl_quiet_begin(struct fl_quiet *q)
{
	unsigned long long t[8];
	double tick = (double)sysconf(_SC_CLK_TCK);
	FILE *f = fopen("/proc/stat", "r");
	struct rusage own;

	*q = (struct fl_quiet){ 0 };
	if (f && fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &t[0], &t[1], &t[2], &t[3], &t[4],
		     &t[5], &t[6], &t[7]) == 8) {
		for (int i = 0; i < 8; i++)
			q->total += (double)t[i] / tick;
		q->stolen = (double)t[7] / tick;
		q->busy = q->total - (double)(t[3] + t[4] + t[7]) / tick;
	}
	if (f)
		fclose(f);
	getrusage(RUSAGE_SELF, &own);
	q->own = seconds(own.ru_utime) + seconds(own.ru_stime);
}

static double
share(double part, double whole)
{
	double s = whole > 0 ? part / whole : 0;

	return s < 0 ? 0 : s > 1 ? 1 : s;
}

struct fl_noise
fl_quiet_end(const struct fl_quiet *begin)
{
	struct fl_quiet now;
	double total;

	fl_quiet_begin(&now);
	total = now.total - begin->total;
	return (struct fl_noise){
		.others = share(now.busy - begin->busy - (now.own - begin->own), total),
		.stolen = share(now.stolen - begin->stolen, total),
	};
}
