#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/data/tokenizer: small tokenizers and what the PyPI package tokenizers (0.23.3) makes of
texts with them, and with those of the data folder; and one directory for each kind of
tokenizer_kinds.py with what its package makes of the texts.

    python3 tests/interop/tokenizer_cases.py ../shared/data

level.json, prefix.json and meta.json are trained here on the texts below; each has what the real
ones lack. cases.jsonl has one object a line: tokenizer, specials, text, ids, decoded;
kinds.jsonl the same of the directories."""
import json
import pathlib
import sys

from tokenizers import AddedToken, Regex, Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer

import tokenizer_kinds

HERE = "tests/data/tokenizer/"
TEXTS = [
    "", " ", "   ", "\n", "Hello, world!", " Hello  world ", "it's WE'LL o'clock", "in 2026, 12345.67",
    "a\r\n\r\nb\t\tc\n", "na\u00efve na\u0131\u0308ve nai\u0308ve e\u0316\u0301", "\u4f60\u597d \U0001f999\U0001f600",
    "\u2581\u2581 x \u2581y", "\u180e\u00a0\u0085x", "<s>a</s> b  <mask>  c", "x <|endoftext|> y<tool>z", "<s", "aaaaaaaaaaaaaaaa",
]
alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())


def level():
    t = Tokenizer(BPE(ignore_merges=True))
    t.normalizer = normalizers.NFC()
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.Split(Regex(r"(?i:'s|'ll)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|\s+(?!\S)|\s+"), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(TEXTS, BpeTrainer(vocab_size=300, initial_alphabet=alphabet, show_progress=False))
    t.add_special_tokens(["<s>", "</s>", "<|endoftext|>", AddedToken("<mask>", lstrip=True, rstrip=True)])
    t.add_tokens([AddedToken("<tool>", normalized=False)])
    t.post_processor = processors.Sequence([processors.ByteLevel(), processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", t.token_to_id("<s>"))])])
    return t


def prefix():
    t = Tokenizer(BPE())
    t.normalizer = normalizers.Replace("world", "earth")
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(TEXTS, BpeTrainer(vocab_size=300, initial_alphabet=alphabet, show_progress=False))
    t.add_special_tokens(["<s>", "<s>a"])
    t.add_tokens([AddedToken("earth!", normalized=True)])
    return t


def meta():
    t = Tokenizer(BPE(unk_token="<unk>", fuse_unk=True))
    t.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=True)
    t.decoder = decoders.Metaspace(prepend_scheme="first", split=True)
    t.train_from_iterator(TEXTS[:8], BpeTrainer(vocab_size=60, special_tokens=["<unk>", "<s>", "</s>"], show_progress=False))
    return t


def cases(name, t, out):
    for specials in (False, True):
        t.encode_special_tokens = not specials
        for text in TEXTS:
            ids = t.encode(text, add_special_tokens=False).ids
            case = {"tokenizer": name, "specials": specials, "text": text, "ids": ids,
                    "decoded": t.decode(ids, skip_special_tokens=False)}
            out.write(json.dumps(case) + "\n")


KIND_TEXTS = TEXTS[2:16] + [
    "thing 12345 \u00b2\u0663 mat format", "x = {1: 2}  # 9.99!!! ...\n\n  done", "\uff21\uff22 \ufb01 \u2460 e\u0301 \u3000 fff\tff",
    "the catthe cat<tool>  Don't WE'RE \u017fo'\u017f", "<|endoftext|>  <|end|> y", "\u65e5\u672c\u8a9e\u306e\u6587\u5b57 \u041f\u0440\u0438\u0432\u0435\u0442",
]


def kinds():
    with open(HERE + "kinds.jsonl", "w") as out:
        for make in tokenizer_kinds.SMALL:
            where = pathlib.Path(HERE + make.__name__)
            where.mkdir(exist_ok=True)
            encode, decode = make(where)
            for specials in (False, True):
                for text in KIND_TEXTS:
                    ids = encode(text, specials)
                    if ids is None or (specials and "<" not in text):
                        continue
                    case = {"tokenizer": make.__name__, "specials": specials, "text": text, "ids": ids}
                    # sentencepiece writes unknown pieces in its own way; what is left of a character is no text
                    if not make.__name__.startswith("sp_") and "holes" not in make.__name__:
                        case["decoded"] = decode(ids)
                    out.write(json.dumps(case, ensure_ascii=False, separators=(",", ":")) + "\n")


kinds()
with open(HERE + "cases.jsonl", "w") as out:
    for make in (level, prefix, meta):
        t = make()
        t.save(HERE + make.__name__ + ".json", pretty=False)
        cases(make.__name__, t, out)
    for name in ("backbone5m", "stories260K", "tokenizers/mistral", "tokenizers/gpt2", "tokenizers/llama2"):
        cases(name, Tokenizer.from_file(f"{sys.argv[1]}/{name}/tokenizer.json"), out)
