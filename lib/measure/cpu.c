/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/cpu.h"

#include <stdio.h>

#include "compute/attention.h"
#include "compute/isa.h"
#include "compute/qgemm.h"
#include "compute/sgemm.h"

char *
fl_cpu_features(char text[FL_CPU_LEN])
{
	size_t n = (size_t)snprintf(text, FL_CPU_LEN, "%s", fl_isa_names[FL_ISA_ANY]);

	for (int i = FL_ISA_ANY + 1; i < FL_ISAS; i++)
		if (fl_isa_has(i))
			n += (size_t)snprintf(text + n, FL_CPU_LEN - n, "+%s", fl_isa_names[i]);
	return text;
}

char *
fl_cpu_kernels(char text[FL_CPU_LEN])
{
	snprintf(text, FL_CPU_LEN, "attention=%s,int=%s,f32=%s", fl_attention_kernels(), fl_qgemm_best()->name,
	    fl_sgemm_name);
	return text;
}
