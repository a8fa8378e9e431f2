/* SPDX-License-Identifier: Apache-2.0 */
/* sobol.h -- the Sobol sequence, plain or scrambled: points that fill the unit cube evenly.
 *
 * Scrambled as Matousek (1998): in each dimension the binary digits are multiplied by a random lower
 * triangular matrix, then a random shift is added digit by digit. That keeps the evenness, makes each
 * point uniform, and is fixed by the seed. A dimension's coordinates do not depend on how many other
 * dimensions there are. Take powers of two of points from the first on where balance matters. */
#ifndef FL_SEARCH_SOBOL_H
#define FL_SEARCH_SOBOL_H

#include <stdbool.h>
#include <stdint.h>

enum { FL_SOBOL_DIMS = 640 };

struct fl_sobol;

/* 1 <= dims <= FL_SOBOL_DIMS. The unscrambled sequence begins at the origin and ignores the seed. */
struct fl_sobol *fl_sobol_new(int dims, bool scramble, uint64_t seed);
void fl_sobol_free(struct fl_sobol *s);

/* The next point, x[dims], each coordinate in [0, 1), a multiple of 2^-32. After 2^32 points it
 * starts again. */
void fl_sobol_next(struct fl_sobol *s, double *x);

extern const uint16_t fl_sobol_table[]; /* see sobol_table.c */

#endif
