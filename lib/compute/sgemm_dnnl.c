/* SPDX-License-Identifier: Apache-2.0 */
#include <dnnl.h>

#include "base/err.h"
#include "compute/sgemm.h"

void
fl_sgemm_dnnl(const struct fl_product *p)
{
	dnnl_status_t status = dnnl_sgemm(p->trans_a ? 'T' : 'N', p->trans ? 'T' : 'N', (dnnl_dim_t)p->m,
	    (dnnl_dim_t)p->n, (dnnl_dim_t)p->k, 1, p->a, (dnnl_dim_t)p->lda, p->b,
	    (dnnl_dim_t)p->ldb, p->beta, p->c, (dnnl_dim_t)p->ldc);

	if (status != dnnl_success)
		fl_bug("dnnl_sgemm: status %d", (int)status);
}
