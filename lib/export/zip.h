/* SPDX-License-Identifier: Apache-2.0 */
/* zip.h -- a ZIP archive of uncompressed members whose data is aligned, written as a stream.
 *
 * PKWARE's APPNOTE.TXT 6.3.10; what is above 4 GiB in ZIP64. Times are 1980-01-01, so equal members give equal
 * bytes. */
#ifndef FL_EXPORT_ZIP_H
#define FL_EXPORT_ZIP_H

#include <stddef.h>
#include <stdint.h>

#include "io/output.h"

struct fl_zip;

struct fl_zip *fl_zip_new(struct fl_output *out); /* out must outlive it */
void fl_zip_free(struct fl_zip *z);		  /* NULL is fine */

/* Begins a member of `size` bytes at a multiple of `align`, a power of two up to 4096; then they follow in
 * pieces of any size. */
int fl_zip_member(struct fl_zip *z, const char *name, uint64_t size, size_t align, struct fl_err *err)
    FL_MUST_USE;
int fl_zip_put(struct fl_zip *z, const void *data, size_t n, struct fl_err *err) FL_MUST_USE;

/* The directory, after the last byte of the last member. */
int fl_zip_end(struct fl_zip *z, struct fl_err *err) FL_MUST_USE;

#endif
