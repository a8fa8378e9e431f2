/* SPDX-License-Identifier: Apache-2.0 */
/* Products of rounded activations and quantized weights: the plain kernels against the same arithmetic in double,
 * all others against the plain ones, byte for byte. */
#include "test.h"

#include "base/alloc.h"
#include "base/dtype.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "compute/gemm.h"
#include "compute/int8_row.h"
#include "compute/panels.h"
#include "compute/qgemm.h"

static const size_t shapes[][3] = { /* rows, outputs, inputs */
	{ 1, 1, 32 }, { 1, 32, 64 }, { 1, 33, 96 }, { 2, 100, 32 }, { 3, 31, 160 }, { 4, 65, 64 }, { 5, 16, 32 },
	{ 6, 32, 96 }, { 7, 48, 1056 }, { 11, 17, 64 }, { 12, 95, 32 }, { 13, 64, 288 }, { 38, 40, 64 } };
enum { SHAPES = sizeof shapes / sizeof *shapes };

/* What a matrix may hold: anything, or only its lowest or highest integer, where sums are largest. */
enum fill { ANY, LOWEST, HIGHEST };

struct product {
	size_t m, n, k;
	struct fl_matrix w, panels; /* w one byte off any alignment */
	float *x;		    /* four bytes off */
	float *room;		    /* of the rounded rows */
	struct fl_qrows rows;
};

static void
make_weights(struct product *p, int bits, enum fill fill)
{
	size_t n = p->n * p->k, groups = n / FL_MATRIX_GROUP;
	unsigned char *data = fl_alloc(n + 1, 1), *scales = fl_alloc(groups * 2 + 1, 1);
	struct fl_rng r = fl_rng_new(n, (uint64_t)bits);

	for (size_t i = 0; i < n * (size_t)bits / 8; i++)
		data[i + 1] = fill == ANY ? (unsigned char)fl_rng_u64(&r) : fill == LOWEST ? 0 : 255;
	for (size_t i = 0; i < groups; i++) {
		uint16_t scale = fl_f32_to_bf16((float)(fl_rng_unit(&r) - 0.3) / 8);

		memcpy(scales + 1 + i * 2, &scale, sizeof scale);
	}
	p->w = (struct fl_matrix){ bits == 4 ? FL_MATRIX_INT4 : FL_MATRIX_INT8, p->n, p->k, data + 1, scales + 1 };
	p->panels = fl_panels_pack(&p->w, fl_alloc_aligned(fl_panels_size(&p->w), 1, "weights"));
}

/* Rows of numbers of both signs; the fourth of zeros; the first two, where weights are extreme, of one number,
 * which is rounded to the largest byte and to the smallest. */
static void
make_rows(struct product *p, enum fill fill)
{
	struct fl_rng r = fl_rng_new(p->m, p->k);

	p->x = (float *)fl_alloc(p->m * p->k + 1, sizeof *p->x) + 1;
	for (size_t i = 0; i < p->m; i++)
		for (size_t j = 0; j < p->k; j++)
			p->x[i * p->k + j] = i == 3 ? 0 : fill != ANY && i < 2 ? 1 - 2 * (float)i :
			    (float)(4 * fl_rng_unit(&r) - 1);
	p->room = fl_alloc_aligned(fl_qrows_room(p->m, p->k), sizeof *p->room, "rows");
	p->rows = fl_qrows_make(p->room, p->x, p->m, p->k);
}

static struct product
make(const size_t shape[3], int bits, enum fill fill)
{
	struct product p = { .m = shape[0], .n = shape[1], .k = shape[2] };

	make_weights(&p, bits, fill);
	make_rows(&p, fill);
	return p;
}

static void
drop(struct product *p)
{
	free((char *)p->w.data - 1);
	free((char *)p->w.scales - 1);
	free((void *)p->panels.data);
	free(p->x - 1);
	free(p->room);
}

/* [m, n], the caller's. */
static float *
multiply(const struct product *p, const struct fl_qgemm *kernels)
{
	float *c = fl_alloc(p->m * p->n + 1, sizeof *c);

	fl_qgemm(&(struct fl_gemm_out){ c, &p->panels }, 1, &p->rows, kernels);
	return c;
}

/* Element (i, n) by the definition, and the sum of the magnitudes of what it is made of. */
static double
expected(const struct product *p, size_t i, size_t n, const float *w, double *size)
{
	float s, z;
	double sum = 0;
	int8_t *q = fl_alloc(p->k, 1);

	*size = 1e-30;
	if (fl_int8_range(p->x + i * p->k, p->k, &s, &z)) {
		fl_int8_round(q, p->x + i * p->k, p->k, s, z);
		for (size_t j = 0; j < p->k; j++) {
			sum += (double)s * ((double)q[j] - z) * w[n * p->k + j];
			*size += fabs((double)s * ((double)q[j] - z) * w[n * p->k + j]);
		}
	}
	free(q);
	return sum;
}

static double
worst(const struct product *p, const float *c)
{
	float *w = fl_alloc(p->n * p->k, sizeof *w);
	double most = 0;

	fl_matrix_rows_f32(&p->w, 0, p->n, w);
	for (size_t i = 0; i < p->m; i++)
		for (size_t n = 0; n < p->n; n++) {
			double size, want = expected(p, i, n, w, &size), off = fabs(c[i * p->n + n] - want) / size;

			most = off > most ? off : most;
		}
	free(w);
	return most;
}

