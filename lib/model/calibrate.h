/* SPDX-License-Identifier: Apache-2.0 */
/* calibrate.h -- the sums of fl-metrics(5), measured on tokens or computed from the weights.
 *
 * Both add to metrics that fl_metrics_new() made. The same bytes at any number of threads. */
#ifndef FL_MODEL_CALIBRATE_H
#define FL_MODEL_CALIBRATE_H

#include "base/err.h"
#include "model/metrics.h"
#include "model/weights.h"
#include "model/windows.h"

/* The windows that fl_calibrate() counts: those of full length, or the one there is. At most `limit`
 * unless that is 0. */
size_t fl_calibrate_count(const struct fl_windows *w, size_t limit);

/* Runs the first `count` windows through the model. Every position counts, BOS too. The weights of norms are
 * noted; moments are summed where `out` has been given room for them. Activations that are not finite are an error that
 * says where they begin. */
int fl_calibrate(const struct fl_model *m, const struct fl_windows *w, size_t count,
    struct fl_metrics *out, struct fl_err *err) FL_MUST_USE;

/* FL_DIM_WEIGHT, as the other two note it. */
void fl_calibrate_norms(const struct fl_model *m, struct fl_metrics *out);

/* FL_FFN_STATIC, FL_DIM_STATIC and FL_DIM_WEIGHT. Quantized weights count as what they dequantize to. A tensor that is
 * not finite is named. */
int fl_calibrate_static(const struct fl_model *m, struct fl_metrics *out, struct fl_err *err) FL_MUST_USE;

#endif
