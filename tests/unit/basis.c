/* SPDX-License-Identifier: Apache-2.0 */
/* Eigenvectors against their definition; a basis against its formulas in plain loops. */
#include "model/basis.h"

#include "base/linalg.h"
#include "compute/gram.h"

#include "test.h"

enum { LAYERS = 1, SITES = 3, N = 10, K = 4, ROWS = 40 };

static const bool all[SITES] = { true, true, true };

static double
pseudo(unsigned *state)
{
	*state = *state * 1664525 + 1013904223;
	return (double)(*state >> 8) / (1 << 23) - 1;
}

static void
eigenvectors_are_those_of_the_definition(void)
{
	enum { M = 70 };
	static double a[M * M], v[M * M];
	unsigned seed = 1;
	double last = INFINITY;

	for (size_t i = 0; i < M; i++)
		for (size_t j = 0; j <= i; j++)
			a[i * M + j] = a[j * M + i] = pseudo(&seed);
	memcpy(v, a, sizeof v);
	for (size_t i = 0; i < M; i++)
		for (size_t j = i + 1; j < M; j++)
			v[i * M + j] = NAN; /* is not looked at */
	if (!CHECK(fl_eigenvectors(v, M) == 0))
		return;
	for (size_t e = 0; e < M; e++) {
		const double *x = v + e * M;
		double value = 0, most = 0, off = 0;

		for (size_t i = 0; i < M; i++) {
			double y = 0;

			for (size_t j = 0; j < M; j++)
				y += a[i * M + j] * x[j];
			value += x[i] * y;
			if (fabs(x[i]) > fabs(most))
				most = x[i];
		}
		for (size_t f = 0; f <= e; f++) {
			double dot = 0;

			for (size_t i = 0; i < M; i++)
				dot += x[i] * v[f * M + i];
			off = fmax(off, fabs(dot - (e == f)));
		}
		for (size_t i = 0; i < M; i++) {
			double y = 0;

			for (size_t j = 0; j < M; j++)
				y += a[i * M + j] * x[j];
			off = fmax(off, fabs(y - value * x[i]));
		}
		CHECK(value <= last && most > 0 && off < 1e-12);
		last = value;
	}
	v[3] = a[3];
	v[3 * M] = NAN;
	CHECK(fl_eigenvectors(v, M) < 0);
}

static struct fl_metrics metrics;
static float moments[SITES * N * (N + 1) / 2];
static const struct fl_file no_file;
static double weight[SITES * N], full[SITES][N][N];

/* C_s of ROWS random positions. */
static void
fill(unsigned seed)
{
	size_t size = fl_gram_size(N);

	memset(full, 0, sizeof full);
	for (size_t s = 0; s < SITES; s++) {
		for (size_t r = 0; r < ROWS; r++) {
			double x[N];

			for (size_t i = 0; i < N; i++)
				x[i] = pseudo(&seed) * (double)(i + s + 1) + (i ? x[i - 1] / 2 : 0);
			for (size_t i = 0; i < N; i++)
				for (size_t j = 0; j < N; j++)
					full[s][i][j] += x[i] * x[j];
		}
		for (size_t i = 0; i < N; i++) {
			weight[s * N + i] = pseudo(&seed) + 1.5;
			for (size_t j = 0; j <= i; j++) {
				moments[s * size + fl_gram_row(i) + j] = (float)full[s][i][j];
				full[s][i][j] = full[s][j][i] = (float)full[s][i][j];
			}
		}
	}
	metrics = (struct fl_metrics){ .layers = LAYERS, .width = N, .tokens = ROWS };
	metrics.sum[FL_DIM_WEIGHT] = weight;
	metrics.moment[FL_DIM_MOMENT] = (struct fl_moments){ .sites = SITES, .n = N, .positions = 1e12,
		.read = (const char *)moments, .file = &no_file };
}

static double
trace(size_t s)
{
	double sum = 0;

	for (size_t i = 0; i < N; i++)
		sum += full[s][i][i];
	return sum;
}

/* q_a' C q_b */
static double
form(const double *q, size_t k, double (*c)[N], size_t a, size_t b)
{
	double sum = 0;

	for (size_t i = 0; i < N; i++)
		for (size_t j = 0; j < N; j++)
			sum += q[i * k + a] * c[i][j] * q[j * k + b];
	return sum;
}