static void
panels_hold_what_was_stored(void)
{
	for (int bits = 4; bits <= 8; bits += 4)
		for (size_t i = 0; i < SHAPES; i++) {
			struct product p = make(shapes[i], bits, ANY);
			float *want = fl_alloc(p.n * p.k, sizeof *want), *got = fl_alloc(p.n * p.k, sizeof *got);

			CHECK((uintptr_t)p.w.data % 2 == 1 || (uintptr_t)p.w.scales % 2 == 1);
			fl_matrix_rows_f32(&p.w, 0, p.n, want);
			fl_matrix_rows_f32(&p.panels, 0, p.n, got);
			CHECK(memcmp(want, got, p.n * p.k * sizeof *want) == 0);
			fl_matrix_part_f32(&p.panels, p.n - 1, p.k - 32, 32, got);
			CHECK(memcmp(want + p.n * p.k - 32, got, 32 * sizeof *want) == 0);
			drop(&p);
			free(want);
			free(got);
		}
}

static void
the_portable_kernels_agree_with_the_arithmetic_in_double(void)
{
	for (int fill = ANY; fill <= HIGHEST; fill++)
		for (int bits = 4; bits <= 8; bits += 4)
			for (size_t i = 0; i < SHAPES; i++) {
				struct product p = make(shapes[i], bits, (enum fill)fill);
				float *c = multiply(&p, &fl_qgemm_portable);

				if (!CHECK(worst(&p, c) < 1e-5))
					printf("# %d bits, %zu x %zu x %zu: %g\n", bits, p.m, p.n, p.k, worst(&p, c));
				drop(&p);
				free(c);
			}
}

static bool
same_as_portable(const struct product *p, const struct fl_qgemm *kernels)
{
	float *want = multiply(p, &fl_qgemm_portable), *got = multiply(p, kernels);
	bool same = memcmp(want, got, p->m * p->n * sizeof *want) == 0;

	free(want);
	free(got);
	return same;
}

static void
all_kernels_give_the_same_bytes(void)
{
	for (size_t k = 0; fl_qgemms[k]; k++) {
		if (!fl_isa_has(fl_qgemms[k]->isa)) {
			printf("# %s: not on this machine\n", fl_qgemms[k]->name);
			continue;
		}
		for (int fill = ANY; fill <= HIGHEST; fill++)
			for (int bits = 4; bits <= 8; bits += 4)
				for (size_t i = 0; i < SHAPES; i++) {
					struct product p = make(shapes[i], bits, (enum fill)fill);

					if (!CHECK(same_as_portable(&p, fl_qgemms[k])))
						printf("# %s: %d bits, %zu x %zu x %zu\n", fl_qgemms[k]->name, bits,
						    p.m, p.n, p.k);
					drop(&p);
				}
	}
}

static void
products_of_the_same_rows_can_go_together(void)
{
	struct product a = make((size_t[]){ 7, 70, 64 }, 4, ANY), b = make((size_t[]){ 7, 33, 64 }, 8, ANY);
	float *got[3], *want[3];
	struct fl_gemm_out out[3];
	const struct fl_matrix *w[3] = { &a.panels, &b.w, &b.panels };
	struct fl_scratch *s = fl_scratch_new();

	for (int i = 0; i < 3; i++) {
		got[i] = fl_alloc(7 * w[i]->rows, sizeof **got);
		want[i] = fl_alloc(7 * w[i]->rows, sizeof **want);
		out[i] = (struct fl_gemm_out){ got[i], w[i] };
		fl_gemm(want[i], a.x, 7, w[i], s);
	}
	fl_gemm_all(out, 3, a.x, 7, s);
	for (int i = 0; i < 3; i++) {
		CHECK(memcmp(got[i], want[i], 7 * w[i]->rows * sizeof **got) == 0);
		free(got[i]);
		free(want[i]);
	}
	drop(&a);
	drop(&b);
	fl_scratch_free(s);
}

static void
the_number_of_threads_does_not_show(void)
{
	struct product p = make((size_t[]){ 300, 200, 2080 }, 4, ANY);
	float *c[4];

	for (int threads = 1; threads <= 4; threads++) {
		fl_parallel_set(threads);
		p.rows = fl_qrows_make(p.room, p.x, p.m, p.k);
		c[threads - 1] = multiply(&p, NULL);
		CHECK(memcmp(c[threads - 1], c[0], p.m * p.n * sizeof **c) == 0);
	}
	for (int t = 0; t < 4; t++)
		free(c[t]);
	drop(&p);
}

static void
zeros_stay_zero_and_what_is_not_finite_shows(void)
{
	static const float bad[] = { NAN, INFINITY, -INFINITY };
	struct product p = make((size_t[]){ 5, 40, 64 }, 4, ANY);
	float *c;

	for (size_t i = 0; i < 3; i++)
		p.x[i * p.k + 17 * i] = bad[i];
	p.rows = fl_qrows_make(p.room, p.x, p.m, p.k);
	c = multiply(&p, NULL);
	for (size_t n = 0; n < p.n; n++) {
		for (size_t i = 0; i < 3; i++)
			CHECK(isnan(c[i * p.n + n]));
		CHECK(c[3 * p.n + n] == 0 && isfinite(c[4 * p.n + n]));
	}
	free(c);
	drop(&p);
}

int
main(void)
{
	TEST(panels_hold_what_was_stored);
	TEST(the_portable_kernels_agree_with_the_arithmetic_in_double);
	TEST(all_kernels_give_the_same_bytes);
	TEST(products_of_the_same_rows_can_go_together);
	TEST(zeros_stay_zero_and_what_is_not_finite_shows);
	TEST(the_number_of_threads_does_not_show);
	return test_done();
}
