# SPDX-License-Identifier: Apache-2.0
# triviaqa.jq -- TriviaQA as llm-foundry publishes it to fl-task(5), for jq -c. 5-shot; exact match.
# Prompts are those of lm-evaluation-harness's "triviaqa", which adds a question mark to every question, also to those
# that have one. Its examples come from the training split. It stops after 256 tokens, not 32: an answer as long
# is no alias, but a long prompt loses less of its beginning here.
{
	context: (.context | sub("\nAnswer:$"; "?\nAnswer:")), answers: .aliases,
	until: ["\n", ".", ","], max_tokens: 32, ignore: ["case", "punctuation"]
}
