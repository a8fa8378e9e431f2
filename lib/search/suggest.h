/* SPDX-License-Identifier: Apache-2.0 */
/* suggest.h -- which architectures to try next. */
#ifndef FL_SEARCH_SUGGEST_H
#define FL_SEARCH_SUGGEST_H

#include <stddef.h>
#include <stdint.h>

#include "search/archset.h"
#include "search/bounds.h"
#include "search/space.h"
#include "search/trials.h"

/* Appends to `known` the first n architectures of the space's scrambled Sobol sequence that are not
 * in it, and returns how many: fewer than n only when no more exist. With what came before in
 * `known` a seed goes on where it stopped. */
size_t fl_suggest_sobol(const struct fl_space *space, uint64_t seed, size_t n,
    struct fl_archset *known);

/* A suggestion by models: the logarithm of what it is expected to raise the hypervolume by, and what
 * measurements of its two objectives would be: the first as it is, the second as the logarithm of a cost, search/trials.h. */
struct fl_suggestion {
	double gain;
	double mean[2], sd[2];
};

/* Appends to `known` up to n architectures of the space not in it, one after the other the one that is
 * expected to raise the hypervolume most when those before it are pending (search/nehvi.h), that times the
 * probability of being within bounds; returns how many; fewer only where the local search finds no new one.
 * out[n] says why. At least one trial is done. */
size_t fl_suggest_nehvi(const struct fl_space *space, const struct fl_trials *t, const struct fl_bounds *bounds,
    uint64_t seed, size_t n, struct fl_archset *known, struct fl_suggestion *out);

/* The same for those of which a model is least sure, those before and n_pending others being measured.
 * sd[n] is the standard deviation of each, of the logarithm. */
size_t fl_suggest_refine(const struct fl_space *space, const struct fl_surrogate *model,
    const struct fl_arch *pending, size_t n_pending, uint64_t seed, size_t n, struct fl_archset *known, double *sd);

#endif
