#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""MB/s of the packages tokenizers and tiktoken, on one thread and on two, as four columns; empty where
the directory has no form that the package reads.

    python3 tests/bench/tokenizer.py DIRECTORY TEXT MEGABYTES"""
import base64
import json
import os
import pathlib
import subprocess
import sys
import time

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")
PATTERN = {
    "gpt2": r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    "llama3": LLAMA3,
    "qwen2": LLAMA3.replace("{1,3}", ""),
}


def pieces(path, limit):
    """Whole lines of some 10 kB; a line of its own if it is longer."""
    with open(path, "rb") as f:
        text = f.read(limit).decode(errors="ignore")
    out, size = [[]], 0
    for line in text.splitlines(keepends=True):
        if size > 10000:
            out.append([])
            size = 0
        out[-1].append(line)
        size += len(line)
    return ["".join(x) for x in out], len(text.encode())


def with_tokenizers(where, threads):
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

    if (where / "tokenizer.json").exists():
        t = Tokenizer.from_file(str(where / "tokenizer.json"))
    elif (where / "merges.txt").exists():
        t = Tokenizer(models.BPE.from_file(str(where / "vocab.json"), str(where / "merges.txt")))
        t.normalizer = normalizers.NFC()
        t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(PATTERN[where.name]), "isolated"),
                                                   pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    else:
        return None
    if threads == 1:
        return lambda texts: [t.encode(x, add_special_tokens=False) for x in texts]
    return lambda texts: t.encode_batch_fast(texts, add_special_tokens=False)


def byte_of():
    printable = [b for b in range(256) if 33 <= b <= 126 or (161 <= b and b != 173)]
    table = {chr(b): b for b in printable}
    table.update({chr(256 + i): b for i, b in enumerate(b for b in range(256) if b not in printable)})
    return table


def with_tiktoken(where, threads):
    import tiktoken

    if where.name not in PATTERN:
        return None
    if (where / "tokenizer.model").exists():
        lines = (line.split() for line in (where / "tokenizer.model").open("rb"))
        ranks = {base64.b64decode(token): int(rank) for token, rank in lines}
    else:
        table = byte_of()
        vocab = json.loads((where / "vocab.json").read_text())
        ranks = {bytes(table[c] for c in token): i for token, i in vocab.items() if token != "<|endoftext|>"}
    e = tiktoken.Encoding(where.name, pat_str=PATTERN[where.name], mergeable_ranks=ranks, special_tokens={})
    if threads == 1:
        return lambda texts: [e.encode_ordinary(x) for x in texts]
    return lambda texts: e.encode_ordinary_batch(texts, num_threads=threads)


def rate(package, threads, where, path, limit):
    encode = {"tokenizers": with_tokenizers, "tiktoken": with_tiktoken}[package](where, threads)
    if not encode:
        return ""
    texts, size = pieces(path, limit)
    start = time.perf_counter()
    encode(texts)
    return f"{size / (time.perf_counter() - start) / 1e6:.1f}"


def one(package, threads, where, path, limit):
    """In a process of its own, whose threads are counted from its start; a minute at most."""
    env = dict(os.environ, RAYON_NUM_THREADS=str(threads), TOKENIZERS_PARALLELISM="true" if threads > 1 else "false")
    try:
        return subprocess.run([sys.executable, __file__, str(where), str(path), str(limit), package, str(threads)],
                              env=env, capture_output=True, text=True, timeout=60).stdout.strip() or ""
    except subprocess.TimeoutExpired:
        return "timeout"


where, path, limit = pathlib.Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
if len(sys.argv) > 4:
    print(rate(sys.argv[4], int(sys.argv[5]), where, path, int(limit)))
else:
    print("\t".join(one(package, threads, where, path, int(limit * 1e6))
                    for package in ("tokenizers", "tiktoken") for threads in (1, 2)))
