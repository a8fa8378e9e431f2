# SPDX-License-Identifier: Apache-2.0
"""What fl-export --to executorch writes, made into a .pte by ExecuTorch's exporter and run by its runtime:
executorch_run.py < LIST, one line NAME TAB DIR TAB LOGITS TAB int4|f32 a model.

The .pte is given the tokens of fl-eval --logits one after the other, from an empty cache a window, and then the
first of them as one chunk. In f32, what remains is rounding in another order: 1e-4 of the largest logit is allowed. In int4
both quantize the activations of every layer, and ExecuTorch those of the cache: the arg-max is to agree in 98 %."""
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


def run(directory, logits, kind):
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
    text = (f"{len(ids)} tokens, largest difference {difference:.1e} of {size:.1f}, in a chunk {chunked:.1e}, "
            f"arg-max agrees in {agree:.1%}, KL {kl:.1e} nats, .pte {os.path.getsize(path)} B in {seconds:.0f} s")
    if kind == "f32":
        assert max(difference, chunked) <= 1e-4 * size, text
    assert agree >= 0.98, text
    return text


for line in sys.stdin:
    name, directory, logits, kind = line.rstrip("\n").split("\t")
    try:
        print(f"ok - executorch: {name} # {run(directory, logits, kind)}", flush=True)
    except Exception as e:
        print(f"not ok - executorch: {name}", *f"{type(e).__name__}: {e}".splitlines(), sep="\n# ", flush=True)
