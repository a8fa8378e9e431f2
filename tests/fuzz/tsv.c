/* SPDX-License-Identifier: Apache-2.0 */
/* A table that is read has a name for each column and text in each cell. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/tsv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_err err = { 0 };
	struct fl_tsv *t;
	int fd = memfd_create("table", 0);
	char path[64];
	size_t n = 0;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	t = fl_tsv_read(path, &err);
	close(fd);
	if (!t && err.code != FL_EXIT_DATA)
		abort();
	for (size_t i = 0; t && i < t->rows; i++)
		for (size_t j = 0; j < t->columns; j++)
			n += strlen(t->name[j]) + strlen(fl_tsv_cell(t, i, j));
	if (n > (size + 1) * (t ? t->rows + 1 : 1))
		abort();
	fl_tsv_free(t);
	return 0;
}
