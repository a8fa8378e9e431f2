/* SPDX-License-Identifier: Apache-2.0 */
/* isa.h -- the instruction sets that kernels are written for, and whether this processor has them. */
#ifndef FL_COMPUTE_ISA_H
#define FL_COMPUTE_ISA_H

#include <stdbool.h>

enum fl_isa {
	FL_ISA_ANY,	   /* plain C */
	FL_ISA_AVX2,	   /* with FMA */
	FL_ISA_AVXVNNI,	   /* and these */
	FL_ISA_AVX512,	   /* F, BW, DQ and VL */
	FL_ISA_AVX512VNNI, /* and these */
	FL_ISA_DOTPROD,	   /* of aarch64 */
	FL_ISA_I8MM,	   /* and these */
	FL_ISAS
};

/* "avx2"; that of FL_ISA_ANY is the processor's family, "x86_64", "aarch64" or "other". */
extern const char *const fl_isa_names[FL_ISAS];

bool fl_isa_has(enum fl_isa isa);

#endif
