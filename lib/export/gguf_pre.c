/* SPDX-License-Identifier: Apache-2.0 */
/* gguf_pre.c -- knows the names of llama-vocab.cpp; the patterns are those of the models' own tokenizer.json, which
 * llama.cpp spells in a way its regular expressions can bear. "default" is its own, and nearly always wrong. */
#include "export/gguf_pre.h"

#include <string.h>

#include "text/scan.h"

#define CONTRACTIONS "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define UPPER "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define LOWER "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"

/* Cuts words where the case of letters changes: Camel, Case. */
#define CASES(digits, contractions)                                                                                \
	"[^\\r\\n\\p{L}\\p{N}]?" UPPER "*" LOWER "+" contractions "|[^\\r\\n\\p{L}\\p{N}]?" UPPER "+" LOWER "*" contractions \
	"|" digits "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"

#define HAN "[一-龥ࠀ-一가-퟿]+"

/* Matches the letters of alphabets, of which each is listed. */
#define DEEPSEEK_LETTERS                                                                                           \
	"\\s?["                                                                                                    \
	"A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫ"                                 \
	"ᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-ώᾀ-ᾴᾶ-ᾼιῂ-ῄῆ-ῌῐ-ΐῖ-Ίῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤΩℨK-ℭℯ-"                                 \
	"ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-"                                 \
	"𞥃]+"

static const struct fl_gguf_pre pres[] = {
	{ .name = { "gpt-2", "phi-2", "gigachat", "a.x-4.0", "mellum", "exaone4", "jais", "trillion", "granite-docling" },
	  .pattern = { FL_PATTERN_GPT2 } },
	{ .name = { "mpt", "olmo" }, .pattern = { FL_PATTERN_GPT2 }, .nfc = true },
	{ .name = { "smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b", "mellum2" },
	  .pattern = { "\\p{N}", FL_PATTERN_GPT2 } },
	{ .name = { "llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2" },
	  .pattern = { FL_PATTERN_LLAMA3 }, .ignore_merges = true, .bos = true },
	{ .name = { "glm4", "glm5" }, .pattern = { FL_PATTERN_LLAMA3 }, .ignore_merges = true },
	{ .name = { "smaug-bpe", "dbrx", "chatglm-bpe" }, .pattern = { FL_PATTERN_LLAMA3 } },
	{ .name = { "qwen2", "deepseek-r1-qwen", "megrez", "kormo" }, .pattern = { FL_PATTERN_QWEN2 }, .nfc = true },
	{ .name = { "hunyuan", "stablelm2", "solar-open", "grok-2" }, .pattern = { FL_PATTERN_QWEN2 } },
	{ .name = { "qwen35" },
	  .pattern = { CONTRACTIONS "|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*"
				    "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+" } },
	{ .name = { "deepseek-v3", "hunyuan-dense", "joyai-llm" },
	  .pattern = { "\\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+",
		       "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
		       "| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+" } },
	{ .name = { "deepseek-coder" },
	  .pattern = { "[\r\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", HAN, "\\p{N}" } },
	{ .name = { "deepseek-llm" },
	  .pattern = { "[\r\n]", DEEPSEEK_LETTERS, "\\s?[!-/:-~！-／：-～‘-‟　-。]+", "\\s+$", HAN, "\\p{N}" } },
	{ .name = { "gpt-4o", "llama4", "kanana2", "minimax-m2" },
	  .pattern = { CASES("\\p{N}{1,3}", CONTRACTIONS "?") } },
	{ .name = { "tekken" }, .pattern = { CASES("\\p{N}", "") }, .ignore_merges = true, .bos = true },
	{ .name = { "falcon" },
	  .pattern = { "[\\p{P}\\$\\+<=>\\^~\\|`]+", FL_PATTERN_GPT2, "\\p{N}+", "[0-9][0-9][0-9]" },
	  .raw = 2 },
	{ .name = { "minicpm5" }, .pattern = { "\\p{N}{1,3}", FL_PATTERN_WORDS("\\p{N}+") }, .ignore_merges = true },
	{ .name = { "seed-coder" },
	  .pattern = { CONTRACTIONS "|[^\r\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1}| ?[^\\s\\p{L}\\p{N}\r\n]+|\\s*[\r\n]+"
				    "|\\s+(?!\\S)|\\s+" } },
	{ .name = { "bailingmoe", "bailingmoe2", "llada-moe" },
	  .pattern = { "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*"
		       "|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+" } },
	{ .name = { "default" },
	  .pattern = { "[\\p{P}\\$\\+<=>\\^~\\|]+", FL_PATTERN_GPT2, "\\p{N}+", "[0-9][0-9][0-9]" } },
};
enum { PRES = sizeof pres / sizeof *pres };

const struct fl_gguf_pre *
fl_gguf_pre_find(const char *name, size_t len)
{
	for (size_t i = 0; i < PRES; i++)
		for (size_t k = 0; k < FL_GGUF_PRE_NAMES && pres[i].name[k]; k++)
			if (strlen(pres[i].name[k]) == len && memcmp(pres[i].name[k], name, len) == 0)
				return &pres[i];
	return NULL;
}

static bool
cuts_as(const struct fl_gguf_pre *p, const struct fl_tokenizer *t)
{
	size_t n = fl_tokenizer_patterns(t);

	for (size_t i = 0; i < FL_GGUF_PRE_PATTERNS; i++)
		if ((i < n) != (p->pattern[i] != NULL) ||
		    (i < n && strcmp(p->pattern[i], fl_tokenizer_pattern(t, i)) != 0))
			return false;
	return n <= FL_GGUF_PRE_PATTERNS && !p->raw && p->ignore_merges == fl_tokenizer_ignore_merges(t);
}

const struct fl_gguf_pre *
fl_gguf_pre_of(const struct fl_tokenizer *t)
{
	const struct fl_gguf_pre *found = NULL;
	bool nfc = fl_tokenizer_is_nfc(t);

	for (size_t i = 0; i < PRES; i++)
		if (cuts_as(&pres[i], t) && (!found || (found->nfc != nfc && pres[i].nfc == nfc)))
			found = &pres[i];
	return found;
}
