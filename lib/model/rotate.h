/* SPDX-License-Identifier: Apache-2.0 */
/* rotate.h -- the steps of a plan whose residual stream gets a new basis (basis.h). */
#ifndef FL_MODEL_ROTATE_H
#define FL_MODEL_ROTATE_H

#include <stdbool.h>

#include "model/basis.h"
#include "model/plan.h"

/* Gives the plan the basis and every step that reads, writes or weighs the stream its part; what becomes of the
 * head must have been decided. Of `members` the embedding and what writes keep the gathering they have: only what
 * reads and the norms change. */
void fl_rotate_steps(struct fl_plan *p, struct fl_basis *b, bool members);

/* Whether a norm of p->in is there and its layer not gone[], for fl_basis_opts; site [2L+1]. */
void fl_rotate_sites(const struct fl_plan *p, const bool *gone, bool *site);

#endif
