/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/isa.h"

#include <stdatomic.h>

#if defined(__x86_64__)
#include <cpuid.h>

#define FAMILY "x86_64"
enum { AVX_VNNI = 1 << 4 /* of eax, leaf 7.1 */ };

/* clang 14 does not know the name. */
static bool
has_avxvnni(void)
{
	unsigned a = 0, b, c, d;

	return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & AVX_VNNI);
}

static unsigned
ask(void)
{
	bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
	bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	    __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
	bool avx512vnni = avx512 && __builtin_cpu_supports("avx512vnni");

	return (unsigned)avx2 << FL_ISA_AVX2 | (unsigned)(avx2 && has_avxvnni()) << FL_ISA_AVXVNNI |
	    (unsigned)avx512 << FL_ISA_AVX512 | (unsigned)avx512vnni << FL_ISA_AVX512VNNI;
}
#elif defined(__aarch64__)
#include <sys/auxv.h>

#define FAMILY "aarch64"
enum { ASIMDDP = 1 << 20 /* of AT_HWCAP */, I8MM = 1 << 13 /* of AT_HWCAP2 */ };

static unsigned
ask(void)
{
	bool dotprod = getauxval(AT_HWCAP) & ASIMDDP;

	return (unsigned)dotprod << FL_ISA_DOTPROD |
	    (unsigned)(dotprod && (getauxval(AT_HWCAP2) & I8MM)) << FL_ISA_I8MM;
}
#else
#define FAMILY "other"

static unsigned
ask(void)
{
	return 0;
}
#endif

const char *const fl_isa_names[FL_ISAS] = { FAMILY, "avx2", "avxvnni", "avx512", "avx512vnni", "dotprod", "i8mm" };

/* Asked once, for cpuid leaves a virtual machine every time: what never changes may be remembered. */
bool
fl_isa_has(enum fl_isa isa)
{
	static atomic_uint known;
	unsigned has = atomic_load_explicit(&known, memory_order_relaxed);

	if (!has) {
		has = ask() | 1U << FL_ISA_ANY;
		atomic_store_explicit(&known, has, memory_order_relaxed);
	}
	return has >> isa & 1;
}
