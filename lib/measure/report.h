/* SPDX-License-Identifier: Apache-2.0 */
/* report.h -- measurements as the columns of a row, fl-table(5). */
#ifndef FL_MEASURE_REPORT_H
#define FL_MEASURE_REPORT_H

#include "base/tsv.h"
#include "measure/native.h"

enum { FL_REPORT_NAME = 64 }; /* bytes of a name, at most */

/* X, X_sd and X_n. */
void fl_report_repeats(struct fl_row *row, const char *name, const struct fl_repeats *r);

/* What the lengths take on paper: ttft_N_flop and decode_N_flop. */
void fl_report_flop(struct fl_row *row, const struct fl_config *c, const struct fl_measure_opts *o);

/* All columns of a native measurement. */
void fl_report_native(const struct fl_model *m, const struct fl_measure_opts *o, const struct fl_measured *x,
    struct fl_row *row);

#endif
