/* SPDX-License-Identifier: Apache-2.0 */
#include "io/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "io/zst.h"

enum { BUFFER = 1 << 20, PIPE = 512 << 10 };

struct fl_input {
	int fd;
	const char *what;
	char *buffer;
	const char *p; /* what of it is not used yet */
	size_t n;
	struct fl_unzst *zst;
	bool looked; /* whether the first bytes have shown what this is */
};

struct fl_input *
fl_input_open(int fd, const char *what)
{
	struct fl_input *in = fl_alloc(1, sizeof *in);

	in->fd = fd;
	in->what = what;
	in->buffer = fl_alloc(BUFFER, 1);
	/* A wider pipe, where it is one and the system allows it: its two ends take turns less often. */
	fcntl(fd, F_SETPIPE_SZ, PIPE);
	return in;
}

void
fl_input_close(struct fl_input *in)
{
	if (!in)
		return;
	if (in->fd != STDIN_FILENO)
		close(in->fd);
	fl_unzst_free(in->zst);
	free(in->buffer);
	free(in);
}

/* At least `least` bytes into the buffer, fewer only at the end. */
static int
fill(struct fl_input *in, size_t least, struct fl_err *err)
{
	in->p = in->buffer;
	in->n = 0;
	while (in->n < least) {
		ssize_t k = read(in->fd, in->buffer + in->n, BUFFER - in->n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return fl_err_sys(err, "cannot read '%s'", in->what);
		if (k == 0)
			break;
		in->n += (size_t)k;
	}
	return 0;
}

static int
look(struct fl_input *in, struct fl_err *err)
{
	if (fill(in, FL_ZST_MAGIC, err) < 0)
		return -1;
	if (in->n >= FL_ZST_MAGIC && fl_zst_begins(in->p))
		in->zst = fl_unzst_new();
	in->looked = true;
	return 0;
}

static int
pull_zst(struct fl_input *in, const void **data, size_t *n, struct fl_err *err)
{
	const char *wrong;

	for (;;) {
		wrong = fl_unzst_run(in->zst, &in->p, &in->n, data, n);
		if (wrong)
			return fl_err_data(err, "'%s' is damaged: zstd: %s", in->what, wrong);
		if (*n > 0)
			return 0;
		if (fill(in, 1, err) < 0)
			return -1;
		if (in->n == 0)
			break;
	}
	if (!fl_unzst_complete(in->zst))
		return fl_err_data(err, "'%s' ends early", in->what);
	return 0;
}

int
fl_input_pull(void *ctx, const void **data, size_t *n, struct fl_err *err)
{
	struct fl_input *in = ctx;

	if (!in->looked && look(in, err) < 0)
		return -1;
	if (in->zst)
		return pull_zst(in, data, n, err);
	if (in->n == 0 && fill(in, 1, err) < 0)
		return -1;
	*data = in->p;
	*n = in->n;
	in->n = 0;
	return 0;
}
