/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes, as a file and as a pipe: read to a clean end, or refused as bad input with a reason. */
#include "base/log.h"
#include "io/checkpoint.h"
#include "fuzz.h"

/* Takes every other tensor, skips the rest. */
static int
drain(struct fl_reader *r, struct fl_err *err)
{
	struct fl_item item;
	int got, turn = 0;

	while ((got = fl_reader_next(r, &item, err)) > 0)
		if (item.kind == FL_ITEM_TENSOR && turn++ % 2 == 0 &&
		    !fl_reader_take(r, item.tensor->size, err))
			return -1;
	return got;
}

static void
read_from(const uint8_t *data, size_t size, bool as_pipe)
{
	struct fl_err err = { 0 };
	char path[FUZZ_PATH];
	struct fl_reader *r;
	int fd;

	r = fl_reader_open(fuzz_open(data, size, as_pipe, &fd, path), &err);
	fuzz_check(r && drain(r, &err) == 0, &err);
	fl_reader_close(r);
	close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fl_log_init("fuzz", -1);
	read_from(data, size, false);
	read_from(data, size, true);
	return 0;
}
