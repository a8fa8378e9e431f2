# SPDX-License-Identifier: Apache-2.0
"""Whether a file of ids is what the package tokenizers makes of a text with CHECKPOINT's tokenizer.json, and llama.cpp
with GGUF: smollm2_ids.py CHECKPOINT GGUF TEXT IDS."""
import sys

import llama_cpp
import numpy
import tokenizers

checkpoint, gguf, path, ids = sys.argv[1:]
with open(path, "rb") as f:
    text = f.read()
ours = numpy.fromfile(ids, numpy.uint32).tolist()
tokenizer = tokenizers.Tokenizer.from_file(checkpoint + "/tokenizer.json")
tokenizer.encode_special_tokens = True
assert tokenizer.encode(text.decode(), add_special_tokens=False).ids == ours, "tokenizers has other ids"
model = llama_cpp.Llama(gguf, vocab_only=True, verbose=False)
assert model.tokenize(text, add_bos=False, special=False) == ours, "llama.cpp has other ids"
print(len(ours), "ids")
