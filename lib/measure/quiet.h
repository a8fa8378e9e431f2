/* SPDX-License-Identifier: Apache-2.0 */
/* quiet.h -- did anything else use the machine while we measured?
 *
 * From /proc/stat, which counts the whole machine. Where there is none nothing can be said, and the
 * shares are 0. */
#ifndef FL_MEASURE_QUIET_H
#define FL_MEASURE_QUIET_H

struct fl_quiet { /* seconds of all CPUs together */
	double total, busy, stolen, own;
};

struct fl_noise { /* shares of all CPU time, 0 .. 1 */
	double others; /* other processes */
	double stolen; /* by the hypervisor */
};

void fl_quiet_begin(struct fl_quiet *q);
struct fl_noise fl_quiet_end(const struct fl_quiet *begin);

#endif
