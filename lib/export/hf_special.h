/* SPDX-License-Identifier: Apache-2.0 */
/* hf_special.h -- the tokens that end a text, begin one and pad, where transformers looks for them.
 *
 * It takes them from generation_config.json or, without that file, from config.json, and the tokenizer's not at all. So
 * config.json keeps only ids that are tokens, and generation_config.json is written with all that model/special.h
 * finds, where transformers would find something else. */
#ifndef FL_EXPORT_HF_SPECIAL_H
#define FL_EXPORT_HF_SPECIAL_H

#include "model/plan.h"

struct fl_hf_special;

/* Sets the ids in p->out and takes over what becomes of small files; must outlive the run of p. */
struct fl_hf_special *fl_hf_special_new(struct fl_plan *p);
void fl_hf_special_free(struct fl_hf_special *s); /* NULL is fine */

#endif
