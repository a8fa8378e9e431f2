/* SPDX-License-Identifier: Apache-2.0 */
#include "io/zst.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/alloc.h"

/* 2^27: a window that zstd's own tool accepts without being asked; what needs more is refused. */
enum { LEVEL = 3, WINDOW_LOG = 27 };

struct fl_unzst {
	ZSTD_DStream *s;
	char *out;
	size_t cap, hint; /* hint: 0 after a frame was decoded and flushed whole */
};

bool
fl_zst_begins(const void *four)
{
	const unsigned char *p = four;

	return (p[0] == 0x28 && p[1] == 0xb5 && p[2] == 0x2f && p[3] == 0xfd) ||
	       (p[0] >> 4 == 5 && p[1] == 0x2a && p[2] == 0x4d && p[3] == 0x18);
}

struct fl_unzst *
fl_unzst_new(void)
{
	struct fl_unzst *z = fl_alloc(1, sizeof *z);

	z->s = ZSTD_createDStream();
	if (!z->s)
		fl_no_memory("a zstd decoder");
	if (ZSTD_isError(ZSTD_DCtx_setParameter(z->s, ZSTD_d_windowLogMax, WINDOW_LOG)))
		fl_bug("cannot make a zstd decoder");
	z->cap = ZSTD_DStreamOutSize();
	z->out = fl_alloc(z->cap, 1);
	return z;
}

void
fl_unzst_free(struct fl_unzst *z)
{
	if (!z)
		return;
	ZSTD_freeDStream(z->s);
	free(z->out);
	free(z);
}

const char *
fl_unzst_run(struct fl_unzst *z, const char **p, size_t *n, const void **out, size_t *size)
{
	ZSTD_inBuffer in = { *p, *n, 0 };
	ZSTD_outBuffer to = { z->out, z->cap, 0 };

	/* Called again on no input, the decoder would take a complete frame for the start of one. */
	while (to.pos == 0 && (in.pos < in.size || z->hint != 0)) {
		size_t before = in.pos;

		z->hint = ZSTD_decompressStream(z->s, &to, &in);
		if (ZSTD_isError(z->hint))
			return ZSTD_getErrorName(z->hint);
		if (in.pos == before && to.pos == 0)
			break;
	}
	*p += in.pos;
	*n -= in.pos;
	*out = z->out;
	*size = to.pos;
	return NULL;
}

bool
fl_unzst_complete(const struct fl_unzst *z)
{
	return z->hint == 0;
}

struct fl_zst {
	ZSTD_CStream *s;
	fl_zst_push *push;
	void *ctx;
	char *out;
	size_t cap;
};

struct fl_zst *
fl_zst_new(fl_zst_push *push, void *ctx)
{
	struct fl_zst *z = fl_alloc(1, sizeof *z);

	z->s = ZSTD_createCStream();
	if (!z->s)
		fl_no_memory("a zstd encoder");
	if (ZSTD_isError(ZSTD_CCtx_setParameter(z->s, ZSTD_c_compressionLevel, LEVEL)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(z->s, ZSTD_c_checksumFlag, 1)))
		fl_bug("cannot make a zstd encoder");
	z->push = push;
	z->ctx = ctx;
	z->cap = ZSTD_CStreamOutSize();
	z->out = fl_alloc(z->cap, 1);
	return z;
}

static int
compress(struct fl_zst *z, const void *data, size_t n, ZSTD_EndDirective how, struct fl_err *err)
{
	ZSTD_inBuffer in = { data, n, 0 };
	size_t left;

	do {
		ZSTD_outBuffer to = { z->out, z->cap, 0 };

		left = ZSTD_compressStream2(z->s, &to, &in, how);
		if (ZSTD_isError(left))
			fl_bug("zstd encoder: %s", ZSTD_getErrorName(left));
		if (to.pos > 0 && z->push(z->ctx, z->out, to.pos, err) < 0)
			return -1;
	} while (how == ZSTD_e_end ? left > 0 : in.pos < in.size);
	return 0;
}

int
fl_zst_put(struct fl_zst *z, const void *data, size_t n, struct fl_err *err)
{
	return compress(z, data, n, ZSTD_e_continue, err);
}

int
fl_zst_finish(struct fl_zst *z, struct fl_err *err)
{
	return compress(z, NULL, 0, ZSTD_e_end, err);
}

void
fl_zst_free(struct fl_zst *z)
{
	if (!z)
		return;
	ZSTD_freeCStream(z->s);
	free(z->out);
	free(z);
}
