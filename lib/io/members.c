/* SPDX-License-Identifier: Apache-2.0 */
#include "io/members.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

/* An unknown file up to this size is taken for a note of the model's author, above it for weights. */
enum { SMALL = 1 << 20 };

/* Weights in forms that a change of model.safetensors would leave behind. */
static const char *const stale[] = {
	"*.safetensors.index.json", "*.bin", "*.bin.index.json", "*.gguf", "*.ggml",
	"*.pth", "*.pt", "*.pte", "*.ckpt", "*.onnx", "*.onnx_data", "*.onnx.data", "*.h5", "*.h5.index.json",
	"*.msgpack", "*.msgpack.index.json", "*.npz", "*.tflite", "*.mlmodel",
};

static const char *const text[] = {
	"*.json", "*.jsonl", "*.txt", "*.model", "*.jinja", "*.md", "LICENSE*", "NOTICE*",
};

static bool
matches(const char *name, const char *const *patterns, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fnmatch(patterns[i], name, 0) == 0)
			return true;
	return false;
}
#define MATCHES(name, patterns) matches(name, patterns, sizeof patterns / sizeof *patterns)

char *
fl_member_shard_name(char buf[FL_MEMBER_SHARD_LEN], int which, int of)
{
	snprintf(buf, FL_MEMBER_SHARD_LEN, "model-%05d-of-%05d.safetensors", which, of);
	return buf;
}

bool
fl_member_shard(const char *name, int *which, int *of)
{
	char again[FL_MEMBER_SHARD_LEN];

	if (sscanf(name, "model-%5d-of-%5d.safetensors", which, of) != 2 || *which < 1 || *which > *of)
		return false;
	return strcmp(name, fl_member_shard_name(again, *which, *of)) == 0;
}

bool
fl_member_is_weights(enum fl_member_kind kind)
{
	return kind >= FL_MEMBER_WEIGHTS && kind <= FL_MEMBER_NAMED;
}

enum fl_member_kind
fl_member_kind(const char *name, uint64_t size)
{
	int which, of;

	if (name[0] == '.' || strstr(name, "/."))
		return FL_MEMBER_HIDDEN;
	if (strchr(name, '/'))
		return FL_MEMBER_STALE;
	if (strcmp(name, FL_MEMBER_CONFIG_NAME) == 0)
		return FL_MEMBER_CONFIG;
	if (strcmp(name, FL_MEMBER_INDEX_NAME) == 0)
		return FL_MEMBER_INDEX;
	if (strcmp(name, FL_MEMBER_HISTORY_NAME) == 0)
		return FL_MEMBER_HISTORY;
	if (strcmp(name, FL_MEMBER_WEIGHTS_NAME) == 0)
		return FL_MEMBER_WEIGHTS;
	if (fl_member_shard(name, &which, &of))
		return FL_MEMBER_SHARD;
	if (fnmatch("*.safetensors", name, 0) == 0)
		return FL_MEMBER_NAMED;
	if (MATCHES(name, stale))
		return FL_MEMBER_STALE;
	return MATCHES(name, text) || size <= SMALL ? FL_MEMBER_SMALL : FL_MEMBER_STALE;
}
