#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/data/chat/cases.jsonl: conversations as tokens, and which of them are answers, by
transformers' apply_chat_template(return_assistant_tokens_mask=True) (5.24.0).

    python3 tests/interop/chat_cases.py ../shared/data

Transformers finds answers by {% generation %} blocks alone. Each template here is written once with <<
and >> around what the assistant says, end-of-turn token included: with the blocks in their place it makes
the reference, without them it is what the case has, but for those that end in "+". Each line has
tokenizer (a file of tests/data/tokenizer, or below the data folder), config (as tokenizer_config.json),
conversation, ids, answer."""
import json
import sys

from transformers import PreTrainedTokenizerFast

DATA = sys.argv[1]
CHATML = ("{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' }}{% if m['role'] == 'assistant' %}"
          "<<{{ m['content'] + '<|im_end|>' }}>>{% else %}{{ m['content'] + '<|im_end|>' }}{% endif %}{{ '\\n' }}"
          "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}")
INST = ("{% for m in messages %}{% if m.role == 'user' %}{{ bos_token + '[INST] ' + m.content | trim + ' [/INST]' }}"
        "{% else %}<<{{ ' ' + m.content | trim + ' ' + eos_token }}>>{% endif %}{% endfor %}")
# the text ends with another token than its answers do, unless more follows
ENDED = ("{{ bos_token }}{% for m in messages %}{% if m.role == 'assistant' %}{{ '[A] ' }}"
         "<<{{ m.content + eos_token }}>>{{ '\\n' }}{% else %}{{ '[Q] ' + m.content + eos_token + '\\n' }}{% endif %}"
         "{% endfor %}{% if add_generation_prompt %}{{ '[A] ' }}{% else %}{{ pad_token }}{% endif %}")
TEMPLATES = {
    "level.json": [ENDED, ENDED + "+"],
    "backbone5m": [CHATML, CHATML + "+"],
    "tokenizers/llama2": [INST],
}
TOKENS = {
    "level.json": {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<|endoftext|>"},
    "backbone5m": {"eos_token": "<|endoftext|>"},
    "tokenizers/llama2": {"bos_token": "<s>", "eos_token": "</s>"},
}
CHATS = [
    ["Hello", "Hi, how are you?"],
    ["2 + 2?", "  It is 4.\n", "Sure?", "Yes\n\nYes!", "na\u00efve \U0001f999", "\u65e5\u672c\u8a9e"],
    ["", "x", "y", "a <s> b"],
]


def cases(out, name):
    path = f"tests/data/tokenizer/{name}" if name.endswith(".json") else f"{DATA}/{name}/tokenizer.json"
    t = PreTrainedTokenizerFast(tokenizer_file=path, **TOKENS[name])
    for template in TEMPLATES[name]:
        marked = template.rstrip("+").replace("<<", "{% generation %}").replace(">>", "{% endgeneration %}")
        plain = template.replace("<<", "").replace(">>", "")
        for chat in CHATS:
            messages = [{"role": "user" if i % 2 == 0 else "assistant", "content": c} for i, c in enumerate(chat)]
            got = t.apply_chat_template(messages, chat_template=marked, return_dict=True, return_assistant_tokens_mask=True)
            out.write(json.dumps({"tokenizer": name, "conversation": {"messages": messages},
                "config": TOKENS[name] | {"chat_template": marked if template.endswith("+") else plain},
                "ids": got["input_ids"], "answer": got["assistant_masks"]}) + "\n")


with open("tests/data/chat/cases.jsonl", "w") as out:
    for name in TEMPLATES:
        cases(out, name)
