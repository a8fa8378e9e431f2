/* SPDX-License-Identifier: Apache-2.0 */
/* fl-tokenize.c -- text to token ids, and back.
 *
 * Documents, and parts of a large one where it may be cut, are encoded on all threads, a batch at a time,
 * and written in their order. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cli.h"
#include "base/file.h"
#include "base/log.h"
#include "base/progress.h"
#include "io/output.h"
#include "model/tokenizer_of.h"
#include "text/tokenizer.h"
#include "text/tokens.h"
#include "text/utf8.h"

enum { BATCH = 1024, BATCH_BYTES = 4 << 20, PART_BYTES = 128 << 10 };
static const size_t most_bytes = (size_t)1 << 40;

static const char *checkpoint, *output, *separator;
static bool decode, specials;

static const struct fl_opt opts[] = {
	FL_OPT_CKPT(checkpoint, "Use the tokenizer of this checkpoint. Required."),
	{ 'd', "decode", NULL, "Turn ids into text.", .flag = &decode },
	{ 0, "separator", "string",
	  "The text between two occurrences of string is a document; line breaks at its ends are dropped. "
	  "With -d, write string on a line of its own for each end-of-text token. Without it, each file "
	  "is one document, byte for byte.", .str = &separator },
	{ 0, "specials", NULL,
	  "Special tokens that are spelt out in the text are those tokens. The default is to take them as "
	  "text like any other. With -d, spell them out. The default is to leave them out.",
	  .flag = &specials },
	FL_OPT_OUTPUT(output),
	FL_OPT_THREADS,
	{ 0 },
};

static const struct fl_tool tool = {
	.name = "fl-tokenize", .brief = "turn text into token ids and back",
	.operands = "[file...]", .max_operands = -1, .opts = opts,
};

/* A document, or a part of one. */
struct part {
	const char *text;
	size_t len, number; /* of the document */
	bool begins;	    /* it */
	struct fl_ids ids;
	struct fl_err err;
};

/* What encoding goes on with from one file to the next. */
struct job {
	const struct fl_tokenizer *t;
	struct fl_encoder **encoder; /* one a thread */
	struct fl_output *out;
	struct part part[BATCH];
	size_t n, bytes; /* of the batch */
	bool begun;	 /* a document was written */
};

/* Encoding ---------------------------------------------------------------------------------------- */

static void
encode_part(void *ctx, size_t tile, int thread)
{
	struct job *j = ctx;
	struct part *p = &j->part[tile];
	unsigned flags = (specials ? FL_ENCODE_SPECIALS : 0) | (p->begins ? 0 : FL_ENCODE_CONTINUED);

	if (p->begins && fl_tokenizer_add_bos(j->t))
		fl_ids_push(&p->ids, (uint32_t)fl_tokenizer_bos(j->t));
	if (fl_encoder_run(j->encoder[thread], p->text, p->len, flags, &p->ids, &p->err) < 0)
		fl_err_prefix(&p->err, "document %zu", p->number);
}

static int
write_part(struct job *j, const struct part *p, struct fl_err *err)
{
	long eot = fl_tokenizer_eot(j->t);
	uint32_t id = (uint32_t)eot;

	if (p->err.code) {
		*err = p->err;
		return -1;
	}
	if (p->begins && j->begun && eot >= 0 && fl_output_write(j->out, &id, sizeof id, err) < 0)
		return -1;
	j->begun = true;
	return fl_output_write(j->out, p->ids.v, p->ids.n * sizeof *p->ids.v, err);
}

static int
flush(struct job *j, struct fl_err *err)
{
	fl_parallel(j->n, encode_part, j);
	for (size_t i = 0; i < j->n; i++) {
		if (write_part(j, &j->part[i], err) < 0)
			return -1;
		free(j->part[i].ids.v);
		j->part[i].ids = (struct fl_ids){ 0 };
	}
	fl_progress_add(j->bytes);
	j->n = j->bytes = 0;
	return 0;
}

static bool
line_break(char c)
{
	return c == '\n' || c == '\r';
}

static int
add_part(struct job *j, struct part p, struct fl_err *err)
{
	j->part[j->n++] = p;
	j->bytes += p.len;
	return j->n == BATCH || j->bytes >= BATCH_BYTES ? flush(j, err) : 0;
}

/* A document that is empty is none. */
static int
add_document(struct job *j, const char *text, size_t len, size_t number, struct fl_err *err)
{
	const char *begin, *end;

	while (separator && len > 0 && line_break(text[len - 1]))
		len--;
	while (separator && len > 0 && line_break(*text))
		text++, len--;
	for (begin = text, end = text + len; text < end;) {
		struct part p = { .text = text, .number = number, .begins = text == begin };

		p.len = fl_tokenizer_cut(j->t, text, (size_t)(end - text), PART_BYTES);
		text += p.len;
		if (add_part(j, p, err) < 0)
			return -1;
	}
	return 0;
}

