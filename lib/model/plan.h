/* SPDX-License-Identifier: Apache-2.0 */
/* plan.h -- what becomes of every tensor of a checkpoint, and the one loop that makes it so.
 *
 * A plan is made from a configuration alone, before any weight is read: fl_plan_new() copies
 * everything, and whoever makes a transform (prune.h, pattern.h, quantize.h) changes the steps and
 * the configuration of the result. A layer without attention that has some in the result's pattern gets
 * attention that adds zero (idle.h). fl_plan_run() then streams a checkpoint through it in blocks of
 * rows, so that memory stays bounded whatever the size of a tensor. */
#ifndef FL_MODEL_PLAN_H
#define FL_MODEL_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "compute/gptq.h"
#include "compute/quant.h"
#include "io/checkpoint.h"
#include "model/config.h"
#include "model/mend.h"
#include "model/moments.h"
#include "model/roles.h"

/* The members of an axis that stay, ascending, or all of them in any order. */
struct fl_keep {
	uint32_t *index;
	size_t n;
	bool reordered;
};

enum fl_step_kind {
	FL_STEP_COPY,
	FL_STEP_DROP,
	FL_STEP_QUANTIZE,
	FL_STEP_UNPACK, /* a part of a quantized matrix, which comes out as numbers again; one at a time */
};

/* What a tensor is to the residual stream when that gets a new basis (basis.h). */
enum fl_side {
	FL_SIDE_NONE,
	FL_SIDE_ROWS,	/* its rows are of the stream: the embedding, and what is added to the stream */
	FL_SIDE_READS,	/* multiplied by the stream, after a norm */
	FL_SIDE_WRITES, /* makes what is added */
	FL_SIDE_NORM,
};

struct fl_basis;

/* What becomes of one tensor of the input's inventory. */
struct fl_step {
	enum fl_step_kind kind;
	const struct fl_keep *rows, *cols; /* NULL: all; of a vector only cols counts */
	int layer;			   /* number of its layer in the result */
	int bits;			   /* FL_STEP_QUANTIZE: 4 or 8 */
	struct fl_quant_how how;	   /* and how; weight is made from energy */
	const double *energy;		   /* [columns], of the inputs; NULL: not known; the metrics' or the basis's own */
	bool copy_as_head;		   /* an embedding that is written a second time as the head */
	const struct fl_moments *moments;  /* that were read, of the inputs, at `site`: the matrix, of which columns go,
					    * is solved again for those that stay, or rounded so that columns make up
					    * for each other; NULL: it is not. Those of the stream are as it was before
					    * it had a new basis */
	size_t site;
	struct fl_mend mend;		   /* where it is solved again, what it is to put out besides */
	struct fl_basis *basis;		   /* the stream's, for side and for the copy as head; NULL: as it was */
	enum fl_side side;		   /* then rows or cols, whichever are the stream's, are NULL */
	size_t norm;			   /* the one it is, or reads through */
};

/* What the rounding of one matrix leaves to the next, which may have the same inputs. */
struct fl_factor {
	const struct fl_moments *moments;
	size_t site;
	struct fl_gptq *gptq; /* NULL: nothing */
};

struct fl_plan {
	struct fl_config in, out;
	struct fl_inventory *inventory; /* of in */
	struct fl_step *step;		/* one for each inventory->weight */
	struct fl_keep width, *ffn;	/* what is kept: the model's; one an input layer; index NULL: all */
	struct fl_basis *basis;		/* of the steps; or NULL */
	struct fl_json *kept;		/* for the history; NULL if nothing was chosen */
	struct fl_factor *factor;	/* of rounding.c */
	/* What becomes of a small file, in place of passing it through, and last, of NULL, what else there is to write;
	 * NULL: all pass. */
	int (*member)(void *ctx, const struct fl_item *item, struct fl_writer *out, struct fl_err *err);
	void *ctx;
};

/* Everything copied. `what` names the checkpoint in messages. Free with fl_plan_free(). */
struct fl_plan *fl_plan_new(const struct fl_config *in, const char *what);
void fl_plan_free(struct fl_plan *p);

/* Gives step i the rows and columns that p->width and p->ffn keep. */
void fl_plan_keep(struct fl_plan *p, size_t i);

/* Writes config.json, passes small files through, and streams the weights. The reader has just been
 * opened; afterwards it is at its verified end, and the writer awaits the history and its commit. */
int fl_plan_run(struct fl_plan *p, struct fl_reader *in, struct fl_writer *out, struct fl_err *err)
    FL_MUST_USE;

/* Where a transforming tool's result goes, and who it was. */
struct fl_sink {
	const char *output; /* as fl_writer_open() takes it */
	bool zstd, no_history;
	const char *tool;
};

/* All of a transforming tool after its plan: opens the writer, runs the plan, appends the history,
 * commits. On failure nothing is left. */
int fl_plan_apply(struct fl_plan *p, struct fl_reader *in, const struct fl_sink *sink,
    const struct fl_json *arguments, struct fl_err *err) FL_MUST_USE;

#endif
