/* SPDX-License-Identifier: Apache-2.0 */
/* file.h -- all bytes of a file: mapped if it is a plain one, so that a large one takes no memory of the
 * process, else read. */
#ifndef FL_BASE_FILE_H
#define FL_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct fl_file {
	const char *data;
	size_t size;
	bool mapped; /* nobody else may shorten the file meanwhile */
};

/* The first bytes of a plain file, at most n: how many. None, 0, of anything else, which would not survive being opened
 * twice; -1 with err set where it cannot be read. NULL is standard input, too. */
int fl_file_peek(const char *path, void *first, size_t n, struct fl_err *err) FL_MUST_USE;

/* path "-" is standard input. What cannot be mapped may have at most limit bytes. */
int fl_file_open(struct fl_file *f, const char *path, size_t limit, struct fl_err *err) FL_MUST_USE;
/* n bytes at p are done with: the memory of a mapped file is given back, and mapped again should it be read. */
void fl_file_done(const struct fl_file *f, const void *p, size_t n);
/* The same of any mapped file. */
void fl_pages_done(const void *p, size_t n);
void fl_file_close(struct fl_file *f); /* a zeroed one, or one that did not open, is fine */

#endif
