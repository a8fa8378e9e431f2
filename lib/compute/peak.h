/* SPDX-License-Identifier: Apache-2.0 */
/* peak.h -- loops that do nothing but multiply and add, or read: what the machine could do at most.
 *
 * The products have operands of one and independent sums, as many as hide what an instruction takes, so that a
 * loop's own result is the number of multiply-adds it did. Nothing but registers and the first-level cache is
 * used. Which loop is fastest depends on the machine: a table, as those of the kernels. */
#ifndef FL_COMPUTE_PEAK_H
#define FL_COMPUTE_PEAK_H

#include <stddef.h>
#include <stdint.h>

#include "compute/isa.h"

enum { FL_PEAK_TURNS = 1 << 20 }; /* the most turns that are counted exactly */

struct fl_peak {
	const char *name;
	enum fl_isa isa;
	/* `turns` times around, at most FL_PEAK_TURNS; the multiply-adds that were done, of bytes into 32-bit
	 * integers and of floats. `one` points to 64 bytes of one and 16 floats of one. */
	uint64_t (*int8)(size_t turns, const int8_t *one);
	uint64_t (*f32)(size_t turns, const float *one);
};

/* All there are in this program, the best last; NULL ends them. The first is plain C. */
extern const struct fl_peak *const fl_peaks[];
const struct fl_peak *fl_peak_best(void); /* of those usable here */

extern const struct fl_peak fl_peak_portable, fl_peak_avx2, fl_peak_avx512, fl_peak_avx512vnni,
    fl_peak_dotprod, fl_peak_i8mm;

/* The exclusive or of n words, n a multiple of 64: reads them as fast as they come. */
uint32_t fl_peak_read(const uint32_t *x, size_t n);

#endif
