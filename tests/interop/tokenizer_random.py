#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares fl-tokenize with the packages that tokenizers come from, on random texts, the same each time:
a TAP line a kind. The tokenizers are made in DIRECTORY.

    python3 tests/interop/tokenizer_random.py DIRECTORY [texts] [kind...]"""
import pathlib
import random
import struct
import subprocess
import sys

import tokenizer_kinds

POOLS = [
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789", "     ", "\n\r\t\v\f", ".,;:!?'\"()[]{}<>-_=+*/\\|~^`@#$%&",
    "\u00e9\u00ef\u00f6\u00c5\u0131\u0130\u00df\u01c5\u00b5\u00aa\u00ba", "e\u0301\u0316\u0308\u0327o\u0302a\u030a", "\u4f60\u597d\u4e16\u754c\u65e5\u672c\u8a9e\u306e\u30ab\uac00\u1100\u1161\u11a8",
    "\U0001f600\U0001f999\U0001f468\u200d\U0001f469\u200d\U0001f467\ufe0f\U0001f1e9\U0001f1ea", "\u00a0\u0085\u1680\u2003\u2028\u3000\u202f\u180e\u200b\u2060\ufeff",
    "\u2581 ", "\uff21\uff22\ufb01\u2460\u00bd\u00b2\u2163\u0663\u0967\u2155", "\u041f\u0440\u0438\u0432\u0435\u0442\u0434\u0436", "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35\u0915\u094d\u0937\u093f",
    "\u3001\u3002\uff01\u2018\u201d\u2026\u00bf\u00ab\u00b1\u00d7\u20ac",
]
PIECES = ["'s", "'LL", "'re", "'\u017f", " the cat", "  ", "\r\n", "<s>", "</s>", "<|endoftext|>", "<|eot_id|>", "<tool>", "mat", "thing ", "fff",
          "12345", "\u4f60\u597d", " {1: 2}", ">>TITLE<<", "    ", "<unk>", "<0x41>"]


def text(rng):
    out = []
    for _ in range(rng.choice((1, 2, 4, 8, 16))):
        if rng.random() < 0.3:
            out.append(rng.choice(PIECES))
        else:
            pool = rng.choice(POOLS)
            out.append("".join(rng.choice(pool) for _ in range(rng.choice((1, 1, 2, 3, 6)))))
    return "".join(out)


def ours(where, texts, specials):
    """Ids of each text, as a file of its own."""
    names = []
    for i, t in enumerate(texts):
        name = where / f"{i}.txt"
        name.write_bytes(t.encode())
        names.append(str(name))
    out = []
    for name in names:
        r = subprocess.run(["fl-tokenize", "-q", "-c", str(where), *(["--specials"] if specials else []), name], capture_output=True)
        if r.returncode:
            raise SystemExit(f"{where}: {r.stderr.decode()}")
        out.append(list(struct.unpack(f"<{len(r.stdout) // 4}I", r.stdout)))
    for name in names:
        pathlib.Path(name).unlink()
    return out


def main():
    where, count = pathlib.Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 100
    for make in tokenizer_kinds.SMALL + tokenizer_kinds.LARGE:
        if sys.argv[3:] and make.__name__ not in sys.argv[3:]:
            continue
        base = where / make.__name__
        base.mkdir(parents=True, exist_ok=True)
        encode, _ = make(base)
        (base / "config.json").write_text("{}")
        rng = random.Random(1)
        texts = [text(rng) for _ in range(count)]
        wrong, compared = 0, 0
        for specials in (False, True):
            got = ours(base, texts, specials)
            bos = got[0][:1] if all(g[:1] == got[0][:1] for g in got) else []
            for t, ids in zip(texts, got):
                want = encode(t, specials)
                if want is None:
                    continue
                compared += 1
                if ids[len(bos):] != want and ids != want:
                    wrong += 1
                    if wrong <= 5:
                        print(f"# {make.__name__}{' specials' if specials else ''}: {t!r}\n#   ours  {ids[len(bos):]}\n#   their {want}")
        print(f"{'not ' if wrong else ''}ok - tokenizer: {make.__name__}, {compared} random texts, {wrong} differ", flush=True)


main()
