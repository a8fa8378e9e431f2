/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer.h -- text to token ids and back, as the model's own tokenizer does it.
 *
 * A tokenizer is read from the files that model directories have, in one of these forms, the first
 * that is there:
 *
 *     tokenizer.json               Hugging Face's package tokenizers
 *     tokenizer.model              sentencepiece, or tiktoken as Llama 3 has it
 *     vocab.json and merges.txt    GPT-2, Qwen 2
 *
 * and is one of three kinds:
 *
 *     byte level      byte-pair encoding, words by patterns, bytes as symbols     GPT-2, Llama 3, Qwen
 *     sentencepiece   byte-pair encoding, spaces as U+2581, characters as         Llama 2, Mistral
 *                     symbols, bytes for those that are not in the vocabulary
 *     unigram         the cut into tokens with the best sum of scores             T5, XGLM
 *
 * tokenizer_config.json, special_tokens_map.json and added_tokens.json add tokens and policy.
 * Whatever in a file would change ids and is not known here is refused by name (class DATA). A
 * tokenizer does not change once made: threads may share it. Encoding takes O(n log n) in the length
 * of the text, whatever the text. */
#ifndef FL_TEXT_TOKENIZER_H
#define FL_TEXT_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct fl_tokenizer;

enum {
	FL_TOKENIZER_JSON,
	FL_TOKENIZER_MODEL,
	FL_TOKENIZER_VOCAB,
	FL_TOKENIZER_MERGES,
	FL_TOKENIZER_CONFIG,
	FL_TOKENIZER_MAP,
	FL_TOKENIZER_ADDED,
	FL_TOKENIZER_FILES
};
extern const char *const fl_tokenizer_file[FL_TOKENIZER_FILES]; /* their names */

struct fl_tokenizer_text {
	const char *data; /* NULL: the file is not there */
	size_t len;
};

/* NULL with err set. */
struct fl_tokenizer *fl_tokenizer_new(const struct fl_tokenizer_text file[FL_TOKENIZER_FILES],
    struct fl_err *err) FL_MUST_USE;
void fl_tokenizer_free(struct fl_tokenizer *t); /* NULL is fine */

/* Token ids, growing. Zero-initialise; free(ids.v). */
struct fl_ids {
	uint32_t *v;
	size_t n, cap;
};

void fl_ids_push(struct fl_ids *ids, uint32_t id);

/* Encoding appends to out and adds no BOS. Special tokens in the text ("<s>") are recognised only if
 * `specials`, else they are text like any other; added tokens that are not special always are. Text
 * that is not UTF-8 is refused with the byte's offset. */
int fl_tokenizer_encode(const struct fl_tokenizer *t, const char *text, size_t len, bool specials,
    struct fl_ids *out, struct fl_err *err) FL_MUST_USE;

/* The same for many texts: one encoder a thread remembers the words it has seen. It borrows t. */
struct fl_encoder *fl_encoder_new(const struct fl_tokenizer *t);
void fl_encoder_free(struct fl_encoder *e); /* NULL is fine */
enum {
	FL_ENCODE_SPECIALS = 1,	 /* recognise special tokens */
	FL_ENCODE_CONTINUED = 2, /* the text goes on where another ended: nothing is put in front */
};
int fl_encoder_run(struct fl_encoder *e, const char *text, size_t len, unsigned flags,
    struct fl_ids *out, struct fl_err *err) FL_MUST_USE;

/* Says once, if it is so, how many bytes of what these n encoders of one tokenizer were given no token
 * stands for. They were left out, or written as the unknown token if there is one, as by Hugging Face's package. */
void fl_encoder_remark(struct fl_encoder *const *e, size_t n);

/* The first place from text[from] on where the text may be cut: its parts, the second as CONTINUED, give
 * the ids of the whole. len if none is known; never 0. */
size_t fl_tokenizer_cut(const struct fl_tokenizer *t, const char *text, size_t len, size_t from);

/* Decoding appends bytes to out, special tokens as their text. An id without a token is refused with
 * its position. The bytes are the tokens' own: ids cut in the middle of a character give half of it. */
int fl_tokenizer_decode(const struct fl_tokenizer *t, const uint32_t *id, size_t n,
    struct fl_str *out, struct fl_err *err) FL_MUST_USE;

/* One id at a time, for text that is shown as it is made: bytes that begin a character and do not
 * finish it are held back. The space that a sentencepiece tokenizer puts before a text is dropped
 * at its start only. Zero-initialise for each text. */
