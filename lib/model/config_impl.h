/* SPDX-License-Identifier: Apache-2.0 */
/* config_impl.h -- reading fields of config.json, for the files that read parts of it. Errors name the field. */
#ifndef FL_MODEL_CONFIG_IMPL_H
#define FL_MODEL_CONFIG_IMPL_H

#include "model/config.h"

struct fl_reading {
	const struct fl_json *json; /* the whole */
	const char *what;	    /* the checkpoint, in messages */
	struct fl_err *err;
};

/* Reads a number above 0 from `object`; absent or null gives `otherwise`, or is an error if that is -1. */
int fl_read_positive(const struct fl_reading *r, const struct fl_json *object, const char *key, double otherwise,
    double *out) FL_MUST_USE;

/* Reads rope_theta and rope_scaling (older), or rope_parameters (transformers 5); where both stand they must agree. The
 * family, head_dim and context of *c have been read. */
int fl_rope_read(const struct fl_reading *r, struct fl_config *c) FL_MUST_USE;

/* Refuses by name every field of config.json that is neither read nor known to leave the logits alone. The sizes of
 * c have been read. */
int fl_fields_check(const struct fl_reading *r, const struct fl_config *c) FL_MUST_USE;

/* Does a field that is not read leave the logits alone, whatever else the model is? */
bool fl_field_is_inert(const char *key, const struct fl_json *value, const struct fl_config *c);
bool fl_field_is_listed(const char *key, const char *const *names); /* names end with NULL */
bool fl_field_is_off(const struct fl_json *value); /* absent, null, false, or holding nothing that is on */

#endif
