/* SPDX-License-Identifier: Apache-2.0 */
/* match.h -- whether a generated text is an answer, as lm-evaluation-harness's exact_match decides it.
 *
 * White space around the text is none of it. From text and answers alike go the articles "a", "an",
 * "the", "A", "An", "The" and the space after each, where a word begins; then the difference of upper
 * and lower case; then ASCII punctuation: each only if `ignore` says so. What remains must be equal.
 * Case is mapped character by character, so that a final sigma is no other sigma's equal. */
#ifndef FL_MODEL_MATCH_H
#define FL_MODEL_MATCH_H

#include <stdbool.h>

#include "base/str.h"
#include "model/task.h"

/* Text that is not UTF-8 matches nothing. */
bool fl_match(const struct fl_text *text, const struct fl_texts *answers, unsigned ignore);

/* Appends what remains of a text, which must be valid UTF-8. */
void fl_match_normalize(struct fl_str *out, const struct fl_text *text, unsigned ignore);

/* The text without white space around it, as Python's str.strip() sees it; it must be valid UTF-8. */
struct fl_text fl_match_strip(struct fl_text t);

#endif
