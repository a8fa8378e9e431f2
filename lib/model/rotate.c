/* SPDX-License-Identifier: Apache-2.0 */
#include "model/rotate.h"

static enum fl_side
side_of(enum fl_role role)
{
	switch (role) {
	case FL_EMBED:
	case FL_O_BIAS: return FL_SIDE_ROWS;
	case FL_O:
	case FL_DOWN: return FL_SIDE_WRITES;
	case FL_Q:
	case FL_K:
	case FL_V:
	case FL_GATE:
	case FL_UP:
	case FL_HEAD: return FL_SIDE_READS;
	case FL_ATTN_NORM:
	case FL_FFN_NORM:
	case FL_FINAL_NORM: return FL_SIDE_NORM;
	default: return FL_SIDE_NONE;
	}
}

void
fl_rotate_steps(struct fl_plan *p, struct fl_basis *b, bool members)
{
	p->basis = b;
	for (size_t i = 0; i < p->inventory->n; i++) {
		struct fl_step *s = &p->step[i];
		enum fl_side side = side_of(p->inventory->weight[i].role);

		if (s->kind == FL_STEP_DROP)
			continue;
		s->basis = b;
		s->norm = (size_t)fl_weight_site(&p->in, &p->inventory->weight[i]);
		s->side = members && side != FL_SIDE_READS && side != FL_SIDE_NORM ? FL_SIDE_NONE : side;
		if (s->side == FL_SIDE_WRITES)
			s->rows = NULL;
		else if (s->side != FL_SIDE_NONE)
			s->cols = NULL;
	}
}

void
fl_rotate_sites(const struct fl_plan *p, const bool *gone, bool *site)
{
	for (int l = 0; l < p->in.layers; l++) {
		site[2 * l] = !gone[l] && p->in.pattern[l] != 's';
		site[2 * l + 1] = !gone[l];
	}
	site[2 * p->in.layers] = true;
}
