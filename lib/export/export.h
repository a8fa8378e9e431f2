/* SPDX-License-Identifier: Apache-2.0 */
/* export.h -- a model as the file that another program runs.
 *
 * A target is one row of a table: what it cannot express, it refuses by name before a byte is
 * written (class FL_EXIT_NO), so that nobody runs a file that computes something else. */
#ifndef FL_EXPORT_EXPORT_H
#define FL_EXPORT_EXPORT_H

#include "base/err.h"
#include "model/config.h"
#include "model/weights.h"

/* How weight matrices are stored: as they are, or all of them in one type. */
enum fl_export_type {
	FL_EXPORT_AUTO,
	FL_EXPORT_F32,
	FL_EXPORT_F16,
	FL_EXPORT_BF16,
	FL_EXPORT_Q8_0,
	FL_EXPORT_Q4_0,
	FL_EXPORT_TYPES
};

struct fl_target {
	const char *name;
	int (*check)(const struct fl_config *c, struct fl_err *err);
	/* `output` as fl_output_open() takes it; nothing is left there on failure. */
	int (*write)(const struct fl_model *m, enum fl_export_type type, const char *output,
	    struct fl_err *err);
};

/* Names, for option tables; each ends with NULL. fl_export_types by enum fl_export_type. */
extern const char *const fl_export_targets[];
extern const char *const fl_export_types[];

/* Both: 0, or -1 with err set. `target` is one of fl_export_targets. The check needs no weights; what
 * only they or the tokenizer decide is refused by fl_export_write(). */
int fl_export_check(const char *target, const struct fl_config *c, struct fl_err *err) FL_MUST_USE;
int fl_export_write(const char *target, const struct fl_model *m, enum fl_export_type type,
    const char *output, struct fl_err *err) FL_MUST_USE;

#endif