static void
check_norms(const struct fl_basis *b, size_t k)
{
	for (size_t s = 0; s < SITES; s++) {
		double kept = 0;

		for (size_t a = 0; a < k; a++)
			kept += form(fl_basis_vectors(b), k, full[s], a, a);
		for (size_t a = 0; a < k; a++)
			CHECK_NEAR(fl_basis_norm(b, s)[a], sqrt(kept / (double)k / (trace(s) / N)), 1e-12);
	}
}

static void
directions_make_the_sum_of_moments_diagonal(void)
{
	struct fl_basis_opts opts = { .site = all };
	struct fl_err err = { 0 };
	struct fl_basis *b;
	const double *q, *r;
	double mean[N][N] = { 0 }, last = INFINITY;

	fill(2);
	b = fl_basis_principal(&metrics, K, &opts, &err);
	if (!CHECK(b != NULL))
		return;
	q = fl_basis_vectors(b);
	for (size_t s = 0; s < SITES; s++)
		for (size_t i = 0; i < N * N; i++)
			mean[i / N][i % N] += full[s][i / N][i % N] / trace(s);
	for (size_t x = 0; x < K; x++) {
		double value = form(q, K, mean, x, x);

		CHECK(value > 0 && value <= last);
		for (size_t y = 0; y < x; y++)
			CHECK_NEAR(form(q, K, mean, x, y), 0, 1e-12);
		last = value;
	}
	check_norms(b, K);
	r = fl_basis_reader(b, 1, &err);
	for (size_t i = 0; r && i < N * K; i++)
		CHECK_NEAR(r[i], weight[N + i / K] * q[i], 1e-12);
	fl_basis_free(b);
}

/* q [N,N] */
static void
check_rotation(const double *q)
{
	for (size_t i = 0; i < N * N; i++) {
		double dot = 0;

		for (size_t a = 0; a < N; a++)
			dot += q[i / N * N + a] * q[i % N * N + a];
		CHECK_NEAR(dot, i / N == i % N, 1e-12);
	}
}

static void
all_directions_are_a_rotation(void)
{
	struct fl_basis_opts opts = { .site = all, .mend = true };
	struct fl_err err = { 0 };
	struct fl_basis *b;
	const double *q;

	fill(3);
	b = fl_basis_principal(&metrics, N, &opts, &err);
	if (!CHECK(b != NULL))
		return;
	q = fl_basis_vectors(b);
	check_rotation(q);
	for (size_t i = 0; i < N; i++)
		for (size_t j = 0; j < N; j++) {
			CHECK_NEAR(fl_basis_reader(b, 2, &err)[i * N + j], weight[2 * N + i] * q[i * N + j], 1e-12);
			CHECK(fl_basis_norm(b, 0)[j] == 1);
		}
	fl_basis_free(b);
}

/* The normal equations: (B - Q) (A + lambda diag A) = C Q - Q A, A = Q' C Q. */
static void
a_mended_reader_solves_its_equations(void)
{
	static uint32_t index[K] = { 1, 4, 5, 9 };
	struct fl_keep keep = { index, K };
	struct fl_basis_opts opts = { .site = all, .mend = true };
	struct fl_err err = { 0 };

	fill(4);
	for (int members = 0; members < 2; members++) {
		struct fl_basis *b = members ? fl_basis_members(&metrics, &keep, &opts, &err) :
					       fl_basis_principal(&metrics, K, &opts, &err);
		const double *q, *r;

		if (!CHECK(b && (r = fl_basis_reader(b, 1, &err))))
			return;
		q = fl_basis_vectors(b);
		for (size_t j = 0; j < K && members; j++)
			CHECK(q[index[j] * K + j] == 1);
		for (size_t i = 0; i < N; i++)
			for (size_t x = 0; x < K; x++) {
				double got = 0, want = 0;

				for (size_t y = 0; y < K; y++) {
					double a = form(q, K, full[1], x, y);

					got += (r[i * K + y] - weight[N + i] * q[i * K + y]) * a * (x == y ? 1 + 1e-4 : 1);
					want -= q[i * K + y] * a;
				}
				for (size_t j = 0; j < N; j++)
					want += full[1][i][j] * q[j * K + x];
				CHECK_NEAR(got, weight[N + i] * want, 1e-9 * trace(1));
			}
		check_norms(b, K);
		fl_basis_free(b);
	}
}

