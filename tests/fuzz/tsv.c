/* SPDX-License-Identifier: Apache-2.0 */
/* A table that is read has a name for each column and text in each cell. */
#include "base/tsv.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_err err = { 0 };
	char path[FUZZ_PATH];
	struct fl_tsv *t;
	size_t n = 0;
	int fd;

	t = fl_tsv_read(fuzz_open(data, size, false, &fd, path), &err);
	close(fd);
	fuzz_check(t != NULL, &err);
	for (size_t i = 0; t && i < t->rows; i++)
		for (size_t j = 0; j < t->columns; j++)
			n += strlen(t->name[j]) + strlen(fl_tsv_cell(t, i, j));
	if (n > (size + 1) * (t ? t->rows + 1 : 1))
		abort();
	fl_tsv_free(t);
	return 0;
}
