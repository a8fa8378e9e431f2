/* SPDX-License-Identifier: Apache-2.0 */
/* suggest.h -- which architectures to try next. */
#ifndef FL_SEARCH_SUGGEST_H
#define FL_SEARCH_SUGGEST_H

#include <stddef.h>
#include <stdint.h>

#include "search/archset.h"
#include "search/space.h"
#include "search/trials.h"

/* Appends to `known` the first n architectures of the space's scrambled Sobol sequence that are not
 * in it, and returns how many: fewer than n only when no more exist. With what came before in
 * `known` a seed goes on where it stopped. */
size_t fl_suggest_sobol(const struct fl_space *space, uint64_t seed, size_t n,
    struct fl_archset *known);

/* Appends to `known` up to n architectures of the space not in it, one after the other the one that is
 * expected to raise the hypervolume most when those before it are pending (search/nehvi.h), and returns
 * how many; fewer only where the local search finds no new one. gain[i] := the logarithm of what is
 * expected of it. At least one trial is done. */
size_t fl_suggest_nehvi(const struct fl_space *space, const struct fl_trials *t, uint64_t seed, size_t n,
    struct fl_archset *known, double *gain);

#endif
