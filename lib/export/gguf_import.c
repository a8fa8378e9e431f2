/* SPDX-License-Identifier: Apache-2.0 */
/* gguf_import.c -- puts the parts of an import together, and writes what they made. */
#include "export/gguf_import.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "export/gguf_import_impl.h"
#include "io/history.h"
#include "io/members.h"

static int
write_json(struct fl_writer *out, const char *name, const struct fl_json *v, struct fl_err *err)
{
	struct fl_str text = { 0 };
	int rc;

	if (!v)
		return 0;
	fl_json_write(&text, v, 2);
	fl_str_putc(&text, '\n');
	rc = fl_writer_member(out, name, text.data, text.len, err);
	fl_str_free(&text);
	return rc;
}

static int
write_tokenizer(const struct fl_gguf_tokenizer *t, struct fl_writer *out, struct fl_err *err)
{
	return write_json(out, "generation_config.json", t->generation, err) < 0 ||
		write_json(out, "tokenizer.json", t->tokenizer, err) < 0 ||
		write_json(out, "tokenizer_config.json", t->config, err) < 0
	    ? -1
	    : 0;
}

static int
write_history(const struct fl_sink *sink, const struct fl_digest *digest, const struct fl_json *arguments,
    struct fl_writer *out, struct fl_err *err)
{
	char hex[FL_DIGEST_LEN];
	char *text = fl_history_text("", fl_digest_hex(digest, hex), sink->tool, arguments, NULL);
	int rc = fl_writer_member(out, FL_MEMBER_HISTORY_NAME, text, strlen(text), err);

	free(text);
	return rc;
}

/* Writes all that was found; c and w are NULL where only the tokenizer is wanted. */
static int
write_all(const struct fl_config *c, const struct fl_gguf_tokenizer *t, const struct fl_gguf_weights *w,
    const struct fl_sink *sink, const struct fl_json *arguments, struct fl_err *err)
{
	struct fl_writer *out = fl_writer_open(sink->output, sink->zstd, err);
	struct fl_digest *digest = fl_digest_new();
	struct fl_json *config = c ? fl_config_json(c) : NULL;
	int rc = out ? 0 : -1;

	if (out && ((config && fl_writer_config(out, config, err) < 0) || write_tokenizer(t, out, err) < 0 ||
			(w && fl_gguf_import_write(w, out, digest, err) < 0) ||
			(w && !sink->no_history && write_history(sink, digest, arguments, out, err) < 0)))
		rc = -1;
	if (out && rc < 0)
		fl_writer_abandon(out);
	else if (out)
		rc = fl_writer_commit(out, err);
	fl_json_free(config);
	fl_digest_free(digest);
	return rc;
}

/* Refuses files that hold no model, as imatrix, LoRA and vision tools write them. */
static int
check_kind(const struct fl_gguf_file *g, bool any, const struct fl_gguf_form **form, struct fl_err *err)
{
	size_t type_len = 0, len = 0;
	const char *type = fl_gguf_keys_str(g->keys, "general.type", &type_len);
	const char *arch = fl_gguf_keys_str(g->keys, "general.architecture", &len);

	if (type && !fl_gguf_keys_is(g->keys, "general.type", "model"))
		return fl_err_data(err, "'%s' is no model but of type '%.*s'", g->name, (int)type_len, type);
	*form = arch ? fl_gguf_form_find(arch, len) : NULL;
	if (!*form && !any)
		return fl_err_data(err, "'%s': the architecture '%.*s' is not supported", g->name, (int)len, arch ? arch : "");
	return 0;
}

/* The tokenizer of a model, if it has one and it is wanted. */
static int
model_tokenizer(const struct fl_gguf_source *s, const struct fl_gguf_import_opts *o, const struct fl_config *c,
    struct fl_gguf_tokenizer *t)
{
	size_t n = fl_gguf_keys_strings(s->file->keys, "tokenizer.ggml.tokens");

	if (o->no_tokenizer)
		return 0;
	if (n > (size_t)c->vocab)
		return fl_err_data(s->err, "'%s' has %zu tokens and an embedding of %d rows", s->file->name, n, c->vocab);
	if (fl_gguf_import_tokenizer(s->file, o->pre, t, s->err) < 0)
		return -1;
	if (!t->tokenizer)
		fl_warn("'%s' has no tokenizer", s->file->name);
	return 0;
}

static int
import_model(const struct fl_gguf_source *s, const struct fl_gguf_import_opts *o, const struct fl_sink *sink,
    const struct fl_json *arguments)
{
	struct fl_config c = { 0 };
	struct fl_gguf_tokenizer t = { 0 };
	struct fl_gguf_weights *w = NULL;
	int rc = -1;

	if (fl_gguf_import_config(s, &c) == 0 && (w = fl_gguf_import_weights(s, &c, o->dtype)) &&
	    model_tokenizer(s, o, &c, &t) == 0)
		rc = write_all(&c, &t, w, sink, arguments, s->err);
	fl_gguf_import_tokenizer_free(&t);
	fl_gguf_import_weights_free(w);
	fl_config_free(&c);
	return rc;
}

static int
import_tokenizer(const struct fl_gguf_source *s, const struct fl_gguf_import_opts *o, const struct fl_sink *sink,
    const struct fl_json *arguments)
{
	struct fl_gguf_tokenizer t;
	int rc = fl_gguf_import_tokenizer(s->file, o->pre, &t, s->err);

	if (rc == 0 && !t.tokenizer)
		rc = fl_err_data(s->err, "'%s' has no tokenizer", s->file->name);
	if (rc == 0)
		rc = write_all(NULL, &t, NULL, sink, arguments, s->err);
	fl_gguf_import_tokenizer_free(&t);
	return rc;
}

int
fl_gguf_import(const char *path, const struct fl_gguf_import_opts *o, const struct fl_sink *sink,
    const struct fl_json *arguments, struct fl_err *err)
{
	struct fl_gguf_file *g = fl_gguf_file_open(path, o->tokenizer_only, err);
	struct fl_gguf_source s = { .file = g, .err = err };
	int rc = g ? check_kind(g, o->tokenizer_only, &s.form, err) : -1;

	if (rc == 0)
		rc = (o->tokenizer_only ? import_tokenizer : import_model)(&s, o, sink, arguments);
	fl_gguf_file_close(g);
	return rc;
}
