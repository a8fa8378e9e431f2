/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer_pre.c -- the pre_tokenizer of a tokenizer.json as steps.
 *
 * A text that goes through ByteLevel is spelt in the byte-level alphabet from there on, which later
 * steps see (Falcon's digits, after it, are those of the alphabet). Where it comes last, as it nearly
 * always does, spelling is left out and words are bytes. */
#include <string.h>

#include "text/component.h"
#include "text/tokenizer_impl.h"

/* Character classes of the tokenizers package. */
#define PUNCTUATION "[\\p{P}$+<=>^`|~]"
#define WORD "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{200c}\\x{200d}"

int
fl_tokenizer_add_step(struct fl_tokenizer *t, struct fl_step step, struct fl_err *err)
{
	if (t->steps == FL_TOKENIZER_STEPS)
		return fl_err_data(err, "more than %d steps of pre-tokenizing", FL_TOKENIZER_STEPS);
	t->step[t->steps++] = step;
	return 0;
}

int
fl_tokenizer_add_split(struct fl_tokenizer *t, const char *pattern, bool literal,
    enum fl_behavior behavior, bool invert, struct fl_err *err)
{
	struct fl_step step = { .kind = FL_STEP_SPLIT, .behavior = behavior, .invert = invert };

	step.split = literal ? fl_split_new_literal(pattern) : fl_split_new(pattern, err);
	if (!step.split)
		return -1;
	if (fl_tokenizer_add_step(t, step, err) == 0)
		return 0;
	fl_split_free(step.split);
	return -1;
}

/* enum fl_behavior, -1 if it is none; `otherwise` where v does not say. */
static int
behavior_of(const struct fl_json *v, int otherwise)
{
	static const char *const name[] = { "Isolated", "Removed", "MergedWithPrevious", "MergedWithNext",
		"Contiguous" };
	const char *s = fl_json_str(fl_json_get(v, "behavior"));

	for (int i = 0; s && i < 5; i++)
		if (strcmp(s, name[i]) == 0)
			return i;
	return s ? -1 : otherwise;
}

static int
read_split(struct fl_tokenizer *t, const struct fl_json *v, struct fl_err *err)
{
	const struct fl_json *p = fl_json_get(v, "pattern");
	const char *pattern = fl_json_str(fl_json_get(p, "Regex"));
	const char *literal = fl_json_str(fl_json_get(p, "String"));
	int behavior = behavior_of(v, -1);

	if (fl_component_check(v, "type pattern behavior invert", "pre-tokenizer", err) < 0)
		return -1;
	if (behavior < 0 || (!pattern && (!literal || !*literal)))
		return fl_component_unsupported("pre-tokenizer", v, err);
	return fl_tokenizer_add_split(t, pattern ? pattern : literal, !pattern,
	    (enum fl_behavior)behavior, fl_json_bool(fl_json_get(v, "invert"), false), err);
}

static int
read_punctuation(struct fl_tokenizer *t, const struct fl_json *v, struct fl_err *err)
{
	int behavior = behavior_of(v, FL_SPLIT_ISOLATED);

	if (fl_component_check(v, "type behavior", "pre-tokenizer", err) < 0)
		return -1;
	if (behavior < 0)
		return fl_component_unsupported("pre-tokenizer", v, err);
	return behavior == FL_SPLIT_CONTIGUOUS
	    ? fl_tokenizer_add_split(t, PUNCTUATION "+", false, FL_SPLIT_ISOLATED, false, err)
	    : fl_tokenizer_add_split(t, PUNCTUATION, false, (enum fl_behavior)behavior, false, err);
}

static int
read_digits(struct fl_tokenizer *t, const struct fl_json *v, struct fl_err *err)
{
	bool individual = fl_json_bool(fl_json_get(v, "individual_digits"), false);

	if (fl_component_check(v, "type individual_digits", "pre-tokenizer", err) < 0)
		return -1;
	return fl_tokenizer_add_split(t, individual ? "\\p{N}" : "\\p{N}+", false, FL_SPLIT_ISOLATED,
	    false, err);
}

static int
read_whitespace(struct fl_tokenizer *t, const struct fl_json *v, struct fl_err *err)
{
	if (fl_component_check(v, "type", "pre-tokenizer", err) < 0)
		return -1;
	return fl_component_is(v, "WhitespaceSplit")
	    ? fl_tokenizer_add_split(t, "\\s+", false, FL_SPLIT_REMOVED, false, err)
	    : fl_tokenizer_add_split(t, "[" WORD "]+|[^\\s" WORD "]+", false, FL_SPLIT_REMOVED, true, err);
}

static int
read_byte_level(struct fl_tokenizer *t, const struct fl_json *v, struct fl_err *err)
{
	if (fl_component_check(v, "type add_prefix_space trim_offsets use_regex", "pre-tokenizer",
		err) < 0)
		return -1;
	if (t->kind == FL_TOKENIZER_BYTE_LEVEL)
		return fl_err_data(err, "unsupported pre-tokenizer: 'ByteLevel' twice");
	t->kind = FL_TOKENIZER_BYTE_LEVEL;
	if (fl_json_bool(fl_json_get(v, "add_prefix_space"), true) &&
	    fl_tokenizer_add_step(t, (struct fl_step){ .kind = FL_STEP_SPACE }, err) < 0)
		return -1;
	if (fl_json_bool(fl_json_get(v, "use_regex"), true) &&
	    fl_tokenizer_add_split(t, FL_PATTERN_GPT2, false, FL_SPLIT_ISOLATED, false, err) < 0)
		return -1;
	return fl_tokenizer_add_step(t, (struct fl_step){ .kind = FL_STEP_SPELL }, err);
}

/* add_prefix_space is the older spelling. */
int
fl_metaspace_prefix(const struct fl_json *v)
{
	static const char *const scheme[] = { "never", "first", "always" };
	const char *s = fl_json_str(fl_json_get(v, "prepend_scheme"));

	if (!s)
		return fl_json_bool(fl_json_get(v, "add_prefix_space"), true) ? FL_META_ALWAYS
									      : FL_META_NEVER;
	for (int i = 0; i < 3; i++)
		if (strcmp(s, scheme[i]) == 0)
			return i;
	return -1;
}

static int
read_metaspace(struct fl_tokenizer *t, const struct fl_json *v, struct fl_err *err)
{
	const char *mark = fl_json_str(fl_json_get(v, "replacement"));
	struct fl_step step = { .kind = FL_STEP_META };
	int prefix = fl_metaspace_prefix(v);

	if (fl_component_check(v, "type replacement str_rep add_prefix_space prepend_scheme split",
		"pre-tokenizer", err) < 0)
		return -1;
	if (!mark || strcmp(mark, FL_META) != 0 || prefix < 0)
		return fl_component_unsupported("pre-tokenizer", v, err);
	step.prefix = (enum fl_meta)prefix;
	if (fl_tokenizer_add_step(t, step, err) < 0)
		return -1;
	return fl_json_bool(fl_json_get(v, "split"), true)
	    ? fl_tokenizer_add_split(t, FL_META, true, FL_SPLIT_NEXT, false, err)
	    : 0;
}

static const struct {
	const char *type;
	int (*read)(struct fl_tokenizer *t, const struct fl_json *v, struct fl_err *err);
} readers[] = {
	{ "Split", read_split },
	{ "Punctuation", read_punctuation },
	{ "Digits", read_digits },
	{ "Whitespace", read_whitespace },
	{ "WhitespaceSplit", read_whitespace },
	{ "ByteLevel", read_byte_level },
	{ "Metaspace", read_metaspace },
};

static int
read_step(struct fl_tokenizer *t, const struct fl_json *v, struct fl_err *err)
{
	for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
		if (fl_component_is(v, readers[i].type))
			return readers[i].read(t, v, err);
	return fl_component_unsupported("pre-tokenizer", v, err);
}

/* Sequences may stand in sequences; depth is bounded by the parser's. */
static int
read_steps(struct fl_tokenizer *t, const struct fl_json *v, struct fl_err *err)
{
	const struct fl_json *list = fl_json_get(v, "pretokenizers");

	if (!fl_component_is(v, "Sequence"))
		return read_step(t, v, err);
	for (size_t i = 0; i < fl_json_len(list); i++)
		if (read_steps(t, fl_json_at(list, i), err) < 0)
			return -1;
	return 0;
}

int
fl_tokenizer_read_pre(struct fl_tokenizer *t, const struct fl_json *pre, struct fl_err *err)
{
	t->kind = t->unigram ? FL_TOKENIZER_UNIGRAM : FL_TOKENIZER_SENTENCEPIECE;
	if (fl_component_absent(pre))
		return 0;
	if (read_steps(t, pre, err) < 0)
		return -1;
	if (t->unigram && t->kind == FL_TOKENIZER_BYTE_LEVEL)
		return fl_err_data(err, "unsupported pre-tokenizer 'ByteLevel' with a Unigram model");
	t->spelt = t->kind == FL_TOKENIZER_BYTE_LEVEL && t->step[t->steps - 1].kind != FL_STEP_SPELL;
	if (t->kind == FL_TOKENIZER_BYTE_LEVEL && !t->spelt)
		t->steps--;
	return 0;
}
