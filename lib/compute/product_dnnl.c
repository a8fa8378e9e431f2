/* SPDX-License-Identifier: Apache-2.0 */
#include <dnnl.h>

#include "base/err.h"
#include "compute/sgemm.h"

static void
check(dnnl_status_t status, const char *what)
{
	if (status != dnnl_success)
		fl_bug("%s: status %d", what, (int)status);
}

void
fl_sgemm_dnnl(const struct fl_product *p)
{
	check(dnnl_sgemm(p->trans_a ? 'T' : 'N', p->trans ? 'T' : 'N', (dnnl_dim_t)p->m,
	    (dnnl_dim_t)p->n, (dnnl_dim_t)p->k, 1, p->a, (dnnl_dim_t)p->lda, p->b, (dnnl_dim_t)p->ldb,
	    p->beta, p->c, (dnnl_dim_t)p->ldc), "dnnl_sgemm");
}

/* --- bf16 --- */

/* A matrix [rows, cols] of which the distance between rows is `ld`, or that between columns if `trans`. */
static dnnl_memory_desc_t
describe(size_t rows, size_t cols, dnnl_data_type_t type, bool trans, size_t ld)
{
	dnnl_memory_desc_t d;

	check(dnnl_memory_desc_init_by_strides(&d, 2,
	    (dnnl_dims_t){ (dnnl_dim_t)rows, (dnnl_dim_t)cols }, type,
	    (dnnl_dims_t){ trans ? 1 : (dnnl_dim_t)ld, trans ? (dnnl_dim_t)ld : 1 }), "memory_desc");
	return d;
}

/* The library keeps the kernels of the shapes it has seen: after the first of a kind this is quick. NULL: on this CPU it
 * has none. */
static dnnl_primitive_t
make_matmul(dnnl_engine_t engine, const dnnl_memory_desc_t d[3], float beta)
{
	dnnl_matmul_desc_t desc;
	dnnl_primitive_desc_t pd;
	dnnl_primitive_attr_t attr;
	dnnl_post_ops_t ops;
	dnnl_primitive_t matmul = NULL;
	dnnl_status_t status;

	check(dnnl_primitive_attr_create(&attr), "attr");
	check(dnnl_post_ops_create(&ops), "post_ops");
	if (beta != 0)
		check(dnnl_post_ops_append_sum(ops, beta), "sum");
	check(dnnl_primitive_attr_set_post_ops(attr, ops), "set_post_ops");
	check(dnnl_matmul_desc_init(&desc, &d[0], &d[1], NULL, &d[2]), "matmul_desc");
	status = dnnl_primitive_desc_create(&pd, &desc, attr, engine, NULL);
	if (status != dnnl_unimplemented) {
		check(status, "primitive_desc");
		check(dnnl_primitive_create(&matmul, pd), "primitive");
		dnnl_primitive_desc_destroy(pd);
	}
	dnnl_post_ops_destroy(ops);
	dnnl_primitive_attr_destroy(attr);
	return matmul;
}

static void
execute(dnnl_engine_t engine, dnnl_primitive_t matmul, const dnnl_memory_desc_t d[3], void *const data[3])
{
	const int name[3] = { DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST };
	dnnl_exec_arg_t arg[3];
	dnnl_stream_t stream;

	check(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags), "stream");
	for (int i = 0; i < 3; i++) {
		arg[i].arg = name[i];
		check(dnnl_memory_create(&arg[i].memory, &d[i], engine, data[i]), "memory");
	}
	check(dnnl_primitive_execute(matmul, stream, 3, arg), "matmul");
	check(dnnl_stream_wait(stream), "wait");
	for (int i = 0; i < 3; i++)
		dnnl_memory_destroy(arg[i].memory);
	dnnl_stream_destroy(stream);
}

void
fl_bgemm_dnnl(const struct fl_product *p, const uint16_t *a, const uint16_t *b)
{
	const dnnl_memory_desc_t d[3] = { describe(p->m, p->k, dnnl_bf16, p->trans_a, p->lda),
		describe(p->k, p->n, dnnl_bf16, p->trans, p->ldb), describe(p->m, p->n, dnnl_f32, false, p->ldc) };
	dnnl_engine_t engine;
	dnnl_primitive_t matmul;

	check(dnnl_engine_create(&engine, dnnl_cpu, 0), "engine");
	matmul = make_matmul(engine, d, p->beta);
	if (matmul) {
		execute(engine, matmul, d, (void *[]){ (void *)a, (void *)b, p->c });
		dnnl_primitive_destroy(matmul);
	} else {
		fl_bgemm_widened(p, a, b);
	}
	dnnl_engine_destroy(engine);
}
