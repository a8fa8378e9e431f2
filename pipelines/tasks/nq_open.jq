# SPDX-License-Identifier: Apache-2.0
# nq_open.jq -- NQ-open as its authors publish it to fl-task(5), for jq -c. 5-shot; exact match.
# Prompts are those of lm-evaluation-harness's "nq_open". Its examples come from the training split. It stops after
# 256 tokens, not 32: an answer as long is none of those given, but a long prompt loses less of its beginning here.
{
	description: "Answer these questions:\n\n", context: "Q: \(.question)?\nA:", answers: .answer, separator: "\n",
	until: ["\n", ".", ","], max_tokens: 32, ignore: ["case", "punctuation", "articles"]
}
