/* SPDX-License-Identifier: Apache-2.0 */
/* spill.h -- temporary files for what does not fit into memory, in fl_spill_dir(). They have no name, so they go with
 * the process, however that ends. */
#ifndef FL_IO_SPILL_H
#define FL_IO_SPILL_H

#include <stddef.h>
#include <stdio.h>

#include "base/err.h"

const char *fl_spill_dir(void); /* $TMPDIR, or /tmp if that is unset */

/* Open for reading and writing; gone with the last fclose(). */
FILE *fl_spill(struct fl_err *err) FL_MUST_USE;

/* size > 0 bytes of zeros, mapped, for which the disk has room: to be used like memory, of which it takes none
 * once fl_pages_done() was said of it. Gone with munmap(). */
void *fl_spill_map(size_t size, struct fl_err *err) FL_MUST_USE;

#endif
