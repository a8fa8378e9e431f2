/* SPDX-License-Identifier: Apache-2.0 */
/* teacher.h -- who is learnt from: a model of the same vocabulary, or a file of what one said. */
#ifndef FL_MODEL_TEACHER_H
#define FL_MODEL_TEACHER_H

#include "base/err.h"
#include "model/samples.h"
#include "model/teacher_cache.h"
#include "model/weights.h"

/* Both NULL: there is none. */
struct fl_teacher {
	struct fl_model *model;
	struct fl_teacher_cache *cache;
};

struct fl_teacher_opts {
	const char *path;	/* of the checkpoint, or NULL */
	const char *cache_path; /* NULL: none is kept */
	size_t top;		/* tokens kept there */
	size_t count;		/* samples that the run will ask for */
};

/* Opens the model; or the cache, which is made of the model first if it is not there. A cache that was made
 * of another model, of other tokens or at another temperature is refused. */
int fl_teacher_open(struct fl_teacher *t, const struct fl_teacher_opts *o,
    const struct fl_teacher_key *key, struct fl_samples *s, struct fl_err *err) FL_MUST_USE;
void fl_teacher_close(struct fl_teacher *t);

#endif
