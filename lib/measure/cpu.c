/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/cpu.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#ifdef __aarch64__
#include <sys/auxv.h>
#endif

#include "compute/attention.h"
#include "compute/qgemm.h"
#include "compute/sgemm.h"

static void
add(char *text, const char *name, bool there)
{
	size_t n = strlen(text);

	if (there)
		snprintf(text + n, FL_CPU_LEN - n, "+%s", name);
}

#if defined(__x86_64__)
static const char machine[] = "x86_64";

static void
extensions(char *text)
{
	add(text, "avx2", __builtin_cpu_supports("avx2"));
	add(text, "fma", __builtin_cpu_supports("fma"));
	add(text, "avx512f", __builtin_cpu_supports("avx512f"));
	add(text, "avx512bw", __builtin_cpu_supports("avx512bw"));
	add(text, "avx512vnni", __builtin_cpu_supports("avx512vnni"));
	add(text, "avx512bf16", __builtin_cpu_supports("avx512bf16"));
}
#elif defined(__aarch64__)
static const char machine[] = "aarch64";

/* Bits of AT_HWCAP and, the second list, of AT_HWCAP2. */
static void
extensions(char *text)
{
	unsigned long one = getauxval(AT_HWCAP), two = getauxval(AT_HWCAP2);

	add(text, "fphp", one >> 9 & 1);
	add(text, "dotprod", one >> 20 & 1);
	add(text, "sve", one >> 22 & 1);
	add(text, "i8mm", two >> 13 & 1);
	add(text, "bf16", two >> 14 & 1);
}
#else
static const char machine[] = "other";

static void
extensions(char *text)
{
	(void)text;
}
#endif

char *
fl_cpu_features(char text[FL_CPU_LEN])
{
	snprintf(text, FL_CPU_LEN, "%s", machine);
	extensions(text);
	return text;
}

char *
fl_cpu_kernels(char text[FL_CPU_LEN])
{
	snprintf(text, FL_CPU_LEN, "attention=%s,int=%s,f32=%s", fl_attention_kernels(), fl_qgemm_best()->name,
	    fl_sgemm_name);
	return text;
}
