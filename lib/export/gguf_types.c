/* SPDX-License-Identifier: Apache-2.0 */
/* gguf_types.c -- knows ggml's tensor types by number, from its ggml.h; those without a block are only named. */
#include "export/gguf_types.h"

#include "base/err.h"

static const struct {
	const char *name;
	uint16_t block, size; /* elements and bytes of a block */
} types[] = {
	[FL_GGML_F32] = { "F32", 1, 4 },
	[FL_GGML_F16] = { "F16", 1, 2 },
	[FL_GGML_Q4_0] = { "Q4_0", 32, 18 },
	[FL_GGML_Q4_1] = { "Q4_1", 32, 20 },
	[FL_GGML_Q5_0] = { "Q5_0", 32, 22 },
	[FL_GGML_Q5_1] = { "Q5_1", 32, 24 },
	[FL_GGML_Q8_0] = { "Q8_0", 32, 34 },
	[9] = { "Q8_1", 0, 0 },
	[FL_GGML_Q2_K] = { "Q2_K", 256, 84 },
	[FL_GGML_Q3_K] = { "Q3_K", 256, 110 },
	[FL_GGML_Q4_K] = { "Q4_K", 256, 144 },
	[FL_GGML_Q5_K] = { "Q5_K", 256, 176 },
	[FL_GGML_Q6_K] = { "Q6_K", 256, 210 },
	[15] = { "Q8_K", 0, 0 },
	[16] = { "IQ2_XXS", 0, 0 },
	[17] = { "IQ2_XS", 0, 0 },
	[18] = { "IQ3_XXS", 0, 0 },
	[19] = { "IQ1_S", 0, 0 },
	[FL_GGML_IQ4_NL] = { "IQ4_NL", 32, 18 },
	[21] = { "IQ3_S", 0, 0 },
	[22] = { "IQ2_S", 0, 0 },
	[FL_GGML_IQ4_XS] = { "IQ4_XS", 256, 136 },
	[24] = { "I8", 0, 0 },
	[25] = { "I16", 0, 0 },
	[26] = { "I32", 0, 0 },
	[27] = { "I64", 0, 0 },
	[28] = { "F64", 0, 0 },
	[29] = { "IQ1_M", 0, 0 },
	[FL_GGML_BF16] = { "BF16", 1, 2 },
	[34] = { "TQ1_0", 0, 0 },
	[35] = { "TQ2_0", 0, 0 },
	[39] = { "MXFP4", 0, 0 },
	[40] = { "NVFP4", 0, 0 },
};
enum { TYPES = sizeof types / sizeof *types };

unsigned
fl_ggml_block(uint32_t type)
{
	return type < TYPES ? types[type].block : 0;
}

uint64_t
fl_ggml_row_size(enum fl_ggml_type type, uint64_t cols)
{
	if (!fl_ggml_block(type))
		fl_bug("tensor type %d", type);
	return cols / types[type].block * types[type].size;
}

const char *
fl_ggml_name(uint32_t type)
{
	return type < TYPES && types[type].name ? types[type].name : "?";
}
