# SPDX-License-Identifier: Apache-2.0
"""Greedy text of a GGUF file by llama.cpp: gguf_greedy.py FILE PROMPT N. The ids, then the text."""
import ctypes
import sys

import llama_cpp as L


def silence(level, text, data):
    if level >= 4:
        sys.stderr.buffer.write(text)


log = L.llama_log_callback(silence)
L.llama_log_set(log, ctypes.c_void_p(0))
path, prompt, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
# f32 cache and no flash attention: what is compared is the model, not the runtime's roundings.
llm = L.Llama(path, n_ctx=max(512, n + 64), type_k=0, type_v=0, flash_attn=False, verbose=False,
              n_threads=1, logits_all=False)
ids = llm.tokenize(prompt.encode(), add_bos=True, special=False)
print("prompt", *ids)
out = []
llm.eval(ids)
for _ in range(n):
    logits = llm._ctx.get_logits()
    row = [logits[i] for i in range(llm.n_vocab())]
    best = max(range(len(row)), key=row.__getitem__)
    out.append(best)
    llm.eval([best])
print("ids", *out)
sys.stdout.flush()
text = llm.detokenize(ids + out, special=True)
if ids[0] == llm.token_bos():
    text = text.removeprefix(llm.detokenize(ids[:1], special=True)).removeprefix(b" ")
sys.stdout.buffer.write(text + b"\n")
