/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/panels.h"

#include "base/dtype.h"
#include "base/parallel.h"
#include "compute/vec.h"

enum { HALF = 16 /* outputs a vector */ };

typedef uint8_t bytes __attribute__((vector_size(16)));

bool
fl_panels_are(const struct fl_matrix *m)
{
	return m->kind == FL_MATRIX_PANELS4 || m->kind == FL_MATRIX_PANELS8;
}

static bool
is4(const struct fl_matrix *m)
{
	return m->kind == FL_MATRIX_INT4 || m->kind == FL_MATRIX_PANELS4;
}

size_t
fl_panels_one(const struct fl_matrix *m)
{
	return FL_PANEL_SUMS + m->cols / FL_MATRIX_GROUP * fl_panels_group(!is4(m));
}

size_t
fl_panels_size(const struct fl_matrix *m)
{
	return (m->rows + FL_PANEL - 1) / FL_PANEL * fl_panels_one(m);
}

/* --- into panels --- */

struct job {
	const struct fl_matrix *from;
	unsigned char *to;
};

/* A group of one output as stored, to eight words of four inputs each, unsigned; returns the sum of q. */
static int
read_group(const struct fl_matrix *m, size_t row, size_t group, uint32_t word[8])
{
	size_t bits = is4(m) ? 4 : 8, offset = is4(m) ? 8 : 128;
	const unsigned char *p = m->data;
	uint8_t q[FL_MATRIX_GROUP];
	int sum = -(int)(FL_MATRIX_GROUP * offset);

	p += (row * m->cols + group * FL_MATRIX_GROUP) * bits / 8;
	if (is4(m)) {
		bytes b, even, odd, half;

		memcpy(&b, p, sizeof b);
		even = b & 15;
		odd = b >> 4;
		half = __builtin_shufflevector(even, odd, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
		memcpy(q, &half, sizeof half);
		half = __builtin_shufflevector(even, odd, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
		memcpy(q + sizeof half, &half, sizeof half);
	} else {
		memcpy(q, p, sizeof q);
	}
	for (size_t i = 0; i < FL_MATRIX_GROUP; i++)
		sum += q[i];
	memcpy(word, q, sizeof q);
	return sum;
}

/* Output o of a panel's group: its words among those of the others. */
static void
put_words(unsigned char *to, const uint32_t word[8], size_t o, bool four)
{
	to += o / HALF * FL_PANEL_VECTOR + o % HALF * sizeof *word;
	for (size_t z = 0; z < (four ? 4 : 8); z++) {
		uint32_t w = four ? word[z] | word[z + 4] << 4 : word[z];

		memcpy(to + z * 2 * FL_PANEL_VECTOR, &w, sizeof w);
	}
}

static void
pack_panel(void *ctx, size_t tile, int thread)
{
	const struct job *j = ctx;
	const struct fl_matrix *m = j->from;
	size_t groups = m->cols / FL_MATRIX_GROUP, step = fl_panels_group(!is4(m));
	unsigned char *panel = j->to + tile * fl_panels_one(m);
	double sums[FL_PANEL] = { 0 };
	float rounded[FL_PANEL];

	(void)thread;
	for (size_t g = 0; g < groups; g++) {
		unsigned char *to = panel + FL_PANEL_SUMS + g * step;

		for (size_t o = 0; o < FL_PANEL; o++) {
			size_t row = tile * FL_PANEL + o;
			uint16_t scale = 0;
			uint32_t word[8];

			memset(word, is4(m) ? 0x08 : 0x80, sizeof word);
			if (row < m->rows) {
				memcpy(&scale, (const char *)m->scales + (row * groups + g) * sizeof scale, sizeof scale);
				sums[o] += (double)fl_bf16_to_f32(scale) * read_group(m, row, g, word);
			}
			memcpy(to + o * sizeof scale, &scale, sizeof scale);
			put_words(to + FL_PANEL_SCALES, word, o, is4(m));
		}
	}
	for (size_t o = 0; o < FL_PANEL; o++)
		rounded[o] = (float)sums[o];
	memcpy(panel, rounded, sizeof rounded);
}

struct fl_matrix
fl_panels_pack(const struct fl_matrix *m, void *to)
{
	struct job j = { m, to };

	fl_parallel((m->rows + FL_PANEL - 1) / FL_PANEL, pack_panel, &j);
	return (struct fl_matrix){ is4(m) ? FL_MATRIX_PANELS4 : FL_MATRIX_PANELS8, m->rows, m->cols, to, NULL };
}

/* --- and out again --- */

void
fl_panels_part_f32(const struct fl_matrix *m, size_t row, size_t first, size_t n, float *dst)
{
	size_t step = fl_panels_group(!is4(m)), o = row % FL_PANEL;
	const unsigned char *panel = (const unsigned char *)m->data + row / FL_PANEL * fl_panels_one(m);

	for (size_t g = first / FL_MATRIX_GROUP; g < (first + n) / FL_MATRIX_GROUP; g++, dst += FL_MATRIX_GROUP) {
		const unsigned char *from = panel + FL_PANEL_SUMS + g * step, *p;
		uint16_t bits;
		float scale;

		memcpy(&bits, from + o * sizeof bits, sizeof bits);
		scale = fl_bf16_to_f32(bits);
		p = from + FL_PANEL_SCALES + o / HALF * FL_PANEL_VECTOR + o % HALF * 4;
		for (size_t i = 0; i < FL_MATRIX_GROUP; i++) {
			size_t z = is4(m) ? i % 16 : i;
			int q = p[z / 4 * 2 * FL_PANEL_VECTOR + z % 4];

			q = !is4(m) ? q - 128 : (i < 16 ? q & 15 : q >> 4) - 8;
			dst[i] = (float)q * scale;
		}
	}
}
