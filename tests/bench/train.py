# SPDX-License-Identifier: Apache-2.0
"""train.py CONFIG BATCH CONTEXT STEPS THREADS PRECISION -- seconds of STEPS training steps of PyTorch, after one more.

The model is transformers' of that config.json, with random weights; AdamW (fused), gradients clipped, cross-entropy;
f32, or bf16 through autocast. Prints seconds and the peak of resident memory in MiB.
"""
import contextlib
import resource
import sys
import time

import torch
from transformers import AutoConfig, AutoModelForCausalLM

path, batch, context, steps, threads, precision = sys.argv[1], *map(int, sys.argv[2:6]), sys.argv[6]
torch.set_num_threads(threads)
torch.manual_seed(0)
config = AutoConfig.from_pretrained(path)
config._attn_implementation = "sdpa"
model = AutoModelForCausalLM.from_config(config, dtype=torch.float32).train()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
bf16 = torch.autocast("cpu", dtype=torch.bfloat16) if precision == "bf16" else contextlib.nullcontext()
for step in range(steps + 1):
    if step == 1:
        start = time.perf_counter()
    ids = torch.randint(0, config.vocab_size, (batch, context))
    optimizer.zero_grad()
    with bf16:
        logits = model(input_ids=ids, use_cache=False).logits
        loss = torch.nn.functional.cross_entropy(logits[:, :-1].reshape(-1, config.vocab_size).float(),
                                                 ids[:, 1:].reshape(-1))
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
