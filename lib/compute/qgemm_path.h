/* SPDX-License-Identifier: Apache-2.0 */
/* qgemm_path.h -- weights that come from memory are fetched ahead of their use, from where the machine's own
 * prefetching, which stops at each page, does not know to look. Included by files that include qgemm_walk.h. */
#ifndef FL_COMPUTE_QGEMM_PATH_H
#define FL_COMPUTE_QGEMM_PATH_H

#include <stddef.h>

/* What one thread reads: panels up to `end`, and `after` them those of its next tile. */
struct path {
	const unsigned char *end, *after;
};

/* `size` bytes at p are about to be used. */
static inline __attribute__((always_inline)) void
fetch(const struct path *path, const unsigned char *p, size_t size)
{
	enum { AHEAD = 8192, LINE = 64 };
	size_t left = (size_t)(path->end - p);

	p = left > AHEAD ? p + AHEAD : path->after + (AHEAD - left);
	for (size_t line = 0; line < size; line += LINE)
		__builtin_prefetch(p + line);
}

#endif
