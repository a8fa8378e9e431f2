/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/memory.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

uint64_t
fl_memory_peak(void)
{
	struct rusage own;

	getrusage(RUSAGE_SELF, &own);
	return (uint64_t)own.ru_maxrss * 1024;
}

/* The second number, in pages: size resident shared ... */
uint64_t
fl_memory_resident(void)
{
	unsigned long long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f && fscanf(f, "%*u %llu", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}
