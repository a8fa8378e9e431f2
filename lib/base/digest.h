/* SPDX-License-Identifier: Apache-2.0 */
/* digest.h -- XXH3-128 of a byte stream: equality of data, no protection against forgery. */
#ifndef FL_BASE_DIGEST_H
#define FL_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

struct fl_digest; /* running state */

struct fl_digest *fl_digest_new(void); /* the caller frees with fl_digest_free() */
void fl_digest_free(struct fl_digest *d);
void fl_digest_add(struct fl_digest *d, const void *bytes, size_t n);

/* 32 lower-case hexadecimal digits, the canonical (big-endian) order; the state can go on. */
#define FL_DIGEST_LEN 33
char *fl_digest_hex(const struct fl_digest *d, char hex[FL_DIGEST_LEN]);

/* 64 bits of one buffer, for hash tables and seeds. */
uint64_t fl_hash(const void *bytes, size_t n, uint64_t seed);

#endif