static int
encode_text(struct job *j, const char *text, size_t len, struct fl_err *err)
{
	const char *end = text + len, *hit;
	size_t valid = fl_utf8_valid(text, len), number = 1;

	if (valid < len)
		return fl_err_data(err, "byte %zu is not UTF-8", valid);
	while (separator && (hit = memmem(text, (size_t)(end - text), separator, strlen(separator)))) {
		if (add_document(j, text, (size_t)(hit - text), number++, err) < 0)
			return -1;
		text = hit + strlen(separator);
	}
	if (add_document(j, text, (size_t)(end - text), number, err) < 0)
		return -1;
	return flush(j, err);
}

static int
encode_file(struct job *j, const char *path, struct fl_err *err)
{
	struct fl_file file;
	int rc;

	if (fl_file_open(&file, path, most_bytes, err) < 0)
		return -1;
	fl_progress_begin(fl_input_name(path), "B", file.size);
	rc = encode_text(j, file.data, file.size, err);
	fl_progress_end();
	fl_file_close(&file);
	return rc < 0 && err->code == FL_EXIT_DATA ? fl_err_prefix(err, "'%s'", fl_input_name(path)) : rc;
}

static int
encode_files(const struct fl_tokenizer *t, const char *const *path, size_t n, struct fl_output *out,
    struct fl_err *err)
{
	struct job *j = fl_alloc(1, sizeof *j);
	int threads = fl_parallel_threads();

	j->t = t;
	j->out = out;
	j->encoder = fl_alloc((size_t)threads, sizeof *j->encoder);
	for (int i = 0; i < threads; i++)
		j->encoder[i] = fl_encoder_new(t);
	if (fl_tokenizer_eot(t) < 0)
		fl_warn("the tokenizer has no end-of-text token: nothing stands between documents");
	for (size_t i = 0; i < n; i++)
		if (encode_file(j, path[i], err) < 0)
			return -1;
	fl_encoder_remark(j->encoder, (size_t)threads);
	return 0;
}

/* Decoding ---------------------------------------------------------------------------------------- */

static int
decode_id(const struct fl_tokenizer *t, struct fl_decoder *d, uint32_t id, struct fl_str *text,
    struct fl_err *err)
{
	if (specials || fl_tokenizer_type(t, id) != FL_TOKEN_SPECIAL)
		return fl_decoder_put(d, t, id, text, err);
	if ((long)id == fl_tokenizer_eot(t)) {
		fl_decoder_end(d, text);
		*d = (struct fl_decoder){ 0 };
		if (separator)
			fl_str_printf(text, "\n%s\n", separator);
	}
	return 0;
}

static int
decode_file(const struct fl_tokenizer *t, const char *path, struct fl_output *out, struct fl_err *err)
{
	struct fl_tokens *tokens = fl_tokens_open(path, fl_tokenizer_size(t), err);
	struct fl_decoder d = { 0 };
	struct fl_str text = { 0 };
	int rc = tokens ? 0 : -1;

	for (size_t i = 0; rc == 0 && i < tokens->n; i++) {
		rc = decode_id(t, &d, tokens->id[i], &text, err);
		if (rc == 0 && text.len > 65536) {
			rc = fl_output_write(out, text.data, text.len, err);
			fl_str_clear(&text);
		}
	}
	fl_decoder_end(&d, &text);
	if (rc == 0)
		rc = fl_output_write(out, text.data, text.len, err);
	fl_str_free(&text);
	fl_tokens_close(tokens);
	return rc;
}

int
main(int argc, char **argv)
{
	static const char *const stdin_only[] = { "-" };
	struct fl_err err = { 0 };
	int first = fl_cli(&tool, argc, argv), rc = 0;
	size_t n = first < argc ? (size_t)(argc - first) : 1;
	const char *const *path = first < argc ? (const char *const *)argv + first : stdin_only;
	struct fl_tokenizer *t;
	struct fl_output *out;

	if (!checkpoint)
		fl_die(FL_EXIT_USAGE, "which tokenizer? give a checkpoint with -c");
	fl_cli_one_stdin(checkpoint, path, n);
	if (!decode)
		fl_cli_refuse_terminal(output);
	if (!(t = fl_tokenizer_of_checkpoint(checkpoint, &err)) || !(out = fl_output_open(output, &err)))
		fl_die_err(&err);
	if (!decode)
		rc = encode_files(t, path, n, out, &err);
	for (size_t i = 0; decode && rc == 0 && i < n; i++)
		rc = decode_file(t, path[i], out, &err);
	if (rc < 0 || fl_output_commit(out, &err) < 0)
		fl_die_err(&err);
	return FL_EXIT_OK;
}
