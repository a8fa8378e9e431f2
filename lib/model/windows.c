/* SPDX-License-Identifier: Apache-2.0 */
#include "model/windows.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* Rows of a batch: enough for matrix products to run at full speed, few enough to fit in memory. */
enum { BATCH_ROWS = 2048, CONTEXT = 2048 };

static size_t
front(const struct fl_windows *w)
{
	return w->bos >= 0;
}

size_t
fl_windows_context(const struct fl_config *c, int context)
{
	return context ? (size_t)context : c->context < CONTEXT ? (size_t)c->context : CONTEXT;
}

int
fl_windows_init(struct fl_windows *w, const struct fl_config *c, int context, int stride, long bos,
    struct fl_err *err)
{
	w->context = fl_windows_context(c, context);
	w->bos = bos;
	w->stride = stride ? (size_t)stride : w->context - front(w);
	if (w->context < front(w) + 1)
		return fl_err_data(err, "a context of %zu has no room for a token beside BOS", w->context);
	if (w->stride > w->context - front(w))
		return fl_err_usage(err, "a stride of %zu would leave out tokens between windows of %zu",
		    w->stride, w->context - front(w));
	if (w->skip >= w->context)
		return fl_err_usage(err, "to skip %zu tokens leaves none of a window of %zu", w->skip,
		    w->context);
	if (w->n + front(w) < (w->skip > 1 ? w->skip : 1) + 1)
		return fl_err_data(err, "%zu tokens are too few to predict one", w->n);
	return 0;
}

size_t
fl_windows_count(const struct fl_windows *w)
{
	size_t own = w->context - front(w), count;

	if (w->n <= own)
		return 1;
	count = 1 + (w->n - own + w->stride - 1) / w->stride;
	return w->n - (count - 1) * w->stride + front(w) < 2 ? count - 1 : count;
}

struct fl_window
fl_windows_at(const struct fl_windows *w, size_t i)
{
	size_t own = w->context - front(w), start = i * w->stride;
	size_t length = (w->n - start < own ? w->n - start : own) + front(w);
	size_t seen = i ? own - w->stride + front(w) : 0;

	if (seen < w->skip)
		seen = w->skip;
	return (struct fl_window){ start, length, seen > 1 ? seen : 1 };
}

size_t
fl_windows_rows(const struct fl_windows *w)
{
	return w->context < BATCH_ROWS ? BATCH_ROWS / w->context * w->context : w->context;
}

void
fl_batch_free(struct fl_batch *b)
{
	free(b->id);
	*b = (struct fl_batch){ 0 };
}

static void
copy_window(const struct fl_windows *w, const struct fl_window *at, uint32_t *out)
{
	if (w->bos >= 0)
		*out++ = (uint32_t)w->bos;
	memcpy(out, w->id + at->start, (at->length - front(w)) * sizeof *out);
}

bool
fl_windows_next(const struct fl_windows *w, size_t count, struct fl_batch *b)
{
	size_t most = fl_windows_rows(w) / w->context;
	struct fl_window at;

	if (!b->id)
		b->id = fl_alloc(fl_windows_rows(w), sizeof *b->id);
	b->first += b->windows;
	b->windows = 0;
	for (size_t i = b->first; i < count && b->windows < most; i++, b->windows++) {
		at = fl_windows_at(w, i);
		if (b->windows && at.length != b->length)
			break;
		b->length = at.length;
		copy_window(w, &at, b->id + b->windows * b->length);
	}
	if (!b->windows)
		fl_batch_free(b);
	return b->windows > 0;
}
