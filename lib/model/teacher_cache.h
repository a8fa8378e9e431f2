/* SPDX-License-Identifier: Apache-2.0 */
/* teacher_cache.h -- what a teacher says of the samples of a run, kept in a file: one pass of the teacher serves
 * every candidate that is trained on the same tokens.
 *
 * A safetensors file. "sample" U32 [S], ascending: which samples (lib/model/samples.h) it knows. "top" U32
 * [S, length, 2, k]: for each token of each, the k likeliest next ones and, as the bits of floats, their
 * probabilities at the temperature of the file; what the others have together is the rest. __metadata__
 * names the teacher's fingerprint, its vocabulary, the tokens by digest, and the temperature. */
#ifndef FL_MODEL_TEACHER_CACHE_H
#define FL_MODEL_TEACHER_CACHE_H

#include "base/digest.h"
#include "base/err.h"
#include "compute/loss.h"
#include "model/samples.h"
#include "model/weights.h"

enum { FL_TEACHER_TOP = 1024 /* k is at most this */ };

struct fl_teacher_cache;

/* What a file must agree with to be used. */
struct fl_teacher_key {
	const char *tokens; /* digest */
	float temperature;
	size_t length;
	size_t vocab; /* of the model at hand: of the teacher that is asked, of the student that is trained */
};

/* Runs the teacher over the first `count` samples of the run, each once. The file appears whole or not at
 * all. k is at most FL_TEACHER_TOP. */
int fl_teacher_cache_write(const char *path, const struct fl_model *teacher, struct fl_samples *s,
    size_t count, const struct fl_teacher_key *key, size_t k, struct fl_err *err) FL_MUST_USE;

/* Everything in it is checked: what it was made for, ids, probabilities; but the teacher's vocabulary may differ from
 * the key's. NULL with err set. */
struct fl_teacher_cache *fl_teacher_cache_open(const char *path, const struct fl_teacher_key *key,
    struct fl_err *err) FL_MUST_USE;
size_t fl_teacher_cache_vocab(const struct fl_teacher_cache *c); /* the teacher's: ids are below it */
size_t fl_teacher_cache_bytes(const struct fl_teacher_cache *c); /* of the file, which is mapped */
void fl_teacher_cache_close(struct fl_teacher_cache *c); /* NULL is fine */

/* Of the tokens of one sample: sets top[length], whose pointers live as long as c. -1: it is not there. */
int fl_teacher_cache_get(const struct fl_teacher_cache *c, size_t sample, struct fl_top *top,
    struct fl_err *err) FL_MUST_USE;

#endif
