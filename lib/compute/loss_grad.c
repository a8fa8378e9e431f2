/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "compute/loss.h"
#include "compute/vec.h"

/* out = scale e^(z/T - lse), the probabilities times scale. */
FL_CLONES static void
softmax(float *out, const float *z, size_t n, float inverse, float lse, float scale)
{
	for (size_t i = 0; i < n; i += FL_LANES) {
		size_t k = n - i < FL_LANES ? n - i : FL_LANES;
		fl_vec v;

		fl_vec_load_part(&v, z + i, k);
		v = v * inverse - lse;
		fl_vec_exp(&v);
		v *= scale;
		memcpy(out + i, &v, k * sizeof *out);
	}
}

/* dz = both softmax(z) + soft softmax(z/T), onehot(target) and the teacher's part not yet in. */
static void
student(float *z, size_t n, float both, float soft, const struct fl_distill *d, double lse,
    double lse_soft)
{
	float inverse = 1 / d->temperature, plain[FL_LANES], tempered[FL_LANES];

	if (d->temperature == 1) {
		softmax(z, z, n, 1, (float)lse, both + soft);
		return;
	}
	for (size_t i = 0; i < n; i += FL_LANES) {
		size_t k = n - i < FL_LANES ? n - i : FL_LANES;

		softmax(plain, z + i, k, 1, (float)lse, both);
		softmax(tempered, z + i, k, inverse, (float)lse_soft, soft);
		for (size_t j = 0; j < k; j++)
			z[i + j] = plain[j] + tempered[j];
	}
}

double
fl_cross_entropy_grad(float *z, size_t n, size_t target, float scale)
{
	double lse = fl_log_sum_exp(z, n, 1), loss = lse - (double)z[target];

	softmax(z, z, n, 1, (float)lse, scale);
	z[target] -= scale;
	return loss;
}

/* The gradient of T^2 KL with respect to z is T (softmax(z/T) - softmax(teacher/T)). */
double
fl_distill_grad(float *z, size_t n, float *teacher, size_t m, size_t target,
    const struct fl_distill *d, float scale, double *kl)
{
	float t = d->temperature, soft = scale * d->mix * t, hard = scale * (1 - d->mix);
	double lse = fl_log_sum_exp(z, n, 1), lse_soft = fl_log_sum_exp(z, n, t);
	double lse_teacher = fl_log_sum_exp(teacher, m, t), divergence = 0;
	double loss = lse - (double)z[target];

	for (size_t i = 0; i < m; i++) {
		double log_p = (double)teacher[i] / (double)t - lse_teacher;
		double log_q = (double)z[i] / (double)t - lse_soft;
		double p = exp(log_p);

		divergence += p > 0 ? p * (log_p - log_q) : 0;
		teacher[i] = soft * (float)p;
	}
	student(z, n, hard, soft, d, lse, lse_soft);
	for (size_t i = 0; i < m; i++)
		z[i] -= teacher[i];
	z[target] -= hard;
	*kl = divergence;
	return loss;
}

enum { MOST = 1024 }; /* k of a struct fl_top */

/* What the teacher tells of the n tokens of the student, as much as MOST of them; how many. */
static size_t
told(const struct fl_top *top, size_t n, uint32_t id[MOST], float p[MOST])
{
	const double least = 1e-9;
	double left = 1;
	size_t k = 0;

	for (size_t i = 0; i < top->k; i++)
		left -= top->id[i] < n ? 0 : (double)top->p[i];
	left = left > least ? left : least;
	for (size_t i = 0; i < top->k && k < MOST; i++)
		if (top->id[i] < n) {
			id[k] = top->id[i];
			p[k++] = (float)((double)top->p[i] / left);
		}
	return k;
}

/* With q the student's probabilities at T, and the classes outside the k as one:
 *
 *     dKL/dz_i = (q_i - p_i) / T  among the k,  q_i (1 - p_rest / q_rest) / T  outside */
double
fl_distill_top_grad(float *z, size_t n, const struct fl_top *top, size_t target,
    const struct fl_distill *d, float scale, double *kl)
{
	const double least = 1e-9;
	float t = d->temperature, soft = scale * d->mix * t, hard = scale * (1 - d->mix), outside;
	double lse = fl_log_sum_exp(z, n, 1), lse_soft = fl_log_sum_exp(z, n, t);
	double loss = lse - (double)z[target], p_rest = 1, q_rest = 1, divergence = 0;
	float p[MOST], q[MOST], plain[MOST];
	uint32_t id[MOST];
	size_t k = told(top, n, id, p);

	for (size_t i = 0; i < k; i++) {
		double at = (double)z[id[i]];

		q[i] = (float)exp(at / (double)t - lse_soft);
		plain[i] = (float)exp(at - lse);
		p_rest -= (double)p[i];
		q_rest -= (double)q[i];
		divergence += p[i] > 0 ? (double)p[i] * (log((double)p[i]) - at / (double)t + lse_soft) : 0;
	}
	p_rest = p_rest > 0 ? p_rest : 0;
	q_rest = q_rest > least ? q_rest : least;
	divergence += p_rest > 0 ? p_rest * log(p_rest / q_rest) : 0;
	outside = (float)(1 - p_rest / q_rest);
	student(z, n, hard, soft * outside, d, lse, lse_soft);
	for (size_t i = 0; i < k; i++)
		z[id[i]] = hard * plain[i] + soft * (q[i] - p[i]);
	z[target] -= hard;
	*kl = divergence;
	return loss;
}
