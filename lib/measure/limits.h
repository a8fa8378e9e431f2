/* SPDX-License-Identifier: Apache-2.0 */
/* limits.h -- what this machine can do at most, measured: the figures of kernels as fractions of it.
 *
 * With fl_parallel_threads() threads. What a machine shared with others gives changes from one second to the next: what
 * is compared with a limit is measured in turn with it, mean beside mean or best beside best. */
#ifndef FL_MEASURE_LIMITS_H
#define FL_MEASURE_LIMITS_H

#include <stdbool.h>

struct fl_limits {
	double int8;	     /* operations of 8-bit dot products a second, two a multiply-add */
	double f32;	     /* of float multiply-adds, the same */
	double memory;	     /* bytes read a second, of more than any cache holds */
	const char *kernels; /* the instructions used */
};

struct fl_probe;

struct fl_probe *fl_probe_new(void); /* takes 256 MiB until it is freed, by the caller */
void fl_probe_run(struct fl_probe *p); /* more runs, a fifth of a second of each limit */
void fl_probe_read(struct fl_probe *p); /* one more of reading */
void fl_probe_free(struct fl_probe *p); /* NULL is fine */

/* Of the runs so far, one at least: their mean, or the best of each. */
struct fl_limits fl_probe_limits(const struct fl_probe *p, bool best);

/* The best of one call. */
struct fl_limits fl_limits_measure(void);

#endif
