/* SPDX-License-Identifier: Apache-2.0 */
/* space.h -- the architectures a search may choose from, fl-space(5).
 *
 * Layers, width and ffn run over ranges; a pattern is any word of exactly that many layers over
 * `letters` whose runs of letters other than f are no longer than max_run, that has no more than max_skip letters s and
 * begins with `first` where that is given. Patterns are counted, drawn and numbered by one table of how many ways
 * each beginning can be completed, so that none is drawn only to be thrown away. */
#ifndef FL_SEARCH_SPACE_H
#define FL_SEARCH_SPACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arch.h"
#include "base/err.h"

struct fl_range {
	int first, last, step; /* step divides last - first */
};

struct fl_space {
	struct fl_range layers, width, ffn;
	char letters[4]; /* of "fws", in that order */
	int max_run;	 /* layers.last if the file sets no limit */
	int max_skip;	 /* -1 if there is none that could be reached */
	char first;	 /* the letter every pattern begins with; 0 for any */
	int window;	 /* what w means, in tokens */
	double *ways;	 /* private: [layers.last + 1][max_run + 1][max_skip + 1, or 1] */
};

/* Reads a space ("-": standard input); for every number of layers there is a pattern. -1 with err set
 * names file and line; *out then needs no fl_space_free(). */
int fl_space_read(struct fl_space *out, const char *path, struct fl_err *err) FL_MUST_USE;
int fl_space_parse(struct fl_space *out, const char *text, const char *name, struct fl_err *err)
    FL_MUST_USE;
void fl_space_free(struct fl_space *s);

bool fl_space_has(const struct fl_space *s, const struct fl_arch *a);

/* How many architectures there are; exact up to 2^53, then to within rounding. */
double fl_space_count(const struct fl_space *s);

/* Number i of them, i < fl_space_count() <= 2^53: by layers, then width, ffn and pattern. */
void fl_space_nth(const struct fl_space *s, uint64_t i, struct fl_arch *out);

/* The architecture at a point of the unit cube, u[fl_space_dims()] in [0, 1): layers, width and ffn
 * each evenly over its range, the pattern evenly over all of that many layers. */
int fl_space_dims(const struct fl_space *s);
void fl_space_draw(const struct fl_space *s, const double *u, struct fl_arch *out);

#endif
