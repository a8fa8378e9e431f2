# SPDX-License-Identifier: Apache-2.0
# lambada.jq -- LAMBADA as llm-foundry publishes it to fl-task(5), for jq -c. 0-shot; acc and perplexity.
# Prompts are those of lm-evaluation-harness's "lambada_openai". (With examples they would not be: there the harness
# puts two spaces before the last word.)
{ context, target: .continuation }
