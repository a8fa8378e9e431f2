/* SPDX-License-Identifier: Apache-2.0 */
/* archset.h -- architectures by name, each once, in the order they came.
 *
 * Zero-initialise. An architecture has one name (fl_arch_format()), so equal names are equal architectures. */
#ifndef FL_SEARCH_ARCHSET_H
#define FL_SEARCH_ARCHSET_H

#include <stddef.h>

#include "search/index.h"

struct fl_archset {
	size_t n, cap;
	char **name; /* [n], owned */
	struct fl_index index;
};

/* The place of `arch` in the set; it is appended, at the old n, if it was not there. */
size_t fl_archset_add(struct fl_archset *s, const char *arch);
void fl_archset_free(struct fl_archset *s);

#endif
