/* SPDX-License-Identifier: Apache-2.0 */
/* teacher.h -- who is learnt from: a model of the same vocabulary, or a file of what one said. */
#ifndef FL_MODEL_TEACHER_H
#define FL_MODEL_TEACHER_H

#include "base/err.h"
#include "model/teacher_cache.h"
#include "model/weights.h"

/* Both NULL: there is none. What is there is the caller's to free. */
struct fl_teacher {
	struct fl_model *model;
	struct fl_teacher_cache *cache;
};

/* path is a checkpoint, or a file of fl_teacher_cache_write(), which must agree with the key. */
int fl_teacher_open(struct fl_teacher *t, const char *path, const struct fl_teacher_key *key,
    struct fl_err *err) FL_MUST_USE;

#endif
