/* SPDX-License-Identifier: Apache-2.0 */
/* The container, https://github.com/huggingface/safetensors:
 *
 *     OFFSET  SIZE  DESCRIPTION
 *     0       8     n, length of the header, little-endian
 *     8       n     JSON object: "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
 *                   and "__metadata__": an object of strings; spaces may follow
 *     8+n           the data section; data_offsets count from here, elements are little-endian */
#include "io/safetensors.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

struct entry { /* a tensor and where it lies, while they are sorted together */
	struct fl_tensor tensor;
	uint64_t begin;
};

static int
parse_offsets(const struct fl_json *v, uint64_t *begin, uint64_t *end)
{
	long long b = fl_json_int(fl_json_at(v, 0), -1), e = fl_json_int(fl_json_at(v, 1), -1);

	if (fl_json_type(v) != FL_JSON_ARRAY || fl_json_len(v) != 2 || b < 0 || e < b)
		return -1;
	*begin = (uint64_t)b;
	*end = (uint64_t)e;
	return 0;
}

static int
parse_shape(const struct fl_json *v, uint64_t *shape)
{
	size_t n = fl_json_len(v);

	if (fl_json_type(v) != FL_JSON_ARRAY || n > FL_TENSOR_DIMS)
		return -1;
	for (size_t i = 0; i < n; i++) {
		long long x = fl_json_int(fl_json_at(v, i), -1);

		if (x < 0)
			return -1;
		shape[i] = (uint64_t)x;
	}
	return (int)n;
}

static int
parse_tensor(struct entry *e, const char *name, const struct fl_json *v, const char *what,
    struct fl_err *err)
{
	const char *type = fl_json_str(fl_json_get(v, "dtype"));
	uint64_t shape[FL_TENSOR_DIMS], end;
	int ndim = parse_shape(fl_json_get(v, "shape"), shape);
	enum fl_dtype dtype;

	if (!*name)
		return fl_err_data(err, "'%s': a tensor has no name", what);
	if (!type)
		return fl_err_data(err, "'%s': tensor '%s' has no dtype", what, name);
	if (fl_dtype_parse(type, &dtype) < 0)
		return fl_err_data(err, "'%s': tensor '%s' has unsupported dtype '%s'", what, name, type);
	if (ndim < 0 || fl_tensor_init(&e->tensor, name, dtype, ndim, shape) < 0)
		return fl_err_data(err, "'%s': tensor '%s' has an unsupported shape", what, name);
	if (parse_offsets(fl_json_get(v, "data_offsets"), &e->begin, &end) < 0)
		return fl_err_data(err, "'%s': tensor '%s' has bad data_offsets", what, name);
	if (end - e->begin != e->tensor.size)
		return fl_err_data(err, "'%s': tensor '%s' has %llu bytes of data, its shape needs %zu",
		    what, name, (unsigned long long)(end - e->begin), e->tensor.size);
	return 0;
}

/* By place; an empty tensor before the one that begins where it lies. */
static int
by_place(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->begin != y->begin)
		return x->begin < y->begin ? -1 : 1;
	if (x->tensor.size != y->tensor.size)
		return x->tensor.size < y->tensor.size ? -1 : 1;
	return strcmp(x->tensor.name, y->tensor.name);
}

static int
lay_out(struct fl_safetensors *s, struct entry *e, const char *what, struct fl_err *err)
{
	qsort(e, s->n, sizeof *e, by_place);
	s->tensor = fl_alloc(s->n, sizeof *s->tensor);
	s->offset = fl_alloc(s->n, sizeof *s->offset);
	for (size_t i = 0; i < s->n; i++) {
		if (e[i].begin != s->data_size)
			return fl_err_data(err, "'%s': tensor '%s' begins at %llu, not at %llu", what,
			    e[i].tensor.name, (unsigned long long)e[i].begin,
			    (unsigned long long)s->data_size);
		s->tensor[i] = e[i].tensor;
		s->offset[i] = e[i].begin;
		s->data_size += e[i].tensor.size;
	}
	return 0;
}

static int
check_metadata(const struct fl_json *v, const char *what, struct fl_err *err)
{
	if (fl_json_type(v) != FL_JSON_OBJECT)
		return fl_err_data(err, "'%s': __metadata__ is not an object", what);
	for (void *it = fl_json_first(v); it; it = fl_json_next(v, it))
		if (!fl_json_str(fl_json_value(it)))
			return fl_err_data(err, "'%s': '%s' in __metadata__ is not a string", what,
			    fl_json_key(it));
	return 0;
}

static int
parse_header(struct fl_safetensors *s, const char *what, struct fl_err *err)
{
	struct entry *e = fl_alloc(fl_json_len(s->json), sizeof *e);
	int rc = 0;

	for (void *it = fl_json_first(s->json); it && rc == 0; it = fl_json_next(s->json, it)) {
		if (strcmp(fl_json_key(it), "__metadata__") == 0) {
			s->metadata = fl_json_value(it);
			rc = check_metadata(s->metadata, what, err);
		} else {
			rc = parse_tensor(&e[s->n++], fl_json_key(it), fl_json_value(it), what, err);
		}
	}
	if (rc == 0)
		rc = lay_out(s, e, what, err);
	free(e);
	return rc;
}

