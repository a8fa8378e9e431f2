# SPDX-License-Identifier: Apache-2.0
# piqa.jq -- PIQA as llm-foundry publishes it to fl-task(5), for jq -c. 0-shot; acc and norm_acc.
# Prompts are those of lm-evaluation-harness's "piqa": the file ends a question with a line break, the cue is added.
{ context: (.query + "Answer:"), choices, gold }
