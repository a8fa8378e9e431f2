/* SPDX-License-Identifier: Apache-2.0 */
/* train.h -- steps of AdamW on the loss of samples, or on what a teacher says of them.
 *
 * A trainer holds weights, gradients and both moments in f32, and the activations of one batch; a step
 * allocates nothing. The same bytes at any number of threads. Of several ranks (base/ranks.h) each does
 * its part of the batches of a step, and all end it with the same weights. */
#ifndef FL_MODEL_TRAIN_H
#define FL_MODEL_TRAIN_H

#include <stdbool.h>

#include "base/err.h"
#include "compute/adamw.h"
#include "compute/loss.h"
#include "model/acts.h"
#include "model/params.h"
#include "model/samples.h"
#include "model/teacher.h"
#include "model/weights.h"

struct fl_train_opts {
	long steps;		/* of the whole run: the schedule needs it */
	int batch, accumulate;	/* sequences at once; such batches a step, on each rank */
	double rate, floor;	/* peak learning rate, and the part of it left at the end */
	long warmup;		/* steps from 0 to the peak */
	bool linear;		/* from the peak to the floor; else along half a cosine */
	struct fl_adamw adamw;	/* rate and step are set here; decay is of matrices alone */
	double clip;		/* largest norm of the gradient; 0: any */
	enum fl_acts_kept kept;
	bool bf16; /* matrix products in bf16 */
	struct fl_quant qat; /* bits to train for, of weights; any: activations have 8 */
	struct fl_distill distill; /* with a teacher */
};

/* What a step was; the learning curve is made of these. */
struct fl_train_step {
	double rate, loss, kl, norm, held; /* loss: cross-entropy, nats a token; held: NaN if not measured */
	double tokens;			   /* predicted in this step */
};

struct fl_trainer;

/* p, s and the teacher are borrowed. Weights and moments start as p's and 0. With qat the loss is that of the
 * quantized weights, and its gradient is taken for that of the weights themselves (the straight-through
 * estimator; Bengio et al., 2013); the rows of each such matrix are multiples of FL_MATRIX_GROUP long. */
struct fl_trainer *fl_trainer_new(struct fl_params *p, struct fl_samples *s,
    const struct fl_teacher *teacher, const struct fl_train_opts *o);
void fl_trainer_free(struct fl_trainer *t); /* NULL is fine */

/* Step number t->step, from 0. A loss that is not finite is an error. */
int fl_trainer_step(struct fl_trainer *t, struct fl_train_step *out, struct fl_err *err) FL_MUST_USE;

/* The model as it is now, with qat that of the quantized weights. */
const struct fl_model *fl_trainer_model(struct fl_trainer *t);

/* What a run is taken up from: the step, and [params n] floats each. They may be written to. */
struct fl_train_state {
	long step;
	size_t n;
	float *w, *m, *v;
};
struct fl_train_state *fl_trainer_state(struct fl_trainer *t);

/* Bytes that a trainer will hold. */
struct fl_train_memory {
	size_t arrays;	    /* weights, gradients and moments, and with qat the quantized weights */
	size_t activations; /* kept for the backward pass, its own, and logits; and of held-out windows */
	size_t teacher;	    /* its weights, activations and logits, or its cache */
	size_t text;	    /* the tokens of the samples */
};

/* The memory that fl_trainer_new() with these will take. held: the most rows of a batch of held-out windows, 0: none. */
struct fl_train_memory fl_train_memory(const struct fl_params *p, const struct fl_samples *s,
    const struct fl_teacher *teacher, const struct fl_train_opts *o, size_t held);

/* The learning rate at a step, from 0. */
double fl_train_rate(const struct fl_train_opts *o, long step);

#endif
