/* SPDX-License-Identifier: Apache-2.0 */
/* mend.h -- what parts of a model that go added to the residual stream, said by down_proj of a layer before them.
 *
 * By least squares over the positions of a calibration: X (C + ridge)^-1 is added to its matrix, C the moments of its
 * inputs a, X = sum of d a' where d is what the parts added (compute/refit.h). */
#ifndef FL_MODEL_MEND_H
#define FL_MODEL_MEND_H

#include "model/moments.h"

/* Of moments across that were read, the sites whose sum is X. Zeroed: there are none. */
struct fl_mend {
	const struct fl_moments *across;
	size_t first, n;
};

bool fl_mend_finite(const struct fl_mend *m);

/* x [across->n] := row i of X. By several threads at a time. */
void fl_mend_row(const struct fl_mend *m, size_t i, float *x);

void fl_mend_done(const struct fl_mend *m); /* what was read takes no memory any more */

#endif
