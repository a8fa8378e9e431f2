/* SPDX-License-Identifier: Apache-2.0 */
/* params.h -- the weights of a checkpoint as one array of floats, to be trained, and as a checkpoint again.
 *
 * The array holds the tensors of the inventory one after the other; fl_model_f32() makes a model of it.
 * The small files are kept, so that the checkpoint written differs from the one read in its weights
 * alone. */
#ifndef FL_MODEL_PARAMS_H
#define FL_MODEL_PARAMS_H

#include "base/err.h"
#include "io/checkpoint.h"
#include "model/config.h"
#include "model/roles.h"

struct fl_params {
	struct fl_config config;
	struct fl_inventory *inventory;
	size_t n;     /* floats */
	size_t *at;   /* of each tensor in w, and n after the last */
	float *w;     /* [n] */
	struct fl_params_member {
		char *name, *data;
		size_t size;
	} *member;
	size_t members, cap;
};

/* Reads all of r, which stays the caller's and is at its verified end afterwards. Quantized weights are
 * refused. NULL with err set. */
struct fl_params *fl_params_read(struct fl_reader *r, struct fl_err *err) FL_MUST_USE;
void fl_params_free(struct fl_params *p); /* NULL is fine */

/* config.json, the small files, and the weights w [n] as p->config.dtype; the history and the commit are
 * the caller's. */
int fl_params_write(const struct fl_params *p, const float *w, struct fl_writer *out,
    struct fl_err *err) FL_MUST_USE;

/* A small file by name, NUL-terminated; NULL if there is none. */
const char *fl_params_member(const struct fl_params *p, const char *name, size_t *size);

#endif
