# SPDX-License-Identifier: Apache-2.0
"""GGUF files by llama.cpp: gguf_run.py < LIST, one line NAME TAB f32|int4 TAB FILE TAB LOGITS TAB PROMPT a model.

LOGITS are fl-eval's, PROMPT is text. In FILE.text is left what llama.cpp makes of PROMPT and 64 tokens more, in its own
tokens, by greedy decoding. Products with weights in f32 differ by the order of sums; with Q4_0, llama.cpp rounds
activations to 8 bits in blocks of 32."""
import ctypes
import sys

import judge
import llama_cpp as L
import numpy as np

STEPS = 64


def silence(level, text, data):
    if level >= 4:
        sys.stderr.buffer.write(text)


log = L.llama_log_callback(silence)
L.llama_log_set(log, ctypes.c_void_p(0))


def logits(llm, ids):
    """After each of these, from an empty cache."""
    llm.reset()
    llm.eval(ids)
    return np.array(llm.scores[:len(ids)], np.float32)


def greedy(llm, prompt):
    ids = llm.tokenize(prompt.encode(), add_bos=True, special=False)
    begin = len(ids)
    llm.reset()
    llm.eval(ids)
    for _ in range(STEPS):
        ids.append(int(llm.scores[llm.n_tokens - 1].argmax()))
        llm.eval(ids[-1:])
    text = llm.detokenize(ids, special=True)
    if begin and ids[0] == llm.token_bos():
        text = text.removeprefix(llm.detokenize(ids[:1], special=True)).removeprefix(b" ")
    return text


def run(kind, path, wanted, prompt):
    ids, want, context = judge.load(wanted)
    # f32 cache and no flash attention: what is compared is the model, not the runtime's roundings.
    llm = L.Llama(path, n_ctx=512, type_k=0, type_v=0, flash_attn=False, verbose=False, n_threads=1, logits_all=True)
    with open(path + ".text", "wb") as f:
        f.write(greedy(llm, prompt) + b"\n")
    got = np.concatenate([logits(llm, window.tolist()) for window in judge.windows(ids, context)])
    return judge.differ(want, got, kind == "f32")


judge.main("gguf", run)