struct fl_decoder {
	bool begun;
	size_t held;
	char hold[4];
};

int fl_decoder_put(struct fl_decoder *d, const struct fl_tokenizer *t, uint32_t id,
    struct fl_str *out, struct fl_err *err) FL_MUST_USE;
void fl_decoder_end(struct fl_decoder *d, struct fl_str *out); /* what was held back */

/* Ids, -1 if there is none. eot is the one that separates documents in a token file: the end-of-text
 * token of pretraining where there is one, which in chat models is not eos. */
long fl_tokenizer_bos(const struct fl_tokenizer *t);
long fl_tokenizer_eos(const struct fl_tokenizer *t);
long fl_tokenizer_eot(const struct fl_tokenizer *t);
long fl_tokenizer_pad(const struct fl_tokenizer *t);
long fl_tokenizer_unk(const struct fl_tokenizer *t);

/* Whether each text begins with bos, and ends with eos: the post-processor of tokenizer.json, with a remark
 * where tokenizer_config.json says otherwise; of the other forms add_bos_token and add_eos_token of
 * tokenizer_config.json, or where that says nothing, the habit of the form: sentencepiece puts the BOS it
 * has, Llama 3 too, GPT-2 and Qwen 2 do not. */
bool fl_tokenizer_add_bos(const struct fl_tokenizer *t);
bool fl_tokenizer_add_eos(const struct fl_tokenizer *t);

/* The token that a document begins with, -1 if there is none: BOS where each text begins with it, else eot, which
 * stands before a document in the token files of pretraining; the BOS of a chat model may begin a turn. */
long fl_tokenizer_begin(const struct fl_tokenizer *t);

/* For those who write it in another format. ----------------------------------------------------- */

enum fl_tokenizer_kind { FL_TOKENIZER_BYTE_LEVEL, FL_TOKENIZER_SENTENCEPIECE, FL_TOKENIZER_UNIGRAM };
enum fl_token_type {
	FL_TOKEN_UNUSED, /* no token has this id, or one that no text gives */
	FL_TOKEN_NORMAL,
	FL_TOKEN_UNKNOWN,
	FL_TOKEN_SPECIAL, /* added, and special */
	FL_TOKEN_ADDED,	  /* added, and text */
	FL_TOKEN_BYTE,	  /* "<0x0A>" of a sentencepiece tokenizer */
};

enum fl_tokenizer_kind fl_tokenizer_kind(const struct fl_tokenizer *t);
size_t fl_tokenizer_size(const struct fl_tokenizer *t); /* the highest id and one */

/* The token as the file spells it (byte level: in the byte-to-unicode alphabet), NULL where there is
 * none; len may be NULL. Beyond the highest id: NULL, UNUSED. */
const char *fl_tokenizer_token(const struct fl_tokenizer *t, uint32_t id, size_t *len);
enum fl_token_type fl_tokenizer_type(const struct fl_tokenizer *t, uint32_t id);

/* Merges in order of rank, which several may share; the lowest rank that makes a token, -1 if none. */
size_t fl_tokenizer_merges(const struct fl_tokenizer *t);
void fl_tokenizer_merge(const struct fl_tokenizer *t, size_t i, uint32_t *left, uint32_t *right);
long fl_tokenizer_rank(const struct fl_tokenizer *t, uint32_t id);

/* Whether a word that is in the vocabulary is taken whole; whether a space is put before each text. */
bool fl_tokenizer_ignore_merges(const struct fl_tokenizer *t);
bool fl_tokenizer_adds_space(const struct fl_tokenizer *t);

/* Whether text is changed by nothing but NFC and what a kind does to spaces, and cut by nothing but
 * patterns whose every match is a word, and added tokens that are found wherever they stand. */
bool fl_tokenizer_is_plain(const struct fl_tokenizer *t);

/* A special token with lstrip, rstrip or single_word, which takes white space with it or is one only as a word of its own;
 * NULL: there is none. */
const char *fl_tokenizer_flagged(const struct fl_tokenizer *t);
bool fl_tokenizer_is_nfc(const struct fl_tokenizer *t); /* is it by NFC? */

/* The patterns that cut words, applied one after the other, as the file spells them. A byte-level
 * pre-tokenizer with its own pattern (GPT-2) counts as one. */
size_t fl_tokenizer_patterns(const struct fl_tokenizer *t);
const char *fl_tokenizer_pattern(const struct fl_tokenizer *t, size_t i);

#endif
