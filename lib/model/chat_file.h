/* SPDX-License-Identifier: Apache-2.0 */
/* chat_file.h -- a file of conversations as the samples that a model is trained on.
 *
 * JSON lines, one conversation each as fl_chat_encode() takes it, or one JSON value in all; a value that
 * is a list of conversations stands for each of them. What cannot be used is left out, and one remark
 * counts it and names the first; another one does so with answers that are not found in what the template
 * makes of their conversation. Empty lines and a byte order mark are skipped.
 *
 * Renderings are put into rows of `length` tokens in their order, each as a document of its own: one that
 * does not fit behind the others begins the next row, one that is longer than a row is cut, and one whose
 * first answer lies beyond the cut is left out. What remains of a row is filled with the end-of-text
 * token, or 0; it is not predicted. */
#ifndef FL_MODEL_CHAT_FILE_H
#define FL_MODEL_CHAT_FILE_H

#include <stdint.h>

#include "base/err.h"
#include "model/chat.h"

struct fl_chat_file {
	uint32_t *id;  /* [n], n a multiple of length */
	uint8_t *flag; /* [n] of enum FL_SAMPLE_ */
	size_t n, id_cap, flag_cap;
	size_t conversations;		  /* that can be used */
	size_t renderings, cut, left_out; /* of them; left out ones are not counted as renderings */
	size_t answers;			  /* tokens to be predicted */
};

/* path "-": standard input; ids are below vocab. Refused: a file without anything to learn from, with the first
 * reason. On failure there is nothing to free. */
int fl_chat_file_read(struct fl_chat_file *f, const char *path, struct fl_chat *c, size_t length,
    size_t vocab, struct fl_err *err) FL_MUST_USE;
void fl_chat_file_free(struct fl_chat_file *f);

#endif
