/* SPDX-License-Identifier: Apache-2.0 */
/* num.h -- numbers as text, read whole and checked; written so that they read back the same. */
#ifndef FL_BASE_NUM_H
#define FL_BASE_NUM_H

#include <stddef.h>

/* Decimal integer in [min, max], nothing before or after it: 0, or -1 (no errno, no locale). */
int fl_num_int(const char *text, long long min, long long max, long long *out);

/* Finite decimal number in [min, max]; no hex, no inf, no nan, nothing before or after it. */
int fl_num_real(const char *text, double min, double max, double *out);

/* Shortest decimal that reads back as x ("1e-06", "0.1" and "10000"; "nan", "inf", "-inf").
 * Returns buf, which holds at least FL_NUM_LEN bytes. */
#define FL_NUM_LEN 32
char *fl_num_format(char *buf, double x);

#endif
