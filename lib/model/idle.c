/* SPDX-License-Identifier: Apache-2.0 */
#include "model/idle.h"

#include <stdint.h>
#include <string.h>

bool
fl_idle_is(const struct fl_config *in, const struct fl_config *out, const struct fl_weight *w)
{
	return out->layers == in->layers && w->layer >= 0 && fl_roles[w->role].attention &&
	    in->pattern[w->layer] == 's';
}

/* What the tensor is made of: one element, or the two of a shape. Returns its bytes. */
static size_t
element(const struct fl_config *c, const struct fl_weight *w, void *to)
{
	const int64_t shape[2] = { (int64_t)fl_axis_size(c, fl_roles[w->role].rows),
		(int64_t)fl_axis_size(c, fl_roles[w->role].cols) };
	const float value = fl_role_is_norm(w->role);
	const uint16_t one = 0x3f80; /* as bf16 */

	switch (w->part) {
	case FL_PART_WEIGHT: fl_dtype_from_f32(to, w->tensor.dtype, &value, 1); break;
	case FL_PART_PACKED: /* zero plus 8, or 128, in every place of the word */
		memset(to, fl_weight_bits(c, w->role, w->layer) == 4 ? 0x88 : 0x80, 4);
		break;
	case FL_PART_SCALE: memcpy(to, &one, sizeof one); break;
	case FL_PART_SHAPE: memcpy(to, shape, sizeof shape); return sizeof shape;
	}
	return fl_dtype_size(w->tensor.dtype);
}

int
fl_idle_put(const struct fl_config *c, const struct fl_weight *w, struct fl_writer *out,
    struct fl_err *err)
{
	char all[1 << 14];
	size_t size = element(c, w, all), left = w->tensor.size;

	for (size_t i = size; i < sizeof all; i += size)
		memcpy(all + i, all, size);
	for (size_t n; left > 0; left -= n) {
		n = left < sizeof all ? left : sizeof all;
		if (fl_writer_put(out, all, n, err) < 0)
			return -1;
	}
	return 0;
}
