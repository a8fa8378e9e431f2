/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products against sums in double over every kind of stored weight, odd shapes and unaligned
 * pointers; the same bytes at any number of threads. */
#include "test.h"

#include <stdint.h>

#include "base/alloc.h"
#include "base/dtype.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "compute/gemm.h"
#include "compute/sgemm.h"

static const char *const kind_names[] = { "f32", "f16", "bf16", "int8", "int4" };

static float *
random_floats(size_t n, uint64_t seed)
{
	struct fl_rng r = fl_rng_new(seed, 0);
	float *x = fl_alloc(n + 1, sizeof *x);

	for (size_t i = 0; i < n; i++)
		x[i] = (float)(4 * fl_rng_unit(&r) - 2);
	return x;
}

/* A random matrix whose data stand one byte off any alignment; f32 [rows, cols] in *value. */
static struct fl_matrix
random_matrix(enum fl_matrix_kind kind, size_t rows, size_t cols, float **value)
{
	struct fl_matrix m = { .kind = kind, .rows = rows, .cols = cols };
	struct fl_rng r = fl_rng_new(kind, rows * cols);
	size_t n = rows * cols, groups = n / FL_MATRIX_GROUP;
	unsigned char *data = fl_alloc(n * 4 + 8, 1), *scales = fl_alloc(groups * 2 + 8, 1);
	float *v = *value = random_floats(n, 7);

	m.data = data + 1;
	if (kind <= FL_MATRIX_BF16) {
		enum fl_dtype t = (enum fl_dtype[]){ FL_F32, FL_F16, FL_BF16 }[kind];

		fl_dtype_from_f32(data + 1, t, v, n);
		fl_dtype_to_f32(v, data + 1, t, n);
		free(scales);
		return m;
	}
	m.scales = scales + 1;
	for (size_t i = 0; i < n; i++) {
		int bits = kind == FL_MATRIX_INT4 ? 4 : 8, half = 1 << (bits - 1);
		int q = (int)fl_rng_below(&r, (uint64_t)half * 2) - half;
		uint16_t scale = fl_f32_to_bf16((float)(1 + i / FL_MATRIX_GROUP % 5) / 16);

		memcpy(scales + 1 + i / FL_MATRIX_GROUP * 2, &scale, 2);
		data[1 + i * (size_t)bits / 8] |= (unsigned char)((q + half) << (i * (size_t)bits % 8));
		v[i] = (float)q * fl_bf16_to_f32(scale);
	}
	return m;
}

static void
free_matrix(struct fl_matrix *m, float *value)
{
	free((char *)m->data - 1);
	if (m->scales)
		free((char *)m->scales - 1);
	free(value);
}

/* The largest |c - a w^T| / (|a| |w|) over all elements. */
static double
worst(const float *c, const float *a, const float *w, size_t m, size_t n, size_t k)
{
	double most = 0;

	for (size_t i = 0; i < m; i++)
		for (size_t j = 0; j < n; j++) {
			double sum = 0, size = 1e-30, off;

			for (size_t x = 0; x < k; x++) {
				sum += (double)a[i * k + x] * w[j * k + x];
				size += fabs((double)a[i * k + x] * w[j * k + x]);
			}
			off = fabs(c[i * n + j] - sum) / size;
			most = off > most ? off : most;
		}
	return most;
}

static void
each_kind_of_row_reads_as_what_was_stored(void)
{
	for (int kind = FL_MATRIX_F32; kind <= FL_MATRIX_INT4; kind++) {
		float *v, got[3 * 96];
		struct fl_matrix m = random_matrix((enum fl_matrix_kind)kind, 5, 96, &v);

		fl_matrix_rows_f32(&m, 1, 3, got);
		CHECK(memcmp(got, v + 96, sizeof got) == 0);
		fl_matrix_part_f32(&m, 4, 32, 64, got);
		CHECK(memcmp(got, v + 4 * 96 + 32, 64 * sizeof *got) == 0);
		free_matrix(&m, v);
	}
}

static void
sizes_count_the_scales(void)
{
	struct fl_matrix m = { .kind = FL_MATRIX_INT4, .rows = 3, .cols = 64, .scales = "" };

	CHECK(fl_matrix_row_size(&m) == 32);
	CHECK(fl_matrix_size(&m) == 3 * (32 + 4));
}

static void
every_f16_reads_as_in_base(void)
{
	uint16_t h[0x10000];
	float *got = fl_alloc(0x10000, sizeof *got), want;
	struct fl_matrix m = { .kind = FL_MATRIX_F16, .rows = 1, .cols = 0x10000, .data = h };
	size_t bad = 0;

	for (size_t i = 0; i < 0x10000; i++)
		h[i] = (uint16_t)i;
	fl_matrix_rows_f32(&m, 0, 1, got);
	for (size_t i = 0; i < 0x10000; i++) {
		want = fl_f16_to_f32((uint16_t)i);
		bad += want == want ? memcmp(&want, &got[i], 4) != 0 : got[i] == got[i];
	}
	CHECK(bad == 0);
	free(got);
}

