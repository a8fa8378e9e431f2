# SPDX-License-Identifier: Apache-2.0
"""What fl-export --to executorch writes, made into a .pte by ExecuTorch's exporter, run by its runtime:
executorch_run.py < LIST, one line NAME TAB f32|int4 TAB PTE TAB F32 TAB INT8 TAB PROMPT a model, where F32 and INT8
are logits of fl-eval with these caches.

The .pte is given their tokens one after the other, from an empty cache a window, and then the first of them as one
chunk. In f32, what remains is rounding in another order. In int4 both round activations a token and the cache a token
and head to 8 bits; where a sum in another order rounds differently, the next layers differ by a step. Then the logits
of the cache of 8 bits must be nearer than those of an f32 cache: they were by half, in KL. Beside PTE is left
greedy.tok, the prompt and 64 ids more by greedy decoding."""
import os

import judge
import numpy as np
import torch
from executorch.extension.llm.custom_ops import custom_ops  # noqa: F401 (llama::*)
from executorch.extension.pybindings.portable_lib import _load_for_executorch
from executorch.kernels import quantized  # noqa: F401 (quantized_decomposed::*)

torch.set_num_threads(1)


def step(model, ids, at):
    return model.forward((torch.tensor([ids]), torch.tensor([at])))[0].flatten().numpy()


def greedy(model, ids):
    ids = list(ids)
    for at, id in enumerate(ids[:-1]):
        step(model, [id], at)
    for _ in range(64):
        ids.append(int(step(model, ids[-1:], len(ids) - 1).argmax()))
    return np.array(ids, np.uint32)


def run(kind, path, f32, int8, prompt):
    exact = kind == "f32"
    ids, want, context = judge.load(f32 if exact else int8)
    got = []
    for window in judge.windows(ids.tolist(), context):
        model = _load_for_executorch(path)
        got += [step(model, [id], at) for at, id in enumerate(window)]
    chunk = ids[:8].tolist()
    together = step(_load_for_executorch(path), chunk, 0)
    chunked = np.abs(together - want[len(chunk) - 1]).max()
    greedy(_load_for_executorch(path), np.fromfile(prompt, np.uint32).tolist()).tofile(
        os.path.join(os.path.dirname(path), "greedy.tok"))
    got = np.stack(got)
    said = judge.differ(want, got, exact, chunked)
    if not exact:
        (_, near), (_, far) = judge.beside(want, got), judge.beside(judge.load(f32)[1], got)
        assert near < 0.75 * far, f"KL {near:.1e} nats, and {far:.1e} from an f32 cache"
        said += f", {far:.1e} from an f32 cache"
    return said


judge.main("executorch", run)
