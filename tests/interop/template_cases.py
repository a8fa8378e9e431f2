#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/data/template/cases.jsonl and snippets.jsonl: what Jinja (3.1.6, through transformers
5.24.0's render_jinja_template) makes of chat templates.

    python3 tests/interop/template_cases.py ../shared/data

cases.jsonl: template (a file beside it, or a path below the data folder), variables, and the text or
"refused": true; marks are the byte offsets of {% generation %} blocks. snippets.jsonl: one template a
line, with variables of snippets.json, for the language itself. The variable strftime_now is the date that
the function of that name is to have."""
import datetime
import glob
import json
import os
import sys

from transformers.utils import chat_template_utils
from transformers.utils.chat_template_utils import _compile_jinja_template, render_jinja_template

HERE = "tests/data/template/"
REAL = ["tokenizers/llama3/Llama-3.2-1B-Instruct.tokenizer_config.json", "tokenizers/qwen2/tokenizer_config.json"]


def say(*turns):
    names = {"s": "system", "u": "user", "a": "assistant", "t": "tool"}
    return [{"role": names[r], "content": c} for r, c in turns]


WEATHER = {"type": "function", "function": {"name": "weather", "description": "The weather \"now\"\tat a place.",
    "parameters": {"type": "object", "properties": {"place": {"type": "string", "description": "Größe <b>"},
        "hidden": {"type": "number"}, "days": {"type": "integer"}}, "required": ["place"]}}}
NOTHING = {"type": "function", "function": {"name": "nothing", "parameters": {"type": "object", "properties": {}}}}
CALL = {"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function": {"name": "weather",
    "arguments": {"place": "Zürich\n", "days": 3, "exact": True, "least": 0.5, "none": None, "list": [1, [], {}]}}}]}
CHATS = {
    "one": say(("u", "Hello")),
    "answered": say(("u", "Hello"), ("a", "Hi, how are you?")),
    "system": say(("s", "Be kind.\n"), ("u", " 2 + 2? "), ("a", "  It is 4.\n"), ("u", "Sure?"), ("a", "Yes")),
    "unicode": say(("s", "Réponds en 日本語"), ("u", "\u00a0naïve 🦙\u3000"), ("a", "\u2003はい。\u0085"), ("u", "{{ x }} {% if %} <|im_end|>")),
    "thoughts": say(("u", "a"), ("a", "<think>\nfirst\n</think>\n\nA"), ("u", "b"), ("a", "<think>\nsecond\n\n</think>\n\nB")),
    "same twice": say(("u", "a"), ("u", "b")),
    "empty": [],
    "spaces": say(("u", ""), ("a", "\n\n"), ("u", "\t")),
}
TOOLED = say(("u", "Weather?")) + [CALL] + say(("t", "{\"rain\": 1}"), ("t", "dry"), ("a", "Rain."))

SNIPPETS = """
a{{ 1 }}b{#- c -#} d{# e #}\\nf
  {% if true %}\\n  x\\n  {% endif %}\\n y
  {%- if true -%}\\n  x\\n  {%- endif -%}\\n y
  {%+ if true +%}\\n  x\\n  {%+ endif +%}\\n y
{{ s }}  {% if true %} x{% endif %} \\n
\\n\\n {# c #}\\n\\n {{- 1 -}} \\n\\n {{ 2 }}\\n
a\\r\\nb\\rc {{ "d\\r\\ne" }}\\n
  x {% set a = 1 %}\\n  {{ a }}
{{ 'a\\nb\\tc\\\\d\\'e' }}{{ "\\u2581\\x41\\q" }}{{ "a" 'b' }}
{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 4 / 2 }} {{ 2 * 3 + 1 }} {{ 1.5 + 1 }} {{ 10 - 2 - 3 }}
{{ 1 + 2 ~ 3 }}
{{ 'a' ~ 1 ~ none ~ true }} {{ 1 / 8 }} {{ 0.1 if 2 ~ 3 == '23' }} {{ 2 * 3 ~ 4 - 0 if false else 8 }}
{{ -3 | string }} {{ - 3 + 1 }} {{ +2 }} {{ not true or true and not false }} {{ 1 if 0 else 2 if 0 else 3 }} [{{ 1 if 0 }}]
{{ 1 < 2 }} {{ 'a' < 'b' }} {{ 1 == 1.0 }} {{ true == 1 }} {{ 'a' == 1 }} {{ none == false }} {{ [1, 'a'] == [1, 'a'] }} {{ {'a': 1} == {'a': 1} }} {{ 2 >= 2 }} {{ 2 != 2 }}
{{ 'b' in 'abc' }} {{ 1 in l }} {{ 'k' in d }} {{ 'z' not in d }} {{ 'x' in nothing }} {{ not 1 in l }}
{{ l[0] }}{{ l[-1] }}{{ l[9] }}{{ d.k }}{{ d['k'] }}{{ d.missing }}{{ d['missing'] is defined }}{{ s[1] }}{{ u[-1] }}{{ l.0 }}
{{ s[1:] }} {{ s[:-1] }} {{ s[::-1] }} {{ u[::2] }} {{ s[-3:-1] }} {{ s[5:1] }} {{ s[9:] }} {{ l[::-1] | join(',') }} {{ l[1:][0] }} {{ l[-9:2] | length }} {{ s[3:0:-1] }} {{ s[:1:-2] }}
{{ s | length }}{{ u | length }}{{ l | length }}{{ d | length }}{{ nothing | length }}{{ l | count }}
{{ '  a b '.strip() }}|{{ '  a '.lstrip() }}|{{ ' a '.rstrip() }}|{{ 'xxaxyx'.strip('x') }}|{{ 'xya'.lstrip('yx') }}|{{ '日本日'.strip('日') }}|{{ 'ab'.strip('') }}|{{ '  '.strip() }}
{{ 'a,b,,c'.split(',') | join('|') }} {{ ' a  b '.split() | join('|') }} {{ 'a,b,c'.split(',', 1) | join('|') }} {{ ''.split(',') | length }} {{ ''.split() | length }} {{ 'a<x>b'.split('<x>')[-1] }}
{{ 'abc'.startswith('ab') }} {{ 'abc'.endswith('bc') }} {{ 'a-b-c'.replace('-', '+') }} {{ 'a-b-c'.replace('-', '+', 1) }} {{ 'a-b' | replace('-', '') }} {{ 'aXb'.upper() }} {{ 'aXb'.lower() }} {{ "they're aBC x1y".title() }} {{ 'aBC d'.capitalize() }}
{{ ' a ' | trim }} {{ 'xax' | trim('x') }} {{ 'aB' | upper }} {{ 'aB' | lower }} {{ 'aB' | capitalize }} {{ 5 | string + 'a' }} {{ nothing | default('d') }} {{ '' | default('d') }} {{ '' | default('d', true) }} {{ none | d('x', boolean=true) }}
{{ l | first }} {{ l | last }} {{ [] | first }} {{ l | reverse | join }} {{ d | list | join(',') }} {{ 'ab' | list | join(',') }} {{ people | map(attribute='n') | join('+') }} {{ ['a', 'b'] | map('upper') | list | join }} {{ 'a' | safe }} {{ people | join(',', attribute='n') }}
{{ people | selectattr('a', 'equalto', 2) | map(attribute='n') | join }} {{ people | selectattr('b') | list | length }} {{ people | rejectattr('b', 'defined') | list | length }} {{ people | selectattr('a', 'ne', 2) | first | tojson }}
{{ d | tojson }} {{ l | tojson }} {{ s | tojson }} {{ none | tojson }} {{ true | tojson }} {{ 1.0 | tojson }} {{ '<é"\\\\\\n>' | tojson }} {{ [] | tojson }} {{ {} | tojson }}
{{ deep | tojson(indent=4) }}{{ deep | tojson }}
{{ nothing is defined }} {{ s is defined }} {{ nothing is undefined }} {{ none is none }} {{ s is string }} {{ d is mapping }} {{ l is iterable }} {{ d is iterable }} {{ s is iterable }} {{ 1 is iterable }} {{ l is sequence }} {{ 1 is number }} {{ true is number }} {{ 1.5 is float }} {{ 1 is integer }} {{ true is integer }} {{ true is boolean }} {{ 0 is false }} {{ true is true }} {{ 3 is odd }} {{ 3 is even }}
{{ s is not defined }} {{ s is not none and true }} {{ 1 is eq 1 }} {{ 1 is ne(2) }} {{ 'a' is in ['a'] }} {{ s is defined or x.y }} {{ d.k is defined and d.k is not mapping }} {{ not s is none }} {{ 'a' is equalto('b') or 2 }}
{% for x in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.previtem }}{{ loop.nextitem }};{% endfor %}
{% for x in [] %}a{% else %}none{% endfor %}{% for x in nothing %}a{% endfor %}{% for c in u %}{{ c }},{% endfor %}{% for k in d %}{{ k }},{% endfor %}
{% for x in l if x != 2 %}{{ x }}{{ loop.index }}{{ loop.length }}{% if loop.last %}.{% endif %}{% else %}x{% endfor %}
{% for k, v in d.items() %}{{ k }}={{ v | length }} {% endfor %}{% for k, v in d | items %}{{ k }}{% endfor %}{% for a, b in [[1, 2], (3, 4)] %}{{ a + b }}{% endfor %}{{ d.keys() | join }}{{ d.values() | list | length }}{{ d.get('k') }}{{ d.get('z') }}{{ d.get('z', 5) }}
{% for x in l %}{% if x == 2 %}{% continue %}{% endif %}{% if x == 3 %}{% break %}{% endif %}{{ x }}{% endfor %}
{% for x in l %}{% for y in l %}{{ loop.index }}{% endfor %}{{ loop.index }}{% endfor %}
{% set x = 1 %}{% for y in l %}{{ x }}{% set x = x + y %}{{ x }}{% endfor %}{{ x }}
{% set ns = namespace(x=0, y='a') %}{% for i in l %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}{{ ns.y }}{{ ns.z }}
{% if false %}{% set x = 1 %}{% elif true %}{% set x = 2 %}{% else %}{% set x = 3 %}{% endif %}{{ x }}
{% set x %}a {{ s }} b{% endset %}{{ x | upper }}{% set y = 1, 2 %}{{ y | length }}
{% macro m(a, b='x', c=none) %}[{{ a }}{{ b }}{{ c }}]{% endmacro %}{{ m(1) }}{{ m(1, 2) }}{{ m(b=3, a=4) }}{{ m() }}{{ m(1, c=l[0]) | length }}
{% set g = 'g' %}{% macro m() %}{{ g }}{% set g = 'h' %}{{ g }}{% endmacro %}{{ m() }}{{ g }}{% set g = 'k' %}{{ m() }}
{% macro f(n) %}{% if n > 0 %}{{ n }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(5) }}
{{ range(0, 7, 3) | join }} {{ range(3, -2, -2) | join(',') }} {{ range(3, 0) | list | length }} {{ none | selectattr('a') | list | length }}{{ none | map('upper') | list | length }} {{ range(3) | join }} {{ range(1, 4) | join }} {{ range(3, 1) | list | length }} {{ dict(a=1, b=[2]) | tojson }}
{{ {'a': {'b': [1, {'c': 'x'}]}}.a.b[1].c }}{{ ('a', 'b')[1] }}{{ ('a') }}{{ [1, 2, ] | length }}{{ {'a': 1, }['a'] }}{{ 'a}}b' }}{{ {'x': {}}|length}}{{ "%}" }}
{{ s }}{{- ' x' }} {{ (s + 'b').upper().lower()[0:2] }}{{ d.n.m.o if d.n is mapping else 'q' }}{{ l[l | length - 1] }}
{% for x in l %}{% generation %}{{ x }}{% endgeneration %} {% endfor %}{% generation %}\\n{% set q = 1 %}é{% endgeneration %}{{ q }}
{{ ([1, 2] + [3] | list) | length }}
{{ ([1, 2] + [3]) | join('é') }}{{ none }}{{ True }}{{ False }}{{ None }}{{ true and 'x' }}{{ '' or 'y' }}{{ 0 and 1 }}{{ 1000000 * 1000000 }}
{{ strftime_now('%d %b %Y, %A %-d %B; %H:%M:%S %p %j %% ü') }}{{ strftime_now(format='') }}{{ strftime_now is defined }}
{{ nothing.x }}
{{ nothing + 'a' }}
{{ 'a' + 1 }}
{{ d.k.x.y }}
{{ raise_exception('no ' + s) }}
{{ s.nothing() }}
{{ nothing() }}
{{ strftime_later('%d') }}
{{ strftime_now() }}
{% for x in 5 %}{% endfor %}
{{ 'a' < 1 }}
{{ 1 // 0 }}
{{ 1 in 5 }}
{{ range(1, 2, 0) }}
{{ none | list }}
{% if %}x{% endif %}
{% if true %}x
{% for x %}{% endfor %}
{{ 'a
{{ a b }}
{{ [1, }}
{{ 1 +
{# open
{% endif %}
{% unknown %}
{{ s | unknown }}
{{ s is unknown }}
{% set 1 = 2 %}
{% set s.x = 2 %}
{% break %}
{{ m( }}
{{ f(a=1, 2) }}
{{ '\\u12' }}
{{ $ }}
{% for a, b in [[1]] %}{% endfor %}
{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}
{{ l['a'] }}{{ d[1] }}x{{ s['a'] is defined }}
{{ people[0].n }}{{ people[1]['a'] }}{{ people | length > 1 and people[0].a == 1 }}
"""
DATE = "2024-02-09"
VARIABLES = {"strftime_now": DATE, "s": "hello", "u": "aé日🦙", "l": [1, 2, 3], "d": {"k": "v", "n": {"m": 1}},
             "people": [{"n": "A", "a": 1, "b": True}, {"n": "B", "a": 2}],
             "deep": {"a": [1, {"b": []}], "c": {}, "d": "\u2028é\x7f\x01", "e": 0.1, "f": 1e16, "g": 1e-5, "h": -2.0}}


def given(variables, *without):
    return {k: v for k, v in variables.items() if k not in without + ("strftime_now",)}


def offsets(text, marks):
    return [[len(text[:a].encode()), len(text[:b].encode())] for a, b in marks]


def render(source, variables):
    try:
        text, marks = render_jinja_template([variables["messages"]], chat_template=source,
            return_assistant_tokens_mask=True, **given(variables, "messages"))
    except Exception:
        return {"refused": True}
    return {"text": text[0], "marks": offsets(text[0], marks[0])}


def case(out, template, source, variables):
    # transformers passes these whether they are given or not
    variables = {"tools": None, "documents": None} | variables
    dated = "strftime_now" in variables or "llama3" not in template
    extra = {} if dated else {"date_string": "26 Jul 2024"}  # for transformers strftime_now is always defined
    out.write(json.dumps({"template": template, "variables": variables, **render(source, variables | extra)},
                         ensure_ascii=False) + "\n")


def cases(out, template, source):
    tokens = {"bos_token": "<s>", "eos_token": "</s>"}
    for name, chat in CHATS.items():
        for prompt in (False, True):
            case(out, template, source, {"messages": chat, "add_generation_prompt": prompt} | tokens)
    case(out, template, source, {"messages": CHATS["one"], "add_generation_prompt": True, "enable_thinking": False} | tokens)
    if template in REAL:
        case(out, template, source, {"messages": CHATS["one"], "strftime_now": DATE} | tokens)
    if "tools" in template or template in REAL:
        for tools in (None, [WEATHER, NOTHING]):
            case(out, template, source, {"messages": TOOLED, "tools": tools, "add_generation_prompt": True} | tokens)


def snippet(source):
    try:
        return {"text": _compile_jinja_template(source).render(**given(VARIABLES))}
    except Exception:
        return {"refused": True}


chat_template_utils.datetime = type("Fixed", (), {"now": lambda: datetime.datetime.fromisoformat(DATE)})
with open(HERE + "cases.jsonl", "w") as out:
    for path in sorted(glob.glob(HERE + "*.jinja")):
        cases(out, os.path.basename(path), open(path).read())
    for path in REAL:
        cases(out, path, json.load(open(f"{sys.argv[1]}/{path}"))["chat_template"])
json.dump(VARIABLES, open(HERE + "snippets.json", "w"))
with open(HERE + "snippets.jsonl", "w") as out:
    for line in SNIPPETS.strip("\n").split("\n"):
        source = line.replace("\\n", "\n").replace("\\r", "\r") if not line.startswith("{{ '") else line
        out.write(json.dumps({"template": source, **snippet(source)}) + "\n")
