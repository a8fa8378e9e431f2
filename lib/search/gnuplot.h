/* SPDX-License-Identifier: Apache-2.0 */
/* gnuplot.h -- runs the gnuplot on PATH. */
#ifndef FL_SEARCH_GNUPLOT_H
#define FL_SEARCH_GNUPLOT_H

#include "base/err.h"
#include "base/str.h"

/* Appends to *image what the script draws on standard output. -1 with err set (class SYSTEM) where
 * gnuplot is missing or fails; what it says goes to standard error. */
int fl_gnuplot(const struct fl_str *script, struct fl_str *image, struct fl_err *err) FL_MUST_USE;

#endif
