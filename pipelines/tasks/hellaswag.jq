# SPDX-License-Identifier: Apache-2.0
# hellaswag.jq -- HellaSwag as llm-foundry publishes it to fl-task(5), for jq -c. 0-shot; acc and norm_acc.
# Prompts are those of lm-evaluation-harness's "hellaswag".
{ context: .query, choices, gold }
