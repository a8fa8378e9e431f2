# SPDX-License-Identifier: Apache-2.0
# arc_challenge.jq -- ARC as llm-foundry publishes it to fl-task(5), for jq -c. 25-shot; acc and norm_acc.
# Prompts are those of lm-evaluation-harness's "arc_challenge": the cue is added. Its examples come from the training
# split; with other rows of the same file instead, figures compare within one set-up only.
{ context: (.query + "\nAnswer:"), choices, gold }
