/* SPDX-License-Identifier: Apache-2.0 */
/* basis.h -- the residual stream in K new coordinates instead of its D.
 *
 * x [D] becomes x Q, where the columns of Q [D,K] are orthonormal: principal directions, mixes of all dimensions, or
 * dimensions that stay. An RMSNorm without its weight g does not see a rotation, so with K = D the model computes what
 * it did:
 *
 *     embedding E Q      what writes the stream Q' W, its bias b Q      what reads it at norm site s  W diag(g_s) B_s
 *     the norm's weight  r_s = sqrt((q' C_s q summed over Q / K) / (trace C_s / D))
 *
 * C_s are the moments of x / rms(x) at the norm, in which a few huge residuals count no more than others; r_s makes up
 * for the norm's dividing by a mean over fewer and larger values. B_s is Q or, mended, what says most of x to who sees
 * x Q alone, in the least-squares sense, but for lambda: Q + (C_s Q - Q A) (A + lambda diag A)^-1, A = Q' C_s Q, lambda as
 * in compute/shrink.h. All in double (SliceGPT, 2401.15024, has a Q a layer and matrices between them). */
#ifndef FL_MODEL_BASIS_H
#define FL_MODEL_BASIS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "model/metrics.h"
#include "model/plan.h"

struct fl_basis_opts {
	const bool *site; /* [S], the norms that the result will have; others do not count */
	bool mend;
	bool tied; /* the embedding will be the head too */
};

/* Q: the K eigenvectors of the sum over sites of C_s / trace C_s whose eigenvalues are largest. With `tied` Q spans the
 * same, but in it diag(g) of the final norm is diagonal: E diag(g) Q is then E Q with one factor a dimension,
 * which the final norm takes, but for what Q leaves out. m, which has FL_DIM_MOMENT and FL_DIM_WEIGHT, must
 * outlive the basis. NULL with err set: moments that are not finite or not positive. */
struct fl_basis *fl_basis_principal(const struct fl_metrics *m, size_t k, const struct fl_basis_opts *opts,
    struct fl_err *err) FL_MUST_USE;

/* Q, with K = D, each column a mix of all dimensions, after which columns of a matrix stand out less and groups of
 * weights lose less to rounding (QuaRot, 2404.00456, whose signs are random besides): of D = 2^a n Hadamard's matrix of
 * order 2^a times Hartley's of order n, over sqrt D. The result is not tied: with E Q for a head its final norm would
 * have to be Q' diag(g) Q. Of m no more than FL_DIM_WEIGHT is needed; it must outlive the basis. */
struct fl_basis *fl_basis_hadamard(const struct fl_metrics *m);

/* Q: the dimensions of keep, which is copied. With `tied` readers are mended halfway: the head, which is not, and what
 * the layers make would go apart otherwise, and some texts lose by it. */
struct fl_basis *fl_basis_members(const struct fl_metrics *m, const struct fl_keep *keep,
    const struct fl_basis_opts *opts, struct fl_err *err) FL_MUST_USE;

void fl_basis_free(struct fl_basis *b); /* NULL is fine */

size_t fl_basis_size(const struct fl_basis *b); /* K */

/* Q [D,K]. */
const double *fl_basis_vectors(const struct fl_basis *b);

/* diag(g_s) B_s [D,K], until the next call. */
const double *fl_basis_reader(struct fl_basis *b, size_t site, struct fl_err *err) FL_MUST_USE;

/* g_s [D], and the weight [K] that takes its place. */
const double *fl_basis_was(const struct fl_basis *b, size_t site);
const double *fl_basis_norm(const struct fl_basis *b, size_t site);

/* Which share of the energy, of C_s / trace C_s, stays. */
double fl_basis_share(const struct fl_basis *b);

/* Of the inputs that what reads the stream at a norm will have, Q' C_s Q with rows and columns times the norm's new
 * weight: the diagonal [K], b's own; and F32, the lower triangle as in moments.h, to be freed by the caller. NULL with
 * err set: moments that are not finite or not positive. */
const double *fl_basis_energy(struct fl_basis *b, size_t site, struct fl_err *err) FL_MUST_USE;
float *fl_basis_moment(const struct fl_basis *b, size_t site, struct fl_err *err) FL_MUST_USE;

#endif
