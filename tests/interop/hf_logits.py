# SPDX-License-Identifier: Apache-2.0
"""Logits of transformers beside those of fl-eval --logits: hf_logits.py < LIST, one line NAME TAB DIR TAB
LOGITS a model.

DIR is loaded as AutoModelForCausalLM does it, in f32, whatever it is stored as: integers times scales
are exact there. What remains is the rounding of f32 sums in another order, and exponentials; over the
layers here that comes to 1e-5 of the largest logit, and 1e-4 is allowed. A wrong mask, bias, rotation or
head moves logits by their own size."""
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from safetensors import safe_open
from transformers import AutoModelForCausalLM
from transformers.utils import logging

logging.set_verbosity_error()
logging.disable_progress_bar()
torch.set_num_threads(1)


def compare(directory, logits):
    model, report = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32,
                                                         output_loading_info=True)
    for kind in "missing_keys", "unexpected_keys", "mismatched_keys":
        assert not report.get(kind), f"{kind}: {report[kind]}"
    with safe_open(logits, "pt") as f:
        ids, want, context = f.get_tensor("ids"), f.get_tensor("logits"), int(f.metadata()["context"])
    with torch.no_grad():
        got = torch.cat([model.eval()(input_ids=piece[None]).logits[0] for piece in ids.split(context)])
    difference, size = (got - want).abs().max().item(), want.abs().max().item()
    agree = (got.argmax(-1) == want.argmax(-1)).float().mean().item()
    text = (f"{type(model).__name__}, {len(ids)} tokens, largest difference {difference:.1e} of "
            f"{size:.1f}, arg-max agrees in {agree:.1%}")
    assert difference <= 1e-4 * size, text
    return text


for line in sys.stdin:
    name, directory, logits = line.rstrip("\n").split("\t")
    try:
        print(f"ok - hf: {name} # {compare(directory, logits)}")
    except Exception as e:
        print(f"not ok - hf: {name}", *f"{type(e).__name__}: {e}".splitlines(), sep="\n# ")
