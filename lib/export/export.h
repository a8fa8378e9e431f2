/* SPDX-License-Identifier: Apache-2.0 */
/* export.h -- a model as the file that another program runs.
 *
 * A target is one row of a table: what it cannot express, it refuses by name before a byte is
 * written (class FL_EXIT_NO), so that nobody runs a file that computes something else. */
#ifndef FL_EXPORT_EXPORT_H
#define FL_EXPORT_EXPORT_H

#include <stdbool.h>

#include "base/err.h"
#include "base/json.h"
#include "io/checkpoint.h"
#include "model/config.h"
#include "text/tokenizer.h"

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

struct fl_export_opts {
	enum fl_export_type type;
	bool strict;		   /* no layer that costs what it does not compute */
	bool last_logits;	   /* onnx: of the last token given only */
	const char *output;	   /* as fl_output_open(), or where it is a checkpoint fl_writer_open(), takes it */
	struct fl_json *arguments; /* of the command line, for a history */
};

struct fl_target {
	const char *name;
	int (*check)(const struct fl_config *c, const struct fl_export_opts *o, struct fl_err *err);
	/* NULL: the files of a tokenizer are passed on. */
	int (*check_tokenizer)(const struct fl_tokenizer *t, const struct fl_config *c, struct fl_err *err);
	/* `in` has just been opened, c is its configuration; nothing is left of the output on failure. */
	int (*write)(struct fl_reader *in, const struct fl_config *c, const struct fl_export_opts *o,
	    struct fl_err *err);
};

/* Names, for option tables; each ends with NULL. fl_export_types by enum fl_export_type. */
extern const char *const fl_export_targets[];
extern const char *const fl_export_types[];

/* All: 0, or -1 with err set. `target` is one of fl_export_targets. The checks need no weights; what
 * only they decide is refused by fl_export_write(), which owns `in` from then on. */
int fl_export_check_tokenizer(const char *target, const struct fl_tokenizer *t, const struct fl_config *c,
    struct fl_err *err) FL_MUST_USE;
int fl_export_check(const char *target, const struct fl_config *c, const struct fl_export_opts *o,
    struct fl_err *err) FL_MUST_USE;
int fl_export_write(const char *target, struct fl_reader *in, const struct fl_config *c,
    const struct fl_export_opts *o, struct fl_err *err) FL_MUST_USE;

#endif
