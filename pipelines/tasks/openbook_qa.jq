# SPDX-License-Identifier: Apache-2.0
# openbook_qa.jq -- OpenBookQA as llm-foundry publishes it to fl-task(5), for jq -c. 0-shot; acc and norm_acc.
# Prompts are those of lm-evaluation-harness's "openbookqa".
{ context: .query, choices, gold }
