/* SPDX-License-Identifier: Apache-2.0 */
/* base/digest.h where there is no xxhash: nothing is digested, and every digest is zeros. A program built so neither
 * writes checkpoints nor compares them, and draws its random weights from other seeds. */
#ifdef FL_PORTABLE
#include "base/digest.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

struct fl_digest *
fl_digest_new(void)
{
	return fl_alloc(1, 1);
}

void
fl_digest_free(struct fl_digest *d)
{
	free(d);
}

void
fl_digest_add(struct fl_digest *d, const void *bytes, size_t n)
{
	(void)d;
	(void)bytes;
	(void)n;
}

char *
fl_digest_hex(const struct fl_digest *d, char hex[FL_DIGEST_LEN])
{
	(void)d;
	memset(hex, '0', FL_DIGEST_LEN - 1);
	hex[FL_DIGEST_LEN - 1] = '\0';
	return hex;
}

/* FNV-1a. */
uint64_t
fl_hash(const void *bytes, size_t n, uint64_t seed)
{
	const unsigned char *p = bytes;
	uint64_t h = 0xcbf29ce484222325 ^ seed;

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * 0x100000001b3;
	return h;
}
#endif
