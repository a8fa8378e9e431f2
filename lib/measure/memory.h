/* SPDX-License-Identifier: Apache-2.0 */
/* memory.h -- how much memory this process has. */
#ifndef FL_MEASURE_MEMORY_H
#define FL_MEASURE_MEMORY_H

#include <stdint.h>

uint64_t fl_memory_peak(void);	   /* the most bytes that ever were resident */
uint64_t fl_memory_resident(void); /* now; 0 where the system does not say */

#endif
