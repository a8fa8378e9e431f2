/* SPDX-License-Identifier: Apache-2.0 */
/* safetensors.h -- the safetensors container: its header, and small files of it whole.
 *
 * The header is trusted in nothing: sizes are recomputed from shapes, and the tensors must tile the
 * data section without gap or overlap. */
#ifndef FL_IO_SAFETENSORS_H
#define FL_IO_SAFETENSORS_H

#include <stddef.h>

#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "base/tensor.h"

enum { FL_SAFETENSORS_MAX_HEADER = 100 << 20 };

/* A parsed header: n tensors in the order of their data, names owned by it. */
struct fl_safetensors {
	size_t n;
	struct fl_tensor *tensor;
	uint64_t *offset;	  /* of each, from the start of the data section */
	uint64_t data_size;	  /* bytes of the data section */
	struct fl_json *json;	  /* the header's text as a tree */
	struct fl_json *metadata; /* __metadata__ in it, NULL if absent */
	const char *data;	  /* the data section, where the whole file is at hand; else NULL */
	struct fl_file file;	  /* behind data */
};

/* The first eight bytes of a file: the length of its header. */
uint64_t fl_safetensors_length(const void *eight);

/* The same, checked: not too long, and no longer than a file of `size` bytes has room for, which `what` names. Of a file
 * of less than eight bytes none is looked at. */
int fl_safetensors_room(const void *eight, uint64_t size, const char *what, uint64_t *len,
    struct fl_err *err) FL_MUST_USE;

/* The header's JSON text (without the eight bytes of its length). `what` names the file. */
struct fl_safetensors *fl_safetensors_parse(const char *text, size_t len, const char *what,
    struct fl_err *err) FL_MUST_USE;
/* The same of a file of `size` bytes, which must be those of its parts. */
struct fl_safetensors *fl_safetensors_parse_sized(const char *text, size_t len, uint64_t size, const char *what,
    struct fl_err *err) FL_MUST_USE;
void fl_safetensors_free(struct fl_safetensors *s);

/* 1: a plain file begins as one, a length and a brace; 0: it does not, or is no plain file, and then it was not opened, as
 * a pipe would not survive it; -1: it cannot be read. */
int fl_safetensors_is(const char *path, struct fl_err *err) FL_MUST_USE;

/* A whole file mapped (metrics, fixtures): data is set; the file's size must be exact. */
struct fl_safetensors *fl_safetensors_open(const char *path, struct fl_err *err) FL_MUST_USE;
const struct fl_tensor *fl_safetensors_find(const struct fl_safetensors *s, const char *name,
    const void **data); /* NULL if absent; data may be NULL */

/* Appends to out the length and header for these tensors, in this order, padded with spaces so that
 * the data section begins on a multiple of 8. metadata may be NULL. */
void fl_safetensors_header(struct fl_str *out, const struct fl_tensor *tensor, size_t n,
    const struct fl_json *metadata);

#endif
