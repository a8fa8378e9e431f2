/* SPDX-License-Identifier: Apache-2.0 */
/* scan.h -- the patterns that most models cut words by, without a regular expression engine.
 *
 * GPT-2's, Llama 3's and Qwen 2's are one scanner: at every place exactly one alternative of the pattern
 * matches, and which one shows in a character or two. What it finds is what the pattern finds, faster. */
#ifndef FL_TEXT_SCAN_H
#define FL_TEXT_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#define FL_PATTERN_GPT2 \
	"'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"
#define FL_PATTERN_WORDS(digits)                                                                   \
	"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" digits                       \
	"| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define FL_PATTERN_LLAMA3 FL_PATTERN_WORDS("\\p{N}{1,3}")
#define FL_PATTERN_QWEN2 FL_PATTERN_WORDS("\\p{N}")

struct fl_scan; /* how the patterns differ */

/* NULL if the pattern is none of those above. */
const struct fl_scan *fl_scan_find(const char *pattern);

/* Where the match ends that begins at text[from], from < len. text is valid UTF-8. */
size_t fl_scan_end(const struct fl_scan *s, const char *text, size_t len, size_t from);

#endif
