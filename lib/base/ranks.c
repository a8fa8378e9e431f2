/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ranks.h"

#include <stdlib.h>

#ifdef FL_MPI
#include <mpi.h>
#endif

static int count = 1, self;

int
fl_ranks_count(void)
{
	return count;
}

int
fl_ranks_self(void)
{
	return self;
}

/* What the usual starters set: Open MPI, MPICH, and Slurm through PMIx. */
static bool
started_by_mpirun(void)
{
	return getenv("OMPI_COMM_WORLD_SIZE") || getenv("PMI_SIZE") || getenv("PMIX_RANK");
}

#ifdef FL_MPI

enum { AT_ONCE = 1 << 24 /* elements a message: MPI counts in int */ };

int
fl_ranks_begin(struct fl_err *err)
{
	int provided;

	if (!started_by_mpirun())
		return 0;
	if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS)
		return fl_err_sys(err, "cannot start MPI");
	MPI_Comm_size(MPI_COMM_WORLD, &count);
	MPI_Comm_rank(MPI_COMM_WORLD, &self);
	return 0;
}

void
fl_ranks_end(void)
{
	if (started_by_mpirun())
		MPI_Finalize();
}

static void
sum(char *x, size_t n, size_t size, MPI_Datatype type)
{
	if (count == 1)
		return;
	for (size_t at = 0; at < n; at += AT_ONCE)
		MPI_Allreduce(MPI_IN_PLACE, x + at * size, (int)(n - at < AT_ONCE ? n - at : AT_ONCE), type,
		    MPI_SUM, MPI_COMM_WORLD);
}

void
fl_ranks_sum_f32(float *x, size_t n)
{
	sum((char *)x, n, sizeof *x, MPI_FLOAT);
}

void
fl_ranks_sum_f64(double *x, size_t n)
{
	sum((char *)x, n, sizeof *x, MPI_DOUBLE);
}

#else

int
fl_ranks_begin(struct fl_err *err)
{
	if (started_by_mpirun())
		return fl_err_usage(err, "started by mpirun, but built without MPI: install it and build again");
	return 0;
}

void
fl_ranks_end(void)
{
}

void
fl_ranks_sum_f32(float *x, size_t n)
{
	(void)x, (void)n;
}

void
fl_ranks_sum_f64(double *x, size_t n)
{
	(void)x, (void)n;
}

#endif

bool
fl_ranks_all(bool ok)
{
	double failed = !ok;

	fl_ranks_sum_f64(&failed, 1);
	return failed == 0;
}
