/* SPDX-License-Identifier: Apache-2.0 */
/* moment.h -- second moments as they lie in a metrics file, for tests of what reads them. */
#ifndef FL_TEST_MOMENT_H
#define FL_TEST_MOMENT_H

#include <stdlib.h>
#include <string.h>

#include "compute/gram.h"

/* The F32 triangle of a [rows, n] at an odd address, until the next call. */
static inline char *
test_moment(const float *a, size_t rows, size_t n)
{
	static char *file;
	size_t size = fl_gram_size(n);
	double *sum = calloc(size, sizeof *sum);

	file = realloc(file, 1 + size * sizeof(float));
	fl_gram_add(sum, a, rows, n);
	for (size_t i = 0; i < size; i++)
		memcpy(file + 1 + i * sizeof(float), &(float){ (float)sum[i] }, sizeof(float));
	free(sum);
	return file + 1;
}

static inline double
test_moment_at(const char *moment, size_t i, size_t j)
{
	float x;

	memcpy(&x, moment + (i < j ? fl_gram_row(j) + i : fl_gram_row(i) + j) * sizeof x, sizeof x);
	return x;
}

#endif
