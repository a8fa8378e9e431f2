/* SPDX-License-Identifier: Apache-2.0 */
/* A zstd stream that is whole gives the same bytes at once and in small pieces, and what is written
 * is read again. (Of a frame that says a size and has none libzstd 1.5 sees the lie only in one
 * piece.) */
#include "io/zst.h"
#include "fuzz.h"

enum { ENOUGH = 1 << 17 }; /* of a bomb */

/* 1: a whole number of frames; 0: it ends early or there is more than enough; -1: damaged. */
static int
decode(const char *data, size_t size, size_t piece, struct fl_str *out)
{
	struct fl_unzst *z = fl_unzst_new();
	const char *wrong = NULL;
	int rc;

	while (size > 0 && !wrong && out->len < ENOUGH) {
		size_t n = size < piece ? size : piece;
		const void *p;
		size_t got = 1;

		size -= n;
		while (!wrong && got > 0 && out->len < ENOUGH) {
			wrong = fl_unzst_run(z, &data, &n, &p, &got);
			if (!wrong && got == 0 && n > 0)
				abort();
			if (!wrong)
				fl_str_add(out, p, got);
		}
	}
	rc = wrong ? -1 : out->len < ENOUGH && fl_unzst_complete(z);
	fl_unzst_free(z);
	return rc;
}

static void
round_trip(const uint8_t *data, size_t size)
{
	struct fl_str packed = { 0 }, back = { 0 };
	struct fl_zst *z = fl_zst_new(fuzz_push, &packed);
	struct fl_err err = { 0 };

	if (fl_zst_put(z, data, size, &err) < 0 || fl_zst_finish(z, &err) < 0 ||
	    decode(packed.data, packed.len, 100, &back) != 1 || back.len != size ||
	    (size && memcmp(back.data, data, size) != 0))
		abort();
	fl_zst_free(z);
	fl_str_free(&packed);
	fl_str_free(&back);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_str whole = { 0 }, pieces = { 0 };
	bool ok = decode((const char *)data, size, size + 1, &whole) == 1;

	if (decode((const char *)data, size, 1 + size % 13, &pieces) != 1 && ok)
		abort();
	if (ok &&
	    (whole.len != pieces.len || (whole.len && memcmp(whole.data, pieces.data, whole.len))))
		abort();
	if (size % 8 == 0) /* the encoder takes long to set up */
		round_trip(data, size);
	fl_str_free(&whole);
	fl_str_free(&pieces);
	return 0;
}
