# SPDX-License-Identifier: Apache-2.0
# winogrande.jq -- WinoGrande as llm-foundry publishes it to fl-task(5), for jq -c. 0-shot; acc.
# Prompts are those of lm-evaluation-harness's "winogrande": what follows is judged after each option.
{ contexts: .context_options, continuation, gold }
