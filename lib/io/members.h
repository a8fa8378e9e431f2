/* SPDX-License-Identifier: Apache-2.0 */
/* members.h -- which files of a model directory belong to a checkpoint, judged by their names. */
#ifndef FL_IO_MEMBERS_H
#define FL_IO_MEMBERS_H

#include <stdbool.h>
#include <stdint.h>

enum fl_member_kind {
	FL_MEMBER_CONFIG,  /* config.json */
	FL_MEMBER_SMALL,   /* passes through whole */
	FL_MEMBER_INDEX,   /* model.safetensors.index.json */
	FL_MEMBER_WEIGHTS, /* model.safetensors */
	FL_MEMBER_SHARD,   /* model-00001-of-00005.safetensors */
	FL_MEMBER_NAMED,   /* *.safetensors of another name: weights where the index names it (io/shards.h) */
	FL_MEMBER_HISTORY, /* fl-history.jsonl */
	FL_MEMBER_STALE,   /* dropped with a remark: other weights, nested and unknown large files */
	FL_MEMBER_HIDDEN,  /* dropped silently: names that begin with a dot */
};

/* The largest member that is held in memory whole. */
#define FL_MEMBER_MAX ((uint64_t)128 << 20)

#define FL_MEMBER_CONFIG_NAME "config.json"
#define FL_MEMBER_WEIGHTS_NAME "model.safetensors"
#define FL_MEMBER_INDEX_NAME "model.safetensors.index.json"
#define FL_MEMBER_HISTORY_NAME "fl-history.jsonl"

/* name: relative to the model's directory, components separated by single slashes. */
enum fl_member_kind fl_member_kind(const char *name, uint64_t size);

bool fl_member_is_weights(enum fl_member_kind kind); /* WEIGHTS, SHARD or NAMED */

/* Whether name is model-00001-of-00005.safetensors: which of how many, else false. */
bool fl_member_shard(const char *name, int *which, int *of);
enum { FL_MEMBER_SHARD_LEN = 64 };
char *fl_member_shard_name(char buf[FL_MEMBER_SHARD_LEN], int which, int of); /* returns buf */

#endif
