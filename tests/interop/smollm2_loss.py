# SPDX-License-Identifier: Apache-2.0
"""Whether a loss is that of transformers on windows of 512 ids: smollm2_loss.py CHECKPOINT IDS LOSS."""
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
import numpy
import torch
from transformers import AutoModelForCausalLM

ids = torch.tensor(numpy.fromfile(sys.argv[2], numpy.uint32).astype(numpy.int64))
model = AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float32).eval()
with torch.no_grad():
    nll = [torch.nn.functional.cross_entropy(model(w[None]).logits[0, :-1], w[1:], reduction="none") for w in ids.split(512)]
loss = torch.cat(nll).double().mean().item()
assert abs(loss - float(sys.argv[3])) < 2e-5, f"{loss}, not {sys.argv[3]}"
print(f"{loss:.5f} nats")
