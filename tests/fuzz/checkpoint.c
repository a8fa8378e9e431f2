/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes, as a file and as a pipe: read to a clean end, or refused as bad input with a reason. */
#include "base/log.h"
#include "io/checkpoint.h"
#include "drain.h"
#include "fuzz.h"

static void
read_from(const uint8_t *data, size_t size, bool as_pipe)
{
	struct fl_err err = { 0 };
	char path[FUZZ_PATH];
	struct fl_reader *r;
	int fd;

	r = fl_reader_open(fuzz_open(data, size, as_pipe, &fd, path), &err);
	fuzz_check(r && fuzz_drain(r, &err) == 0, &err);
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
