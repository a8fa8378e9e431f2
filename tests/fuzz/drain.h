/* SPDX-License-Identifier: Apache-2.0 */
/* drain.h -- a checkpoint read to its end, for the targets that make one of their input. */
#ifndef TESTS_FUZZ_DRAIN_H
#define TESTS_FUZZ_DRAIN_H

#include "io/checkpoint.h"

/* Takes every other tensor, skips the rest. */
static inline int
fuzz_drain(struct fl_reader *r, struct fl_err *err)
{
	struct fl_item item;
	int got, turn = 0;

	while ((got = fl_reader_next(r, &item, err)) > 0)
		if (item.kind == FL_ITEM_TENSOR && turn++ % 2 == 0 &&
		    !fl_reader_take(r, item.tensor->size, err))
			return -1;
	return got;
}

#endif
