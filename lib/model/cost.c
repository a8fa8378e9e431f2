/* SPDX-License-Identifier: Apache-2.0 */
#include "model/cost.h"

#include "model/roles.h"

uint64_t
fl_cost_linear(const struct fl_config *c)
{
	uint64_t sum = 0;

	for (enum fl_role r = 0; r < FL_ROLES; r++) {
		const struct fl_role_info *info = &fl_roles[r];
		uint64_t each = 2 * fl_axis_size(c, info->rows) * fl_axis_size(c, info->cols);

		if (!info->layer || !fl_role_is_matrix(r))
			continue;
		for (int l = 0; l < c->layers; l++)
			if (!info->attention || c->pattern[l] != 's')
				sum += each;
	}
	return sum;
}

/* The keys that the tokens at positions first .. last-1 of a layer see, all together: each sees one more
 * than the one before it, until the window is full. */
static uint64_t
seen(uint64_t first, uint64_t last, uint64_t window)
{
	uint64_t full = last < window ? last : window;

	if (first >= full)
		return (last - first) * window;
	return (first + 1 + full) * (full - first) / 2 + (last - full) * window;
}

uint64_t
fl_cost_attention(const struct fl_config *c, size_t first, size_t last)
{
	uint64_t a_key = 4 * (uint64_t)c->heads * (uint64_t)c->head_dim, keys = 0;

	for (int l = 0; l < c->layers; l++)
		if (c->pattern[l] != 's')
			keys += seen(first, last, c->pattern[l] == 'w' ? (uint64_t)c->window : UINT64_MAX);
	return a_key * keys;
}

uint64_t
fl_cost_head(const struct fl_config *c)
{
	return 2 * (uint64_t)c->width * (uint64_t)c->vocab;
}

uint64_t
fl_cost_prefill(const struct fl_config *c, size_t n)
{
	return n * fl_cost_linear(c) + fl_cost_attention(c, 0, n) + fl_cost_head(c);
}

uint64_t
fl_cost_decode(const struct fl_config *c, size_t depth)
{
	return fl_cost_linear(c) + fl_cost_attention(c, depth, depth + 1) + fl_cost_head(c);
}
