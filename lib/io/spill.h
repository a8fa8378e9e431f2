/* SPDX-License-Identifier: Apache-2.0 */
/* spill.h -- a temporary file for what does not fit into memory. */
#ifndef FL_IO_SPILL_H
#define FL_IO_SPILL_H

#include <stdio.h>

#include "base/err.h"

/* Open for reading and writing, in $TMPDIR, or /tmp if that is unset. It has no name, so it goes with
 * the last fclose() or with the process, however that ends. */
FILE *fl_spill(struct fl_err *err) FL_MUST_USE;

#endif
