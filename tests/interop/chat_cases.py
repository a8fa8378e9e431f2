#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/data/chat/cases.jsonl: conversations as tokens, and which of them are answers, by
transformers' apply_chat_template(return_assistant_tokens_mask=True) (5.24.0).

    python3 tests/interop/chat_cases.py ../shared/data

Transformers finds answers by {% generation %} blocks alone. Each template here is written once with <<
and >> around what the assistant says, end-of-turn token included: with the blocks in their place it makes
the reference, without them it is what the case has, but for those that end in "+". Each line has
tokenizer (a file of tests/data/tokenizer, or below the data folder), config (as tokenizer_config.json),
conversation, date (null: none is given), and renderings, of which each has ids and answer. One rendering is the
whole conversation where the template marks answers. Elsewhere each answer is that at the end of the messages up to
it, and two are in one rendering where the tokens up to the end of the first begin the text of the second.

The conversations of ../shared/data/field/chat are as people's files have them. Content that is a list of text parts
is given to transformers as it is if the template takes it (PARTS), else as vLLM does: as one text with line breaks
between the parts, and none as "".

chats.jsonl has the conversations in one file, chats.loss the loss of backbone5m on their answers, each
conversation on its own, with its own template, which is the first below."""
import datetime
import json
import sys

import torch
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast
from transformers.utils import chat_template_utils

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
TURNS = ("{% for m in messages %}{{ bos_token + m.role + '\\n' }}{% if m.role == 'assistant' %}<<CONTENT{{ eos_token }}>>"
         "{% else %}CONTENT{{ eos_token }}{% endif %}{{ '\\n' }}{% endfor %}"
         "{% if add_generation_prompt %}{{ bos_token + 'assistant\\n' }}{% endif %}")
STRINGS = TURNS.replace("CONTENT", "{{ '' + m.content }}")
PARTS = TURNS.replace("CONTENT", "{% if m.content is string %}{{ m.content }}{% else %}{% for part in m.content %}"
                      "{% if part.type == 'text' %}{{ part.text }}{% endif %}{% endfor %}{% endif %}")
# a token behind the text, which begins as a prompt does
CLOSED = STRINGS + "{% if not add_generation_prompt %}{{ pad_token }}{% endif %}"
DATED = "{{ strftime_now('%A, %-d %B %Y') + '\\n' }}" + STRINGS
# as Qwen 3: the reasoning of answers before the last question is left out, and the last answer has a block for it
THINKING = ("{% set ns = namespace(last=0) %}{% for m in messages %}{% if m.role == 'user' %}{% set ns.last = loop.index0 %}"
            "{% endif %}{% endfor %}" + TURNS.replace("CONTENT", """
{%- set content = m.content if m.content is string else '' %}
{%- set thought = m.reasoning_content or '' %}
{%- if not thought and '</think>' in content %}
    {%- set thought = content.split('</think>')[0].split('<think>')[-1].strip('\\n') %}
    {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
{%- endif %}
{%- if loop.index0 > ns.last and (loop.last or thought) %}
    {{- '<think>\\n' + thought + '\\n</think>\\n\\n' }}
{%- endif %}
{{- content }}
{%- for call in m.tool_calls or [] %}{{ call.function | tojson }}{% endfor -%}
"""))
FIELD = ["single", "multi", "twoans", "emptyans", "nullcontent", "parts", "reason"]
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
    got = t.apply_chat_template(chat, chat_template=marked, return_dict=True, return_assistant_tokens_mask=True)
    return marked, got["input_ids"], got["assistant_masks"]


def rendering(ids, spans):
    return {"ids": ids, "answer": [int(any(a <= i < b for a, b in spans)) for i in range(len(ids))]}


def last_run(mask):
    end = len(mask) - mask[::-1].index(1)
    return end - (mask[:end][::-1] + [0]).index(0), end


def renderings(t, template, chat):
    out, now, spans = [], [], []
    for i in range(len(chat) + 1):
        if i < len(chat) and chat[i]["role"] != "assistant":
            continue
        _, ids, mask = encode(t, template, chat[:i + 1])
        if spans and now[:spans[-1][1]] != ids[:spans[-1][1]]:
            out.append(rendering(now, spans))
            spans = []
        now = ids
        if i < len(chat):
            spans.append(last_run(mask))
    return out + ([rendering(now, spans)] if spans else [])


def flat(message, template):
    content = message["content"]
    if isinstance(content, list) and template != PARTS:
        content = "\n".join(part["text"] for part in content)
    return message | {"content": "" if content is None else content}


def case(out, name, t, template, conversation, date=None):
    chat = [flat(m, template) for m in conversation["messages"]]
    marked, ids, answer = encode(t, template, chat)
    own = template.endswith("+")
    out.write(json.dumps({"tokenizer": name, "conversation": conversation, "date": date,
        "config": TOKENS[name] | {"chat_template": marked if own else template.replace("<<", "").replace(">>", "")},
        "renderings": [{"ids": ids, "answer": answer}] if own else renderings(t, template, chat)}) + "\n")


def field(name):
    return json.loads(open(f"{DATA}/field/chat/{name}.jsonl").read().splitlines()[-1])


def cases(out, name):
    t = tokenizer(name)
    for template in TEMPLATES[name]:
        for chat in CHATS:
            case(out, name, t, template, {"messages": messages(chat)})


def field_cases(out, name):
    t = tokenizer(name)
    for template in (STRINGS, THINKING, PARTS, CLOSED):
        for conversation in FIELD:
            case(out, name, t, template, field(conversation))
    case(out, name, t, THINKING, {"messages": messages(["a", "<think>\nx\n</think>\n\nA", "b", "<think>\ny\n</think>\n\nB"])})
    two = [{"type": "text", "text": "Hi"}, {"type": "text", "text": "there"}]
    for template in (STRINGS, THINKING, PARTS):
        case(out, name, t, template, {"messages": [{"role": "user", "content": two}, {"role": "assistant", "content": two}]})
    case(out, name, t, DATED, field("multi"), "2024-02-09")


def loss(t, model):
    total = count = 0
    for chat in CHATS:
        _, ids, answer = encode(t, CHATML, messages(chat))
        with torch.no_grad():
            p = torch.log_softmax(model(torch.tensor([ids])).logits[0].double(), -1)
        for i in range(1, len(ids)):
            total -= answer[i] * p[i - 1, ids[i]].item()
        count += sum(answer)
    return total / count


chat_template_utils.datetime = type("Fixed", (), {"now": lambda: datetime.datetime(2024, 2, 9)})
with open("tests/data/chat/cases.jsonl", "w") as out:
    for name in TEMPLATES:
        cases(out, name)
    field_cases(out, "level.json")
with open("tests/data/chat/chats.jsonl", "w") as out:
    for chat in CHATS:
        out.write(json.dumps({"messages": messages(chat)}) + "\n")
with open("tests/data/chat/chats.loss", "w") as out:
    model = AutoModelForCausalLM.from_pretrained(f"{DATA}/backbone5m", dtype=torch.float32)
    out.write(f"{loss(tokenizer('backbone5m'), model):.9f}\n")
