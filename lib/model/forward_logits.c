/* SPDX-License-Identifier: Apache-2.0 */
/* The head: logits of the rows that the layers left behind. */
#include "base/alloc.h"
#include "compute/gemm.h"
#include "model/forward_impl.h"

enum { LOGITS = 8 << 20 /* floats of logits at a time */ };

float *
fl_forward_final(const struct fl_forward *f)
{
	return f->acts.layer[f->m->config.layers].norm;
}

const float *
fl_forward_last(struct fl_forward *f)
{
	const float *row = fl_forward_final(f) + (f->rows - 1) * (size_t)f->m->config.width;

	fl_gemm(f->last, row, 1, &f->m->head, f->scratch);
	fl_forward_lap(f, FL_WORK_HEAD);
	return f->last;
}

static size_t
block_of(const struct fl_config *c, size_t rows)
{
	size_t block = LOGITS / (size_t)c->vocab + 1;

	return block < rows ? block : rows;
}

size_t
fl_forward_block(const struct fl_forward *f)
{
	return block_of(&f->m->config, f->capacity);
}

size_t
fl_forward_bytes(const struct fl_config *c, size_t rows, enum fl_acts_kept kept)
{
	size_t delta = kept ? rows * (size_t)c->width : 0, logits = (block_of(c, rows) + 1) * (size_t)c->vocab;

	return fl_acts_bytes(c, rows, kept) + (delta + logits) * sizeof(float);
}

void
fl_forward_logits_of(struct fl_forward *f, size_t first, size_t n, float *out)
{
	fl_forward_products(f, &(struct fl_gemm_out){ out, &f->m->head }, 1,
	    fl_forward_final(f) + first * (size_t)f->m->config.width, n);
}

void
fl_forward_logits(struct fl_forward *f,
    void (*see)(void *ctx, size_t first, size_t n, float *logits), void *ctx)
{
	size_t block = fl_forward_block(f);

	if (!f->logits)
		f->logits = fl_alloc_aligned(block, (size_t)f->m->config.vocab * sizeof *f->logits, "the logits");
	for (size_t at = 0; at < f->rows; at += block) {
		size_t n = f->rows - at < block ? f->rows - at : block;

		fl_forward_logits_of(f, at, n, f->logits);
		see(ctx, at, n, f->logits);
	}
}
