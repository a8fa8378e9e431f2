# SPDX-License-Identifier: Apache-2.0
"""The vocabularies that llama.cpp publishes, imported, and their test vectors: import_vocab.py MODELS OUT.

MODELS has ggml-vocab-NAME.gguf, and for most NAMEs .inp, texts separated by lines, and .out, their ids, a line each. A
TAP line a family with how many texts and ids were compared, and for those without vectors, or refused, the reason."""
import pathlib
import struct
import subprocess
import sys

END = "\n__ggml_vocab_test__\n"


def ids_of(where, text):
    out = subprocess.run(["fl-tokenize", "-q", "-c", where, "-"], input=text.encode(), capture_output=True, check=True).stdout
    return list(struct.unpack(f"<{len(out) // 4}I", out))


def compare(where, vectors):
    texts = vectors.with_suffix(".gguf.inp").read_bytes().decode().split(END)
    wanted = [[int(x) for x in line.split()] for line in vectors.with_suffix(".gguf.out").read_text().splitlines()]
    wrong = ids = 0
    for text, want in zip(texts, wanted):
        got = ids_of(where, text)
        ids += len(want)
        if want not in (got, got[1:]):  # which has a BOS, and vectors none
            wrong += 1
            print(f"# {text[:40]!r}: {got[:20]}, not {want[:20]}")
    return wrong, len(wanted), ids


def main():
    models, out = map(pathlib.Path, sys.argv[1:])
    out.mkdir(exist_ok=True)
    for path in sorted(models.glob("ggml-vocab-*.gguf")):
        name = path.name[len("ggml-vocab-"):-len(".gguf")]
        where = str(out / name)
        done = subprocess.run(["fl-import", "-q", "--tokenizer", "-o", where + "/", path], capture_output=True, text=True)
        if done.returncode == 3:
            print(f"ok - import: tokenizer {name} # skip {done.stderr.strip().split(': ', 2)[2]}")
        elif not path.with_suffix(".gguf.inp").exists():
            print(f"ok - import: tokenizer {name} # skip it is imported, and has no vectors")
        else:
            wrong, texts, ids = compare(where, path)
            print(f"{'not ' if wrong else ''}ok - import: tokenizer {name} # {texts} texts, {ids} ids, {wrong} texts differ")


main()
