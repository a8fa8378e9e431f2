/* SPDX-License-Identifier: Apache-2.0 */
/* score.h -- how much each unit of a model is worth, by a named formula, and which ones to keep.
 *
 * N positions, B sequences, S norm sites; sums as in metrics.h.
 *
 *   FFN channel j of layer l                      residual dimension j
 *   flash     sqrt(ffn.sum_sq / N)                sqrt(sum over sites of dim.sum_sq / (N S))
 *   minitron  sqrt(ffn.seq_sq)                    sum over the norms of the layers of
 *                                                 sqrt(dim.out_seq_sq)   (2407.14679, ModelOpt's code)
 *   mean      ffn.sum_abs / N                     sum over sites of dim.sum_abs / (N S)
 *   static    ffn.static                          sqrt(dim.static)
 *   random    uniform, by seed                    uniform, by seed
 *   obs       (surgeon.h)                         as flash
 *
 *   layer l
 *   flash     1 - layer.cos_ln / N   (MobileLLM-Flash, 2603.15954)
 *   bi        1 - layer.cos / N      (ShortGPT, 2403.03853)
 *   angular   the run of layers with the least angle between its ends (Gromov, 2403.17887)
 *   loss      row r of layer.drop_loss says which is the r-th to go (drop.h)
 *   random    uniform, by seed */
#ifndef FL_MODEL_SCORE_H
#define FL_MODEL_SCORE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/metrics.h"

extern const char *const fl_score_names[]; /* NULL-terminated */
extern const char *const fl_layer_score_names[];

/* Scores of the F channels of one layer, or of the D dimensions, into out. `seed` is for random,
 * which needs no metrics (m may be NULL, n says how many). A file that lacks what the formula needs
 * is refused, naming the member. */
int fl_score_ffn(const struct fl_metrics *m, const char *formula, int layer, uint64_t seed, size_t n,
    double *out, struct fl_err *err) FL_MUST_USE;
int fl_score_width(const struct fl_metrics *m, const char *formula, uint64_t seed, size_t n,
    double *out, struct fl_err *err) FL_MUST_USE;

/* The formula for layers where none is asked for: loss as far as it was measured, else flash; tests/bench/README.md has what
 * each costs. */
const char *fl_score_layers_usual(const struct fl_metrics *m, int remove);

/* The `remove` layers to go, marked true in gone[layers]; said with -v, with their scores. */
int fl_score_layers(const struct fl_metrics *m, const char *formula, uint64_t seed, int layers,
    int remove, bool *gone, struct fl_err *err) FL_MUST_USE;

/* What goes first, second, ... by losses of FL_LAYER_DROP_LOSS or FL_ATTN_DROP_LOSS, which m has, into out [layers]:
 * how many that is, or -1 if a part would go twice. */
int fl_score_order(const struct fl_metrics *m, enum fl_metric which, int *out);

/* The same as fl_score_layers() of the parts whose losses `which` holds, FL_LAYER_DROP_LOSS or FL_ATTN_DROP_LOSS; `what`
 * is the option that needs them. */
int fl_score_drops(const struct fl_metrics *m, enum fl_metric which, int remove, const char *what, bool *gone,
    struct fl_err *err) FL_MUST_USE;

/* Where the least of loss[n] is that is not 0, which is what was not tried; of equal ones the last. -1: all are 0. */
int fl_score_least(const double *loss, int n);

/* Indices of the `keep` of n members to keep, ascending, into out. Members go in aligned blocks of
 * `block`; a block is worth the sum of squares of its members; the short block at the end of an n
 * that is no multiple goes first; ties keep the lower index. 0, or -1 if keep cannot be reached in
 * whole blocks (keep must be a multiple of block, or n itself). */
int fl_select(const double *score, size_t n, size_t keep, size_t block, uint32_t *out);

#endif
