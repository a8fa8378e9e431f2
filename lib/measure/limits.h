/* SPDX-License-Identifier: Apache-2.0 */
/* limits.h -- what this machine can do at most, measured: the figures of kernels as fractions of it.
 *
 * With fl_parallel_threads() threads, the best of many short runs, which takes about a second and, until it
 * returns, 256 MiB of memory. */
#ifndef FL_MEASURE_LIMITS_H
#define FL_MEASURE_LIMITS_H

struct fl_limits {
	double int8;	     /* operations of 8-bit dot products a second, two a multiply-add */
	double f32;	     /* of float multiply-adds, the same */
	double memory;	     /* bytes read a second, of more than any cache holds */
	const char *kernels; /* the instructions used */
};

struct fl_limits fl_limits_measure(void);

#endif