static void
tied_directions_make_the_last_norm_diagonal(void)
{
	struct fl_basis_opts opts = { .site = all }, tied = { .site = all, .tied = true };
	struct fl_err err = { 0 };
	struct fl_basis *a, *b;
	double g[N][N] = { 0 };

	fill(5);
	for (size_t i = 0; i < N; i++)
		g[i][i] = weight[2 * N + i];
	a = fl_basis_principal(&metrics, K, &opts, &err);
	b = fl_basis_principal(&metrics, K, &tied, &err);
	if (!CHECK(a && b))
		return;
	CHECK_NEAR(fl_basis_share(a), fl_basis_share(b), 1e-12);
	for (size_t x = 0; x < K; x++) {
		CHECK_NEAR(fl_basis_norm(b, 2)[x],
		    fl_basis_norm(a, 2)[x] * form(fl_basis_vectors(b), K, g, x, x), 1e-12);
		for (size_t y = 0; y < x; y++)
			CHECK_NEAR(form(fl_basis_vectors(b), K, g, x, y), 0, 1e-12);
	}
	fl_basis_free(a);
	fl_basis_free(b);
}

static void
a_mix_of_all_is_a_rotation(void)
{
	struct fl_basis *b;
	const double *q;

	fill(7);
	b = fl_basis_hadamard(&metrics);
	if (!CHECK(b && fl_basis_size(b) == N))
		return;
	q = fl_basis_vectors(b);
	check_rotation(q);
	for (size_t i = 0; i < N; i++)
		for (size_t j = 0; j < N; j++) {
			/* Even the smallest of cos + sin of a fifth of a circle, or none, is far from nothing */
			CHECK(fabs(q[i * N + j]) < sqrt(2. / N) && fabs(q[i * N + j]) > 0.2 / sqrt(N));
			CHECK(fl_basis_norm(b, 2)[j] == 1);
		}
	CHECK_NEAR(q[N + 1], -q[N], 1e-15); /* of order 2 Hadamard's is [1 1; 1 -1] */
	CHECK_NEAR(q[2 * N + 4], (cos(4 * acos(-1) / 5) + sin(4 * acos(-1) / 5)) / sqrt(N), 1e-12);
	fl_basis_free(b);
}

/* Of x Q times the norm's weight, where x has the moments C. */
static void
moments_turn_with_the_stream(void)
{
	struct fl_err err = { 0 };

	fill(9);
	for (int tied = 0; tied < 2; tied++) {
		struct fl_basis_opts opts = { .site = all, .tied = tied };
		struct fl_basis *b = fl_basis_principal(&metrics, K, &opts, &err);

		for (size_t s = 0; b && s < SITES; s++) {
			float *c = fl_basis_moment(b, s, &err);
			const double *norm = fl_basis_norm(b, s);

			for (size_t x = 0; CHECK(c != NULL) && x < K; x++) {
				for (size_t y = 0; y <= x; y++)
					CHECK_NEAR(c[fl_gram_row(x) + y],
					    norm[x] * norm[y] * form(fl_basis_vectors(b), K, full[s], x, y), 1e-6 * trace(s));
				CHECK_NEAR(fl_basis_energy(b, s, &err)[x], c[fl_gram_row(x) + x], 1e-6 * trace(s));
			}
			free(c);
		}
		CHECK(b != NULL);
		fl_basis_free(b);
	}
}

static void
only_norms_that_stay_count(void)
{
	static const bool some[SITES] = { false, true, true };
	struct fl_basis_opts opts = { .site = some };
	struct fl_err err = { 0 };
	struct fl_basis *a, *b;

	fill(6);
	a = fl_basis_principal(&metrics, K, &opts, &err);
	memset(moments, 0, fl_gram_size(N) * sizeof *moments);
	b = fl_basis_principal(&metrics, K, &opts, &err);
	if (!CHECK(a && b))
		return;
	CHECK(memcmp(fl_basis_vectors(a), fl_basis_vectors(b), N * K * sizeof(double)) == 0);
	opts.site = all;
	CHECK(!fl_basis_principal(&metrics, K, &opts, &err));
	fl_basis_free(a);
	fl_basis_free(b);
}

int
main(void)
{
	TEST(eigenvectors_are_those_of_the_definition);
	TEST(directions_make_the_sum_of_moments_diagonal);
	TEST(all_directions_are_a_rotation);
	TEST(a_mended_reader_solves_its_equations);
	TEST(tied_directions_make_the_last_norm_diagonal);
	TEST(a_mix_of_all_is_a_rotation);
	TEST(moments_turn_with_the_stream);
	TEST(only_norms_that_stay_count);
	return test_done();
}
