/* SPDX-License-Identifier: Apache-2.0 */
/* io/tar.h and io/zst.h where there is neither libarchive nor libzstd: archives are refused, and what is compressed
 * looks like one. Nothing is written. */
#ifdef FL_PORTABLE
#include <stdlib.h>

#include "base/alloc.h"
#include "io/tar.h"
#include "io/zst.h"

struct fl_tar {
	const char *what;
};

struct fl_tar *
fl_tar_open(fl_tar_pull *pull, void *ctx, const char *what)
{
	struct fl_tar *t = fl_alloc(1, sizeof *t);

	(void)pull;
	(void)ctx;
	t->what = what;
	return t;
}

void
fl_tar_close(struct fl_tar *t)
{
	free(t);
}

int
fl_tar_next(struct fl_tar *t, struct fl_tar_member *m, struct fl_err *err)
{
	(void)m;
	return fl_err_data(err, "'%s' is no directory: this program reads no archives", t->what);
}

int
fl_tar_data(struct fl_tar *t, const void **data, size_t *n, struct fl_err *err)
{
	(void)data;
	(void)n;
	return fl_tar_next(t, NULL, err);
}

bool
fl_zst_begins(const void *four)
{
	(void)four;
	return false;
}

struct fl_unzst *
fl_unzst_new(void)
{
	return NULL;
}

void
fl_unzst_free(struct fl_unzst *z)
{
	(void)z;
}

const char *
fl_unzst_run(struct fl_unzst *z, const char **p, size_t *n, const void **out, size_t *size)
{
	(void)z;
	(void)p;
	(void)n;
	(void)out;
	(void)size;
	return "this program reads nothing that is compressed";
}

bool
fl_unzst_complete(const struct fl_unzst *z)
{
	(void)z;
	return false;
}
#endif
