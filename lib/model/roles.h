/* SPDX-License-Identifier: Apache-2.0 */
/* roles.h -- every tensor a configuration implies: its name, its place in the model, its shape.
 *
 * The list follows from the config alone, so it is known before any weight is read; an inventory
 * ticks off what a checkpoint brings against it. */
#ifndef FL_MODEL_ROLES_H
#define FL_MODEL_ROLES_H

#include <stddef.h>

#include "base/err.h"
#include "base/tensor.h"
#include "model/config.h"

enum fl_role {
	FL_EMBED, /* first: nothing that is computed comes before it */
	FL_ATTN_NORM,
	FL_Q,
	FL_Q_BIAS,
	FL_K,
	FL_K_BIAS,
	FL_V,
	FL_V_BIAS,
	FL_O,
	FL_O_BIAS,
	FL_Q_NORM,
	FL_K_NORM,
	FL_FFN_NORM,
	FL_GATE,
	FL_UP,
	FL_DOWN,
	FL_FINAL_NORM,
	FL_HEAD,
	FL_ROLES
};

/* What a dimension of a weight counts. */
enum fl_axis { FL_AXIS_NONE, FL_AXIS_WIDTH, FL_AXIS_FFN, FL_AXIS_Q, FL_AXIS_KV, FL_AXIS_HEAD_DIM,
	FL_AXIS_VOCAB };

struct fl_role_info {
	const char *name;	  /* Hugging Face's, after "model.layers.N." if layer, without its ending */
	enum fl_axis rows, cols; /* rows FL_AXIS_NONE: a vector of cols */
	bool layer;		  /* one a layer */
	bool attention;		  /* absent in a skip layer */
	bool bias;		  /* ends in ".bias" */
};
extern const struct fl_role_info fl_roles[FL_ROLES];
extern const enum fl_role fl_linear_roles[FL_QUANT_LINEARS]; /* the matrices of a layer, as struct fl_quant has them */

/* Which stored tensor of a weight: itself, or the three of a quantized one (compressed-tensors). */
enum fl_part { FL_PART_WEIGHT, FL_PART_PACKED, FL_PART_SCALE, FL_PART_SHAPE };

/* One tensor of the model. */
struct fl_weight {
	enum fl_role role;
	enum fl_part part;
	int layer;		 /* -1 where there is none */
	struct fl_tensor tensor; /* name, shape; dtype as the config declares it */
};

/* "model.layers.3.mlp.up_proj.weight"; layer is ignored where the role has none. The caller frees. */
char *fl_weight_name(enum fl_role role, int layer, enum fl_part part);

/* The number of the norm, of the 2L+1, that a weight is or reads through; an embedding that is tied does as the head. */
int fl_weight_site(const struct fl_config *c, const struct fl_weight *w);

uint64_t fl_axis_size(const struct fl_config *c, enum fl_axis axis);
bool fl_role_is_matrix(enum fl_role role);
bool fl_role_is_norm(enum fl_role role);
int fl_weight_bits(const struct fl_config *c, enum fl_role role, int layer); /* 0: stored as it is; 4; 8 */
uint64_t fl_weight_group(const struct fl_config *c, enum fl_role role); /* columns with one scale, as they are stored */

/* All of them in canonical order: embedding, layers, final norm, head. */
struct fl_inventory {
	size_t n;
	struct fl_weight *weight;
	bool *seen;
	char *left;   /* the first tensor that was harmless, */
	size_t lefts; /* how many such there were, */
	bool copy;    /* and whether a head was among them */
	char *what;   /* the checkpoint, in messages */
	void *lookup; /* private */
};

struct fl_inventory *fl_inventory_new(const struct fl_config *c, const char *what);
void fl_inventory_free(struct fl_inventory *inv);

/* Finds t by name and checks its shape, and its type: a weight is F32, F16 or BF16. 1: *index is set
 * and it is marked as seen; 0: harmless and not part of the model (a copy of a tied head, stored RoPE
 * frequencies); -1: unknown, seen before, or of the wrong shape or type. */
int fl_inventory_tick(struct fl_inventory *inv, const struct fl_tensor *t, size_t *index,
    struct fl_err *err) FL_MUST_USE;

/* After the end of r: none is missing, and a head of a tied model is a copy. Makes one remark of what is harmless. */
int fl_inventory_done(const struct fl_inventory *inv, const struct fl_reader *r, struct fl_err *err) FL_MUST_USE;

/* The weight of that name, with or without "model." before it: a base class is saved without. n if absent. */
size_t fl_inventory_find(const struct fl_inventory *inv, const char *name);

uint64_t fl_config_parameters(const struct fl_config *c); /* a tied embedding counts once */

#endif
