# SPDX-License-Identifier: Apache-2.0
"""Decoders by ONNX Runtime beside fl: onnx_run.py < LIST, one line a model, of NAME, KIND, DIR, EXACT, ROUNDED
and PROMPT, separated by tabs.

EXACT is what fl-eval --dequantize --logits wrote, ROUNDED the same without --dequantize; PROMPT, a file of
ids. In DIR is left greedy.tok, the prompt and 64 ids more by greedy decoding with the cache. By KIND:

f32     logits of whole windows, and of a window's second half token by token behind a cached first half,
        differ from fl's by rounding of f32 sums only: 1e-5 of the largest logit over the layers here, and
        1e-4 is allowed. A wrong mask, window, bias or rotation moves logits by their own size. Two texts of
        unequal length in one batch give what each gives alone.
last    the logits of each window's last token, which are all that there are.
int     as f32, with accuracy_level taken off the products, that is with activations in f32. As they are
        written, ONNX Runtime rounds activations to 8 bits in blocks of 32. What that does to random weights
        is told and not judged;
text    over a real text the arg-max is to be that of f32 activations in 98 % of all places.

fl rounds them as well, token by token. How far the two are apart is told: two roundings, one on the other.
"""
import json
import os

import judge
import numpy as np
import onnx
import onnxruntime as ort
from onnx.external_data_helper import load_external_data_for_model

ort.set_default_logger_severity(3)
STEPS = 64


class Decoder:
    def __init__(self, model, head_size):
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.outputs = [o.name for o in self.session.get_outputs()]
        # Other people's graphs have a word for the size of a head.
        self.caches = [(i.name, [i.shape[1], 0, head_size]) for i in self.session.get_inputs() if i.name.startswith("past")]
        self.clear()

    def clear(self, batch=1):
        self.length = 0
        self.past = {name: np.zeros([batch, *shape], np.float32) for name, shape in self.caches}

    def step(self, ids, mask):
        feed = {"input_ids": np.asarray(ids, np.int64), "attention_mask": mask, **self.past}
        out = dict(zip(self.outputs, self.session.run(self.outputs, feed)))
        for name in self.past:
            self.past[name] = out[name.replace("past_key_values", "present")]
        return out["logits"]

    def __call__(self, ids):
        """Logits after each of these, behind what was given before."""
        self.length += len(ids)
        return self.step([ids], np.ones([1, self.length], np.int64))[0]

    def windows(self, ids, context, cached):
        """Logits of windows of ids, whole or from their middle on token by token."""
        all = []
        for window in judge.windows(ids, context):
            middle = len(window) // 2 if cached else len(window)
            self.clear()
            all += [self(window[:middle])] + [self(window[i:i + 1]) for i in range(middle, len(window))]
        return np.concatenate(all)

    def greedy(self, ids):
        self.clear()
        ids, logits = list(ids), self(ids)
        for _ in range(STEPS):
            ids.append(int(logits[-1].argmax()))
            logits = self(ids[-1:])
        return ids


def in_f32(directory):
    """The same model with activations in f32."""
    model = onnx.load(os.path.join(directory, "model.onnx"), load_external_data=False)
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.name == "accuracy_level":
                attribute.i = 0
    load_external_data_for_model(model, directory)
    return model.SerializeToString()


def judge_batch(decoder, ids, largest):
    """A text of 20 ids and one of 12, and then one more of each."""
    texts, alone = [ids[:21], ids[21:34]], []
    for text in texts:
        decoder.clear()
        alone += [np.concatenate([decoder(text[:-1]), decoder(text[-1:])])]
    length = np.array([[20], [12]])
    decoder.clear(2)
    first = decoder.step([texts[0][:20], np.pad(texts[1][:12], (0, 8))], (np.arange(20) < length).astype(np.int64))
    then = decoder.step([texts[0][20:], texts[1][12:]], (np.arange(21) < length + 1).astype(np.int64))
    for i, want in enumerate(alone):
        got = np.concatenate([first[i, :len(want) - 1], then[i]])
        difference = np.abs(got - want).max()
        assert difference <= 1e-4 * largest, f"{difference:.1e} of {largest:.1f}, text {i} of a batch"


def judge_exact(decoder, ids, want, context):
    largest = np.abs(want).max()
    texts = []
    for cached in False, True:
        difference = np.abs(decoder.windows(ids, context, cached) - want).max()
        assert difference <= 1e-4 * largest, f"{difference:.1e} of {largest:.1f}, {'cached' if cached else 'whole'}"
        texts.append(f"{difference:.1e}")
    judge_batch(decoder, ids, largest)
    return f"largest difference {' and cached '.join(texts)} of {largest:.1f}"


def judge_last(decoder, ids, want, context):
    windows = judge.windows(ids, context)
    got, ends = [], np.cumsum([len(w) for w in windows]) - 1
    for window in windows:
        decoder.clear()
        got += [decoder(window)]
    got, want = np.concatenate(got), want[ends]
    assert got.shape == want.shape, f"{got.shape}, not {want.shape}"
    difference, largest = np.abs(got - want).max(), np.abs(want).max()
    assert difference <= 1e-4 * largest, f"{difference:.1e} of {largest:.1f}"
    return f"largest difference {difference:.1e} of {largest:.1f}, in {len(want)} places"


def judge_rounded(decoder, ids, exact, rounded, context, least):
    got = decoder.windows(ids, context, True)
    agree, divergence = judge.beside(exact, got)
    text = (f"8-bit activations: arg-max agrees in {agree:.1%} of {len(ids)}, KL {divergence:.1e} nats; with fl's "
            "in {:.1%}, KL {:.1e}".format(*judge.beside(rounded, got)))
    assert agree >= least, text
    return text


def run(kind, directory, exact, rounded, prompt):
    ids, want, context = judge.load(exact)
    with open(os.path.join(directory, "genai_config.json")) as f:
        head_size = json.load(f)["model"]["decoder"]["head_size"]
    decoder = Decoder(os.path.join(directory, "model.onnx"), head_size)
    exact = decoder if kind in ("f32", "last") else Decoder(in_f32(directory), head_size)
    text = (judge_last if kind == "last" else judge_exact)(exact, ids, want, context)
    if exact != decoder:
        text += "; " + judge_rounded(decoder, ids, want, judge.load(rounded)[1], context, 0.98 if kind == "text" else 0)
    np.array(exact.greedy(np.fromfile(prompt, np.uint32)), np.uint32).tofile(os.path.join(directory, "greedy.tok"))
    return text


judge.main("onnx", run)
