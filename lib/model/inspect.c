/* SPDX-License-Identifier: Apache-2.0 */
#include "model/inspect.h"

#include <string.h>

#include "base/progress.h"
#include "model/roles.h"

const char *
fl_group_name(enum fl_group g)
{
	static const char *const names[FL_GROUPS] = { "embedding", "attention", "ffn", "norms", "head" };

	return names[g];
}

static enum fl_group
group_of(enum fl_role role)
{
	if (role == FL_EMBED)
		return FL_IN_EMBED;
	if (role == FL_HEAD)
		return FL_IN_HEAD;
	if (fl_role_is_norm(role))
		return FL_IN_NORMS;
	return fl_roles[role].attention ? FL_IN_ATTENTION : FL_IN_FFN;
}

/* Index of the first element that is infinite or no number; n if there is none. */
static size_t
first_bad(const void *data, enum fl_dtype t, size_t n)
{
	/* All ones in the exponent, seen in the upper 16 bits of an element. */
	const unsigned char *p = data;
	size_t size = fl_dtype_size(t);
	uint16_t mask = t == FL_F16 ? 0x7c00 : 0x7f80, top;

	for (size_t i = 0; i < n; i++) {
		memcpy(&top, p + (i + 1) * size - 2, 2);
		if ((top & mask) == mask)
			return i;
	}
	return n;
}

static int
check_values(struct fl_reader *r, const struct fl_tensor *t, struct fl_err *err)
{
	enum { BLOCK = 1 << 20 };
	size_t size = fl_dtype_size(t->dtype), all = t->size / size;

	if (!fl_dtype_is_weight(t->dtype))
		return 0;
	for (size_t done = 0; done < all;) {
		size_t n = all - done < BLOCK ? all - done : BLOCK, bad;
		const void *data = fl_reader_take(r, n * size, err);

		if (!data)
			return -1;
		bad = first_bad(data, t->dtype, n);
		if (bad < n)
			return fl_err_data(err, "'%s': element %zu of '%s' is not finite",
			    fl_reader_name(r), done + bad, t->name);
		done += n;
		fl_progress_add(n * size);
	}
	return 0;
}

static int
count(struct fl_inventory *inv, const struct fl_item *file, struct fl_inspection *out,
    struct fl_err *err)
{
	size_t index;

	for (size_t i = 0; i < file->n; i++) {
		const struct fl_tensor *t = &file->tensor[i];
		int got = fl_inventory_tick(inv, t, &index, err);

		if (got < 0)
			return -1;
		if (!got)
			continue;
		out->tensors++;
		out->bytes += t->size;
		out->dtype_bytes[t->dtype] += t->size;
		out->group_bytes[group_of(inv->weight[index].role)] += t->size;
	}
	return 0;
}

static void
keep(struct fl_inspection *out, const struct fl_item *member)
{
	for (int i = 0; i < FL_TOKENIZER_FILES; i++)
		if (strcmp(member->name, fl_tokenizer_file[i]) == 0)
			fl_str_add(&out->tokenizer[i], member->data, member->size);
}

void
fl_inspection_free(struct fl_inspection *in)
{
	for (int i = 0; i < FL_TOKENIZER_FILES; i++)
		fl_str_free(&in->tokenizer[i]);
}

int
fl_inspect(struct fl_reader *r, const struct fl_config *c, bool values, struct fl_inspection *out,
    struct fl_err *err)
{
	struct fl_inventory *inv = fl_inventory_new(c, fl_reader_name(r));
	struct fl_item item;
	int got;

	*out = (struct fl_inspection){ 0 };
	fl_progress_begin("checking", "B", 0);
	while ((got = fl_reader_next(r, &item, err)) > 0) {
		if (item.kind == FL_ITEM_WEIGHTS)
			got = count(inv, &item, out, err);
		else if (item.kind == FL_ITEM_TENSOR && values)
			got = check_values(r, item.tensor, err);
		else if (item.kind == FL_ITEM_MEMBER)
			keep(out, &item);
		if (got < 0)
			break;
	}
	fl_progress_end();
	if (got == 0)
		got = fl_inventory_done(inv, r, err);
	fl_inventory_free(inv);
	return got;
}
