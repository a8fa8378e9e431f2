# SPDX-License-Identifier: Apache-2.0
"""What the scripts have in common that run our exports: a list of models on standard input, one line each of fields
separated by tabs, NAME first, and logits of fl-eval beside a runtime's."""
import sys

import numpy as np
from safetensors import safe_open


def load(path):
    """What fl-eval --logits wrote: ids, logits, and how long its windows are."""
    with safe_open(path, "np") as f:
        return f.get_tensor("ids"), f.get_tensor("logits"), int(f.metadata()["context"])


def windows(ids, context):
    return [ids[begin:begin + context] for begin in range(0, len(ids), context)]


def log_softmax(x):
    x = x.astype(np.float64) - x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def beside(want, got):
    """Where the arg-max agrees, and how far the second distribution is from the first."""
    p, q = log_softmax(want), log_softmax(got)
    return (got.argmax(-1) == want.argmax(-1)).mean(), (np.exp(p) * (p - q)).sum(-1).mean()


def differ(want, got, exact, *more):
    """Says how far. Where nothing but sums in another order is between them, 1e-4 of the largest logit is allowed;
    a wrong mask, bias, rotation or head moves logits by their own size. Where activations are rounded, the arg-max is
    to agree in 98 % of all places. `more` are other differences held to the same."""
    assert got.shape == want.shape, f"{got.shape}, not {want.shape}"
    difference, largest = np.abs(got - want).max(), np.abs(want).max()
    agree, divergence = beside(want, got)
    text = (f"{len(want)} tokens, largest difference {difference:.1e} of {largest:.1f}, arg-max agrees in {agree:.1%}, "
            f"KL {divergence:.1e} nats")
    assert not exact or max([difference, *more]) <= 1e-4 * largest, text
    assert agree >= 0.98, text
    return text


def main(target, run):
    """run(*fields) says what it found, or raises what is wrong."""
    for line in sys.stdin:
        name, *fields = line.rstrip("\n").split("\t")
        try:
            print(f"ok - {target}: {name} # {run(*fields)}", flush=True)
        except Exception as e:
            print(f"not ok - {target}: {name}", *f"{type(e).__name__}: {e}".splitlines(), sep="\n# ", flush=True)
