/* SPDX-License-Identifier: Apache-2.0 */
/* teacher.h -- who is learnt from: a model of the same vocabulary, or a file of what one said.
 *
 * Checkpoints of one vocabulary have different numbers of rows where these are padded. What one has more is padding
 * if no token is there: none of the samples, none of the student's tokenizer, or of the teacher's where the student
 * has none, and if ordinary tokens of the two tokenizers are the same. The teacher's distribution is then that over
 * the rows that both have. */
#ifndef FL_MODEL_TEACHER_H
#define FL_MODEL_TEACHER_H

#include "base/err.h"
#include "model/params.h"
#include "model/samples.h"
#include "model/teacher_cache.h"
#include "model/weights.h"

/* Both NULL: there is none. What is there is the caller's to free. */
struct fl_teacher {
	struct fl_model *model;
	struct fl_teacher_cache *cache;
};

/* path is a checkpoint, or a file of fl_teacher_cache_write(), which must agree with the key. Another vocabulary is
 * refused; a remark says where one is padded. */
int fl_teacher_open(struct fl_teacher *t, const char *path, const struct fl_teacher_key *key,
    const struct fl_params *student, const struct fl_samples *s, struct fl_err *err) FL_MUST_USE;

#endif
