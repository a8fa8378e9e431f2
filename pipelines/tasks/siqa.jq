# SPDX-License-Identifier: Apache-2.0
# siqa.jq -- Social IQa as llm-foundry publishes it to fl-task(5), for jq -c. 0-shot; acc.
# The wording is that of lm-evaluation-harness's "social_iqa", taken out of the file's lettered form; but the file has
# two of the three answers, so that chance is 1/2 and not 1/3: no parity.
(.query | capture(
	"^Context: (?<context>.*)\nQuestion: (?<question>.*)\nChoices:\nA\\. (?<a>.*)\nB\\. (?<b>.*)\nAnswer:$")) as $q |
{
	context: "Q: \($q.context) \($q.question)\nA:", choices: [$q.a, $q.b], gold,
	note: "the harness has three answers"
}
