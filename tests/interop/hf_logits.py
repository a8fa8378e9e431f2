# SPDX-License-Identifier: Apache-2.0
"""Logits of transformers beside those of fl-eval --logits: hf_logits.py < LIST, one line NAME TAB DIR TAB
LOGITS a model.

DIR is loaded as AutoModelForCausalLM does it, in f32, whatever it is stored as: integers times scales
are exact there. What remains is the rounding of f32 sums in another order, and exponentials; over the
layers here that comes to 1e-5 of the largest logit."""
import os

os.environ["HF_HUB_OFFLINE"] = "1"
import judge
import torch
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
    ids, want, context = judge.load(logits)
    with torch.no_grad():
        got = torch.cat([model.eval()(input_ids=torch.tensor(piece)[None]).logits[0]
                         for piece in judge.windows(ids, context)])
    return f"{type(model).__name__}, {judge.differ(want, got.numpy(), True)}"


judge.main("hf", compare)
