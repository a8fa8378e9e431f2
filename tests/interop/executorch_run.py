# SPDX-License-Identifier: Apache-2.0
"""What fl-export --to executorch writes, made into a .pte by ExecuTorch's exporter and run by its runtime:
executorch_run.py < LIST, one line NAME TAB f32|int4 TAB DIR TAB LOGITS TAB PROMPT a model.

The .pte is given the tokens of fl-eval --logits one after the other, from an empty cache a window, and then the
first of them as one chunk. In f32, what remains is rounding in another order: 1e-4 of the largest logit is allowed. In int4
both round activations a token and the cache a token and head to 8 bits; where a sum in another order rounds
differently, the next layers differ by a step: the arg-max is to agree in 98 % of all places. In DIR is left
greedy.tok, the prompt and 64 ids more by greedy decoding."""
import glob
import os
import subprocess
import sys
import time

import torch
from executorch.extension.llm.custom_ops import custom_ops  # noqa: F401 (llama::*)
from executorch.extension.pybindings.portable_lib import _load_for_executorch
from executorch.kernels import quantized  # noqa: F401 (quantized_decomposed::*)
from safetensors import safe_open

torch.set_num_threads(1)


def export(directory):
    began = time.time()
    done = subprocess.run([sys.executable, "-m", "executorch.extension.llm.export.export_llm", "--config", "export.yaml"],
                          cwd=directory, capture_output=True, text=True,
                          env={**os.environ, "PATH": os.path.dirname(sys.executable) + ":" + os.environ["PATH"]})
    made = glob.glob(directory + "/*.pte")
    assert done.returncode == 0 and made, done.stderr[-2000:]
    return made[0], time.time() - began


def step(model, ids, at):
    return model.forward((torch.tensor([ids]), torch.tensor([at])))[0].flatten()


def greedy(model, ids):
    ids = list(ids)
    for at, id in enumerate(ids[:-1]):
        step(model, [id], at)
    for _ in range(64):
        ids.append(int(step(model, ids[-1:], len(ids) - 1).argmax()))
    return ids


def run(kind, directory, logits, prompt):
    path, seconds = export(directory)
    with safe_open(logits, "pt") as f:
        ids, want, context = f.get_tensor("ids"), f.get_tensor("logits"), int(f.metadata()["context"])
    model, got = None, []
    for i, id in enumerate(ids.tolist()):
        if i % context == 0:
            model = _load_for_executorch(path)
        got.append(step(model, [id], i % context))
    got = torch.stack(got)
    chunk = ids[:8].tolist()
    together = step(_load_for_executorch(path), chunk, 0)
    size = want.abs().max().item()
    difference = (got - want).abs().max().item()
    chunked = (together - want[len(chunk) - 1]).abs().max().item()
    agree = (got.argmax(-1) == want.argmax(-1)).float().mean().item()
    p, q = want.double().log_softmax(-1), got.double().log_softmax(-1)
    kl = (p.exp() * (p - q)).sum(-1).mean().item()
    torch.tensor(greedy(_load_for_executorch(path), torch.from_file(prompt, size=os.path.getsize(prompt) // 4,
                 dtype=torch.int32).tolist()), dtype=torch.int32).numpy().tofile(directory + "/greedy.tok")
    text = (f"{len(ids)} tokens, largest difference {difference:.1e} of {size:.1f}, in a chunk {chunked:.1e}, "
            f"arg-max agrees in {agree:.1%}, KL {kl:.1e} nats, .pte {os.path.getsize(path)} B in {seconds:.0f} s")
    if kind == "f32":
        assert max(difference, chunked) <= 1e-4 * size, text
    assert agree >= 0.98, text
    return text


for line in sys.stdin:
    name, *what = line.rstrip("\n").split("\t")
    try:
        print(f"ok - executorch: {name} # {run(*what)}", flush=True)
    except Exception as e:
        print(f"not ok - executorch: {name}", *f"{type(e).__name__}: {e}".splitlines(), sep="\n# ", flush=True)
