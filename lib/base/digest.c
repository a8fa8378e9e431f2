/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"

#include <stdio.h>
#include <xxhash.h>

#include "base/alloc.h"

/* struct fl_digest is xxhash's state under our name. */

struct fl_digest *
fl_digest_new(void)
{
	XXH3_state_t *s = XXH3_createState();

	if (!s)
		fl_no_memory("a digest");
	XXH3_128bits_reset(s);
	return (struct fl_digest *)s;
}

void
fl_digest_free(struct fl_digest *d)
{
	XXH3_freeState((XXH3_state_t *)d);
}

void
fl_digest_add(struct fl_digest *d, const void *bytes, size_t n)
{
	if (n)
		XXH3_128bits_update((XXH3_state_t *)d, bytes, n);
}

char *
fl_digest_hex(const struct fl_digest *d, char hex[FL_DIGEST_LEN])
{
	XXH128_hash_t h = XXH3_128bits_digest((const XXH3_state_t *)d);

	snprintf(hex, FL_DIGEST_LEN, "%016llx%016llx", (unsigned long long)h.high64,
	    (unsigned long long)h.low64);
	return hex;
}

uint64_t
fl_hash(const void *bytes, size_t n, uint64_t seed)
{
	return XXH3_64bits_withSeed(bytes, n, seed);
}