static void
products_agree_with_sums_in_double(void)
{
	static const size_t shapes[][3] = { /* m, n, k */
		{ 1, 1, 32 }, { 1, 300, 64 }, { 2, 33, 544 }, { 3, 7, 96 }, { 4, 129, 1056 },
		{ 5, 1, 32 }, { 5, 17, 64 }, { 33, 200, 96 }, { 300, 130, 64 }, { 6, 20, 2080 } };
	struct fl_scratch *s = fl_scratch_new();

	for (int kind = FL_MATRIX_F32; kind <= FL_MATRIX_INT4; kind++)
		for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
			size_t m = shapes[i][0], n = shapes[i][1], k = shapes[i][2];
			float *w, *a = random_floats(m * k, 3), *c = random_floats(m * n, 4);
			struct fl_matrix x = random_matrix((enum fl_matrix_kind)kind, n, k, &w);

			fl_gemm(c, a, m, &x, s);
			if (!CHECK(worst(c, a, w, m, n, k) < 1e-6))
				printf("# %s %zu x %zu x %zu\n", kind_names[kind], m, n, k);
			free_matrix(&x, w);
			free(a);
			free(c);
		}
	fl_scratch_free(s);
}

static void
rows_need_not_be_whole_vectors(void)
{
	struct fl_scratch *s = fl_scratch_new();

	for (size_t m = 1; m < 8; m += 3) {
		float *w, *a = random_floats(m * 173, 3), *c = random_floats(m * 19, 4);
		struct fl_matrix x = random_matrix(FL_MATRIX_BF16, 19, 173, &w);

		fl_gemm(c, a, m, &x, s);
		CHECK(worst(c, a, w, m, 19, 173) < 1e-6);
		free_matrix(&x, w);
		free(a);
		free(c);
	}
	fl_scratch_free(s);
}

static void
the_number_of_threads_does_not_show(void)
{
	static const size_t shapes[][3] = { { 1, 4000, 512 }, { 6, 16, 64 }, { 70, 80, 96 },
		{ 256, 300, 64 }, { 300, 33, 2080 } };

	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		size_t m = shapes[i][0], n = shapes[i][1], k = shapes[i][2];
		float *w, *a = random_floats(m * k, 3), *c[4];
		struct fl_matrix x = random_matrix(FL_MATRIX_BF16, n, k, &w);

		for (int threads = 1; threads <= 4; threads++) {
			struct fl_scratch *s;

			fl_parallel_set(threads);
			s = fl_scratch_new();
			c[threads - 1] = random_floats(m * n, (uint64_t)threads);
			fl_gemm(c[threads - 1], a, m, &x, s);
			CHECK(memcmp(c[threads - 1], c[0], m * n * sizeof **c) == 0);
			fl_scratch_free(s);
		}
		for (int t = 0; t < 4; t++)
			free(c[t]);
		free_matrix(&x, w);
		free(a);
	}
}

static void
the_portable_product_agrees_with_sums_in_double(void)
{
	for (size_t m = 1; m <= 14; m++)
		for (size_t n = 1; n <= 40; n += 13) {
			size_t k = m * 50 - 49;
			float *a = random_floats(m * k, 1), *b = random_floats(n * k, 2), *bt, *c;

			bt = random_floats(n * k, 3);
			c = random_floats(m * n, 4);
			for (size_t i = 0; i < n; i++)
				for (size_t j = 0; j < k; j++)
					bt[j * n + i] = b[i * k + j];
			fl_sgemm_portable(&(struct fl_product){ true, false, m, n, k, a, k, b, k, 0, c, n });
			CHECK(worst(c, a, b, m, n, k) < 1e-6);
			memset(c, 0, m * n * sizeof *c);
			fl_sgemm_portable(&(struct fl_product){ false, false, m, n, k, a, k, bt, n, 1, c, n });
			CHECK(worst(c, a, b, m, n, k) < 1e-6);
			free(a);
			free(b);
			free(bt);
			free(c);
		}
}

int
main(void)
{
	TEST(each_kind_of_row_reads_as_what_was_stored);
	TEST(sizes_count_the_scales);
	TEST(every_f16_reads_as_in_base);
	TEST(products_agree_with_sums_in_double);
	TEST(rows_need_not_be_whole_vectors);
	TEST(the_portable_product_agrees_with_sums_in_double);
	TEST(the_number_of_threads_does_not_show);
	return test_done();
}
