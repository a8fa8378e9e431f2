# SPDX-License-Identifier: Apache-2.0
# arc_easy.jq -- ARC as llm-foundry publishes it to fl-task(5), for jq -c. 0-shot; acc and norm_acc.
# Prompts are those of lm-evaluation-harness's "arc_easy": the cue is added.
{ context: (.query + "\nAnswer:"), choices, gold }
