/* SPDX-License-Identifier: Apache-2.0 */
/* hf.h -- a checkpoint that stock transformers loads, quantized ones with compressed-tensors.
 *
 * Ours are nearly that already. What is changed, from what those two read (transformers 5.24,
 * compressed-tensors 0.20):
 *
 *     embedding in few bits	becomes numbers of the config's type: the reader looks it up as they are. A
 *				head tied to it goes with it, and is listed under `ignore`
 *     no attention		becomes attention that adds zero: there is no such layer type
 *     mobilellm		becomes the llama it is: there is no such family
 *
 * And refused: windows, where the family does not read layer_types as we write them (llama; mistral,
 * unless all layers have one); a llama whose width is no multiple of its heads. */
#ifndef FL_EXPORT_HF_H
#define FL_EXPORT_HF_H

#include "base/err.h"
#include "export/export.h"
#include "io/checkpoint.h"
#include "model/config.h"

int fl_hf_check(const struct fl_config *c, const struct fl_export_opts *o, struct fl_err *err)
    FL_MUST_USE;
int fl_hf_write(struct fl_reader *in, const struct fl_config *c, const struct fl_export_opts *o,
    struct fl_err *err) FL_MUST_USE;

/* Gives c, and its json, the family that transformers knows the model as. */
void fl_hf_rename(struct fl_config *c);

#endif
