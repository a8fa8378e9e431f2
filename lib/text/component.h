/* SPDX-License-Identifier: Apache-2.0 */
/* component.h -- looking into the parts of a tokenizer.json, each an object with a "type". */
#ifndef FL_TEXT_COMPONENT_H
#define FL_TEXT_COMPONENT_H

#include <stdbool.h>

#include "base/err.h"
#include "base/json.h"

const char *fl_component_type(const struct fl_json *v); /* "" where there is none */
bool fl_component_is(const struct fl_json *v, const char *type);
bool fl_component_absent(const struct fl_json *v); /* null counts as absent */

/* A string that is not empty; NULL for anything else. */
const char *fl_component_text(const struct fl_json *v, size_t *len);

/* Records that v, a `what` ("normalizer"), is not supported, by its type; -1. */
int fl_component_unsupported(const char *what, const struct fl_json *v, struct fl_err *err);

/* Refuses a member of v that is not among the words of `known`: it might change ids. */
int fl_component_check(const struct fl_json *v, const char *known, const char *what,
    struct fl_err *err) FL_MUST_USE;

#endif
