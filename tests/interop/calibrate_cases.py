#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/data/calibrate: a small random model, tokens, and what Hugging Face transformers and
PyTorch, in float64, find in it: the sums of fl-metrics(5) and the loss.

    calibrate_cases.py tests/data/calibrate

Needs torch, transformers, safetensors and numpy from PyPI. The model is a qwen3 of three layers: full
attention, none, a sliding window of 8; its weights are bf16. Sequences have 32 tokens; five tokens
are left over."""
import json
import math
import os
import sys

import numpy as np
import torch
from safetensors.torch import save_file
from transformers import Qwen3Config, Qwen3ForCausalLM

CONTEXT, SEQUENCES, LEFT = 32, 3, 5
L, D, F, Q, VOCAB, SKIP = 3, 32, 64, 32, 64, 1


class Skip(torch.nn.Module):
    """A layer without attention: x + ffn(norm(x))."""

    def __init__(self, layer):
        super().__init__()
        self.mlp, self.post_attention_layernorm = layer.mlp, layer.post_attention_layernorm

    def forward(self, x, **_):
        return x + self.mlp(self.post_attention_layernorm(x))


def make_model():
    torch.manual_seed(7)
    config = Qwen3Config(
        vocab_size=VOCAB, hidden_size=D, intermediate_size=F, num_hidden_layers=L,
        num_attention_heads=2, num_key_value_heads=1, head_dim=16, max_position_embeddings=CONTEXT,
        rms_norm_eps=1e-6, tie_word_embeddings=False, use_sliding_window=True, sliding_window=8,
        layer_types=["full_attention", "full_attention", "sliding_attention"],
        bos_token_id=1, eos_token_id=2, attn_implementation="eager")
    model = Qwen3ForCausalLM(config)
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.normal_(0, 0.25).add_(1 if "norm" in name else 0)
            p.copy_(p.bfloat16().float())
    model.model.layers[SKIP] = Skip(model.model.layers[SKIP])
    return model.double().eval()


def save(model, out):
    os.makedirs(out, exist_ok=True)
    save_file({k: v.bfloat16() for k, v in model.state_dict().items()}, out + "/model.safetensors",
              {"format": "pt"})
    config = {
        "architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "torch_dtype": "bfloat16",
        "hidden_size": D, "intermediate_size": F, "num_hidden_layers": L, "num_attention_heads": 2,
        "num_key_value_heads": 1, "head_dim": 16, "vocab_size": VOCAB,
        "max_position_embeddings": CONTEXT, "rms_norm_eps": 1e-6, "rope_theta": 10000.0,
        "tie_word_embeddings": False, "hidden_act": "silu", "attention_bias": False,
        "use_sliding_window": True, "sliding_window": 8,
        "layer_types": ["full_attention", "skip_attention", "sliding_attention"],
        "bos_token_id": 1, "eos_token_id": 2}
    with open(out + "/config.json", "w") as f:
        json.dump(config, f, indent=2)
        f.write("\n")


def watch(model):
    """Hooks that keep, of the last forward pass: inputs of the norms and their outputs, inputs of
    down_proj, of o_proj, of the layers and of the attentions."""
    seen = {}

    def keep(name):
        def hook(module, args, kwargs, result):
            x = args[0] if args else kwargs["hidden_states"]
            seen[name] = (x.detach()[0], (result[0] if isinstance(result, tuple) else result).detach())
        return hook

    def on(module, *name):
        module.register_forward_hook(keep(name), with_kwargs=True)

    for l, layer in enumerate(model.model.layers):
        on(layer, "layer", l)
        on(layer.mlp.down_proj, "down", l)
        if l != SKIP:
            on(layer.self_attn.o_proj, "o", l)
        on(layer.post_attention_layernorm, "norm", 2 * l + 1)
        if l != SKIP:
            on(layer.input_layernorm, "norm", 2 * l)
    on(model.model.norm, "norm", 2 * L)
    return seen


def cos(a, b):
    return torch.nn.functional.cosine_similarity(a, b, dim=-1, eps=0)


def ln(x):
    return torch.nn.functional.layer_norm(x, (D,), eps=1e-5)


def measure(model, ids):
    sums = {
        "ffn.sum_sq": (L, F), "ffn.sum_abs": (L, F), "ffn.seq_sq": (L, F),
        "dim.sum_sq": (2 * L + 1, D), "dim.sum_abs": (2 * L + 1, D), "dim.out_seq_sq": (2 * L + 1, D),
        "dim.out_sum_sq": (2 * L + 1, D), "attn.sum_sq": (L, Q),
        "layer.cos_ln": (1, L), "layer.cos": (1, L), "attn.cos": (1, L),
        "layer.last_angle": (L + 1, L + 1)}
    sums = {k: torch.zeros(v, dtype=torch.float64) for k, v in sums.items()}
    seen = watch(model)
    for i in range(SEQUENCES):
        model(torch.tensor(ids[None, i * CONTEXT:(i + 1) * CONTEXT].astype(np.int64)), use_cache=False)
        x = [seen["layer", l][0] for l in range(L)] + [seen["norm", 2 * L][0]]
        for l in range(L):
            a = seen["down", l][0]
            sums["ffn.sum_sq"][l] += (a * a).sum(0)
            sums["ffn.sum_abs"][l] += a.abs().sum(0)
            sums["ffn.seq_sq"][l] += a.abs().mean(0) ** 2
            sums["layer.cos"][0, l] += cos(x[l], x[l + 1]).sum()
            sums["layer.cos_ln"][0, l] += cos(ln(x[l]), ln(x[l + 1])).sum()
            if l != SKIP:
                sums["attn.sum_sq"][l] += (seen["o", l][0] ** 2).sum(0)
                sums["attn.cos"][0, l] += cos(x[l], seen["norm", 2 * l + 1][0]).sum()
        for s in range(2 * L + 1):
            if ("norm", s) in seen:
                before, after = seen["norm", s]
                sums["dim.sum_sq"][s] += (before * before).sum(0)
                sums["dim.sum_abs"][s] += before.abs().sum(0)
                sums["dim.out_sum_sq"][s] += (after ** 2).reshape(-1, D).sum(0)
                sums["dim.out_seq_sq"][s] += after.reshape(-1, D).abs().mean(0) ** 2
        for l in range(L + 1):
            for m in range(L + 1):
                if l != m:
                    sums["layer.last_angle"][l, m] += torch.arccos(cos(x[l][-1], x[m][-1])) / math.pi
    return sums


def static(model):
    ffn, dim = torch.zeros(L, F, dtype=torch.float64), torch.zeros(1, D, dtype=torch.float64)
    for name, w in model.state_dict().items():
        if name.endswith(("o_proj.weight", "down_proj.weight")):
            dim[0] += (w * w).sum(1)
        elif w.shape[-1] == D:
            dim[0] += (w * w).reshape(-1, D).sum(0)
    for l, layer in enumerate(model.model.layers):
        m = layer.mlp
        ffn[l] = m.up_proj.weight.norm(dim=1) * m.gate_proj.weight.norm(dim=1) * m.down_proj.weight.norm(dim=0)
    return {"ffn.static": ffn, "dim.static": dim}


def loss(model, ids, stride, bos):
    """The sliding window of the transformers documentation on perplexity: labels that an earlier
    window had are masked."""
    total, count, before = 0.0, 0, 0
    own = CONTEXT - len(bos)
    for start in range(0, len(ids), stride):
        end = min(start + own, len(ids))
        window = torch.tensor([bos + [int(t) for t in ids[start:end]]])
        labels = window.clone()
        labels[:, :len(bos) + max(before - start, 0)] = -100
        scored = int((labels[:, 1:] != -100).sum())
        if scored:
            total += float(model(window, labels=labels, use_cache=False).loss) * scored
            count += scored
        before = end
        if end == len(ids):
            break
    return [total / count, count]


def main(out):
    model = make_model()
    ids = np.random.default_rng(3).integers(3, VOCAB, CONTEXT * SEQUENCES + LEFT).astype("<u4")
    save(model, out + "/model")
    ids.tofile(out + "/tokens")
    with torch.no_grad():
        expected = {**measure(model, ids), **static(model)}
        expected["loss"] = torch.tensor(
            [loss(model, ids, CONTEXT, []), loss(model, ids, 20, []), loss(model, ids, CONTEXT - 1, [1])],
            dtype=torch.float64)
    save_file({k: v.contiguous() for k, v in expected.items()}, out + "/expected.safetensors")


main(sys.argv[1])
