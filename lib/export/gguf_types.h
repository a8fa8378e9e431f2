/* SPDX-License-Identifier: Apache-2.0 */
/* gguf_types.h -- the GGUF format's numbers for types of values, tensors and tokens, and what tensors take. */
#ifndef FL_EXPORT_GGUF_TYPES_H
#define FL_EXPORT_GGUF_TYPES_H

#include <stdint.h>

enum fl_gguf_value {
	FL_GGUF_U8 = 0,
	FL_GGUF_I8 = 1,
	FL_GGUF_U16 = 2,
	FL_GGUF_I16 = 3,
	FL_GGUF_U32 = 4,
	FL_GGUF_I32 = 5,
	FL_GGUF_F32 = 6,
	FL_GGUF_BOOL = 7,
	FL_GGUF_STR = 8,
	FL_GGUF_ARRAY = 9,
	FL_GGUF_U64 = 10,
	FL_GGUF_I64 = 11,
	FL_GGUF_F64 = 12,
};

enum fl_ggml_type {
	FL_GGML_F32 = 0,
	FL_GGML_F16 = 1,
	FL_GGML_Q4_0 = 2,
	FL_GGML_Q4_1 = 3,
	FL_GGML_Q5_0 = 6,
	FL_GGML_Q5_1 = 7,
	FL_GGML_Q8_0 = 8,
	FL_GGML_Q2_K = 10,
	FL_GGML_Q3_K = 11,
	FL_GGML_Q4_K = 12,
	FL_GGML_Q5_K = 13,
	FL_GGML_Q6_K = 14,
	FL_GGML_IQ4_NL = 20,
	FL_GGML_IQ4_XS = 23,
	FL_GGML_BF16 = 30,
};

/* The type of a token says what it is for. Unknown, control and user tokens are found in text before anything else. */
enum fl_gguf_token {
	FL_GGUF_TOKEN_NORMAL = 1,
	FL_GGUF_TOKEN_UNKNOWN = 2,
	FL_GGUF_TOKEN_CONTROL = 3,
	FL_GGUF_TOKEN_USER = 4, /* defined by a user: text, and whole */
	FL_GGUF_TOKEN_UNUSED = 5,
	FL_GGUF_TOKEN_BYTE = 6,
};

enum { FL_GGUF_ALIGN = 32, FL_GGUF_NAME = 63 /* bytes of a tensor's name, at most */ };

/* Returns how many elements a block has, of which rows hold whole ones; 0 for a type that is not known here. */
unsigned fl_ggml_block(uint32_t type);
uint64_t fl_ggml_row_size(enum fl_ggml_type type, uint64_t cols); /* bytes, cols a multiple of the block */

/* Returns "Q4_K", for other types of ggml too, and "?" for what it has not. */
const char *fl_ggml_name(uint32_t type);

#endif
