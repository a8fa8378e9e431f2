/* SPDX-License-Identifier: Apache-2.0 */
/* moves.h -- the architectures of a space as a domain: drawn evenly, and next to one another if they differ
 * in one layer's attention, in two layers that change places, in a layer put in or taken out, or in width
 * or ffn alone. */
#ifndef FL_SEARCH_MOVES_H
#define FL_SEARCH_MOVES_H

#include "search/domain.h"
#include "search/space.h"

/* Points are struct fl_arch, as fl_moves_point() makes them. The space must outlive the domain. */
struct fl_domain fl_moves(const struct fl_space *s);

/* *point := a, with zeros wherever no value is, so that equal architectures have equal bytes. */
void fl_moves_point(const struct fl_arch *a, struct fl_arch *point);

#endif
