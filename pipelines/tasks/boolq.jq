# SPDX-License-Identifier: Apache-2.0
# boolq.jq -- BoolQ as llm-foundry publishes it to fl-task(5), for jq -c. 0-shot; acc.
# Prompts are those of lm-evaluation-harness's "boolq" but for the article's title and " -- ", which stand before each
# passage there and are not in the file: no parity. The question mark the harness adds is in the file already.
{
	context: (.query | ltrimstr("Passage: ") + "\nAnswer:"), choices, gold,
	note: "the harness has the article's title before the passage"
}