struct fl_safetensors *
fl_safetensors_parse(const char *text, size_t len, const char *what, struct fl_err *err)
{
	struct fl_safetensors *s;
	struct fl_json *json;

	if (len == 0 || text[0] != '{') {
		fl_err_data(err, "'%s' is not a safetensors file", what);
		return NULL;
	}
	json = fl_json_parse(text, len, what, err);
	if (!json)
		return NULL;
	s = fl_alloc(1, sizeof *s);
	s->json = json;
	if (parse_header(s, what, err) < 0) {
		fl_safetensors_free(s);
		return NULL;
	}
	return s;
}

void
fl_safetensors_free(struct fl_safetensors *s)
{
	if (!s)
		return;
	fl_file_close(&s->file);
	fl_json_free(s->json);
	free(s->tensor);
	free(s->offset);
	free(s);
}

uint64_t
fl_safetensors_length(const void *eight)
{
	const unsigned char *p = eight;
	uint64_t n = 0;

	for (int i = 7; i >= 0; i--)
		n = n << 8 | p[i];
	return n;
}

int
fl_safetensors_room(const void *eight, uint64_t size, const char *what, uint64_t *len, struct fl_err *err)
{
	*len = size < 8 ? 0 : fl_safetensors_length(eight);
	if (*len > FL_SAFETENSORS_MAX_HEADER)
		return fl_err_data(err, "'%s' is not a safetensors file", what);
	return size < 8 || *len > size - 8 ? fl_err_data(err, "'%s' ends early", what) : 0;
}

struct fl_safetensors *
fl_safetensors_parse_sized(const char *text, size_t len, uint64_t size, const char *what, struct fl_err *err)
{
	struct fl_safetensors *s = fl_safetensors_parse(text, len, what, err);
	uint64_t data = size - 8 - len;

	if (s && s->data_size != data) {
		fl_err_data(err, s->data_size > data ? "'%s' ends early" : "'%s' has bytes after its end", what);
		fl_safetensors_free(s);
		return NULL;
	}
	return s;
}

int
fl_safetensors_is(const char *path, struct fl_err *err)
{
	char begin[9];
	int n = fl_file_peek(path, begin, sizeof begin, err);

	if (n < (int)sizeof begin)
		return n < 0 ? -1 : 0;
	return begin[8] == '{' && fl_safetensors_length(begin) <= FL_SAFETENSORS_MAX_HEADER;
}

static struct fl_safetensors *
parse_file(const char *p, size_t size, const char *what, struct fl_err *err)
{
	struct fl_safetensors *s;
	uint64_t len;

	if (fl_safetensors_room(p, size, what, &len, err) < 0)
		return NULL;
	s = fl_safetensors_parse_sized(p + 8, len, size, what, err);
	if (s)
		s->data = p + 8 + len;
	return s;
}

struct fl_safetensors *
fl_safetensors_open(const char *path, struct fl_err *err)
{
	enum { MAX = 1 << 30 }; /* of a pipe */
	struct fl_safetensors *s;
	struct fl_file file;

	if (fl_file_open(&file, path, MAX, err) < 0)
		return NULL;
	s = parse_file(file.data, file.size, fl_input_name(path), err);
	if (s)
		s->file = file;
	else
		fl_file_close(&file);
	return s;
}

const struct fl_tensor *
fl_safetensors_find(const struct fl_safetensors *s, const char *name, const void **data)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->tensor[i].name, name) == 0) {
			if (data)
				*data = s->data ? s->data + s->offset[i] : NULL;
			return &s->tensor[i];
		}
	return NULL;
}

static struct fl_json *
describe(const struct fl_tensor *t, uint64_t begin)
{
	struct fl_json *v = fl_json_new_object(), *shape = fl_json_new_array(),
		       *offsets = fl_json_new_array();

	for (int i = 0; i < t->ndim; i++)
		fl_json_push(shape, fl_json_new_int((long long)t->shape[i]));
	fl_json_push(offsets, fl_json_new_int((long long)begin));
	fl_json_push(offsets, fl_json_new_int((long long)(begin + t->size)));
	fl_json_set(v, "dtype", fl_json_new_str(fl_dtype_name(t->dtype)));
	fl_json_set(v, "shape", shape);
	fl_json_set(v, "data_offsets", offsets);
	return v;
}

void
fl_safetensors_header(struct fl_str *out, const struct fl_tensor *tensor, size_t n,
    const struct fl_json *metadata)
{
	struct fl_json *header = fl_json_new_object();
	struct fl_str text = { 0 };
	uint64_t begin = 0;

	if (metadata)
		fl_json_set(header, "__metadata__", fl_json_copy(metadata));
	for (size_t i = 0; i < n; i++) {
		fl_json_set(header, tensor[i].name, describe(&tensor[i], begin));
		begin += tensor[i].size;
	}
	fl_json_write(&text, header, 0);
	while (text.len % 8)
		fl_str_putc(&text, ' ');
	for (int i = 0; i < 8; i++)
		fl_str_putc(out, (char)(text.len >> 8 * i & 0xff));
	fl_str_add(out, text.data, text.len);
	fl_str_free(&text);
	fl_json_free(header);
}
