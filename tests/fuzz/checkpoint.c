/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes, as a file and as a pipe: read to a clean end, or refused as bad input with a reason. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "io/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
read_fd(int fd)
{
	struct fl_err err = { 0 };
	struct fl_reader *r;
	char path[32];
	int got;

	snprintf(path, sizeof path, "/dev/fd/%d", fd);
	r = fl_reader_open(path, &err);
	got = r ? drain(r, &err) : -1;
	if (got < 0 ? err.code != FL_EXIT_DATA || !*err.text : err.code != FL_EXIT_OK)
		abort();
	fl_reader_close(r);
	close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int file = memfd_create("input", MFD_CLOEXEC), ends[2];

	fl_log_init("fuzz", -1);
	if (size > 32 << 10) /* more may not fit into a pipe at once */
		size = 32 << 10;
	if (file < 0 || write(file, data, size) != (ssize_t)size)
		abort();
	read_fd(file);
	if (pipe(ends) < 0 || write(ends[1], data, size) != (ssize_t)size)
		abort();
	close(ends[1]);
	read_fd(ends[0]);
	return 0;
}
