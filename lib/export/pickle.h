/* SPDX-License-Identifier: Apache-2.0 */
/* pickle.h -- data.pkl of PyTorch's torch.save: a dict of tensors by name, as torch.load(weights_only=True)
 * takes it. Python's pickle protocol 2.
 *
 * Tensors are contiguous; each has a storage of its own, data/0, data/1 and so on in their order. */
#ifndef FL_EXPORT_PICKLE_H
#define FL_EXPORT_PICKLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct fl_pickle { /* zero-initialise */
	struct fl_str text;
	size_t n; /* tensors so far */
};

void fl_pickle_begin(struct fl_pickle *p);

/* storage: "FloatStorage", "HalfStorage", "BFloat16Storage" or "CharStorage". */
void fl_pickle_tensor(struct fl_pickle *p, const char *name, const char *storage, const uint64_t *shape, size_t dims);
void fl_pickle_end(struct fl_pickle *p);
void fl_pickle_free(struct fl_pickle *p);

#endif
