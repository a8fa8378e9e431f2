/* SPDX-License-Identifier: Apache-2.0 */
/* cpu.h -- what kind of processor this is, as far as kernels care. */
#ifndef FL_MEASURE_CPU_H
#define FL_MEASURE_CPU_H

enum { FL_CPU_LEN = 128 };

/* The instruction sets of compute/isa.h that are here, "x86_64+avx2+avx512"; returns text. */
char *fl_cpu_features(char text[FL_CPU_LEN]);

/* The kernels that this program chooses here, "attention=avx2,int=avxvnni,f32=onednn"; returns text. */
char *fl_cpu_kernels(char text[FL_CPU_LEN]);

#endif
