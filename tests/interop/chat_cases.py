#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/data/chat/cases.jsonl: conversations as tokens, and which of them are answers, by
transformers' apply_chat_template(return_assistant_tokens_mask=True) (5.24.0).

    python3 tests/interop/chat_cases.py ../shared/data

Transformers finds answers by {% generation %} blocks alone. Each template here is written once with <<
and >> around what the assistant says, end-of-turn token included: with the blocks in their place it makes
the reference, without them it is what the case has, but for those that end in "+". Each line has
tokenizer (a file of tests/data/tokenizer, or below the data folder), config (as tokenizer_config.json),
conversation, ids, answer.

chats.jsonl has the conversations in one file, chats.loss the loss of backbone5m on their answers, each
conversation on its own, with its own template, which is the first below."""
import json
import sys

import torch
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

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


def tokenizer(name):
    path = f"tests/data/tokenizer/{name}" if name.endswith(".json") else f"{DATA}/{name}/tokenizer.json"
    return PreTrainedTokenizerFast(tokenizer_file=path, **TOKENS[name])


def messages(chat):
    return [{"role": "user" if i % 2 == 0 else "assistant", "content": c} for i, c in enumerate(chat)]


def encode(t, template, chat):
    marked = template.rstrip("+").replace("<<", "{% generation %}").replace(">>", "{% endgeneration %}")
    got = t.apply_chat_template(messages(chat), chat_template=marked, return_dict=True, return_assistant_tokens_mask=True)
    return marked, got["input_ids"], got["assistant_masks"]


def cases(out, name):
    t = tokenizer(name)
    for template in TEMPLATES[name]:
        plain = template.replace("<<", "").replace(">>", "")
        for chat in CHATS:
            marked, ids, answer = encode(t, template, chat)
            out.write(json.dumps({"tokenizer": name, "conversation": {"messages": messages(chat)},
                "config": TOKENS[name] | {"chat_template": marked if template.endswith("+") else plain},
                "ids": ids, "answer": answer}) + "\n")


def loss(t, model):
    total = count = 0
    for chat in CHATS:
        _, ids, answer = encode(t, CHATML, chat)
        with torch.no_grad():
            p = torch.log_softmax(model(torch.tensor([ids])).logits[0].double(), -1)
        for i in range(1, len(ids)):
            total -= answer[i] * p[i - 1, ids[i]].item()
        count += sum(answer)
    return total / count


with open("tests/data/chat/cases.jsonl", "w") as out:
    for name in TEMPLATES:
        cases(out, name)
with open("tests/data/chat/chats.jsonl", "w") as out:
    for chat in CHATS:
        out.write(json.dumps({"messages": messages(chat)}) + "\n")
with open("tests/data/chat/chats.loss", "w") as out:
    model = AutoModelForCausalLM.from_pretrained(f"{DATA}/backbone5m", dtype=torch.float32)
    out.write(f"{loss(tokenizer('backbone5m'), model):.9f}\n")
