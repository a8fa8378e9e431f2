/* SPDX-License-Identifier: Apache-2.0 */
/* alloc.h -- memory that is there or the program ends.
 *
 * Exhaustion prints one line with the number of bytes, and what they were for where `what` says it,
 * and exits with FL_EXIT_SYSTEM: one of the few places where the library may do so. Sizes that come
 * from input must be bounded by the caller first. Everything is released with free(). */
#ifndef FL_BASE_ALLOC_H
#define FL_BASE_ALLOC_H

#include <stddef.h>

void *fl_alloc(size_t count, size_t size);		  /* zeroed; count * size may be 0 */
void *fl_realloc(void *old, size_t count, size_t size); /* contents kept, growth not zeroed */
char *fl_strdup(const char *s);
char *fl_strndup(const char *s, size_t n);	  /* exactly n bytes of s, and a NUL */

/* Zeroed, on a 64-byte boundary: for what is large, "the weights". */
void *fl_alloc_aligned(size_t count, size_t size, const char *what);

/* As fl_alloc_aligned(), but not zeroed, and in large pages where the system has them: for what is read from end to
 * end over and over. */
void *fl_alloc_large(size_t size, const char *what);

/* The same end for memory that another library could not get. */
_Noreturn void fl_no_memory(const char *what);

/* Room for at least `need` elements of `size` bytes: returns old, or a larger block, and updates
 * *cap. Capacity doubles, so appending is linear. */
void *fl_grow(void *old, size_t *cap, size_t need, size_t size);

/* a * b, a + b: 0, or -1 on overflow with *out untouched. For sizes read from files. */
int fl_size_mul(size_t a, size_t b, size_t *out);
int fl_size_add(size_t a, size_t b, size_t *out);

#endif
