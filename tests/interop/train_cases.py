# SPDX-License-Identifier: Apache-2.0
"""train_cases.py OUT -- gradients and a 200-step loss curve as PyTorch computes them.

Run once, with torch and transformers from PyPI, to make tests/data/train; tests/unit/train.c
compares. OUT/NAME is a checkpoint; OUT/NAME.safetensors has

    ids       I64 [sequences, tokens]; of documents that begin with token 0 no token sees another
    loss      F64 [1], the mean over predicted tokens
    grad.X    F32, its gradient with respect to X
    tokens    I64 [n], what the run of the curve is trained on
    curve     F64 [200], the loss of each step

The run: batches of 2 samples of 32 tokens, in the order of lib/model/samples.c with seed 3; AdamW 0.9,
0.95, 1e-8, decay 0.1 of matrices alone, gradients clipped to norm 1, rate 2e-3 after 10 steps of
warm-up, then along half a cosine to a tenth of it.
"""
import json
import math
import os
import sys

import torch
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM, Qwen3Config, Qwen3ForCausalLM

STEPS, BATCH, LENGTH, SEED, RATE, FLOOR, WARMUP = 200, 2, 32, 3, 2e-3, 0.1, 10
SMALL = dict(vocab_size=37, hidden_size=24, intermediate_size=28, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=256, bos_token_id=1, eos_token_id=2,
             pad_token_id=None)
ROPE = dict(rope_type="default", rope_theta=10000.0)

# name: class, configuration, the attention of each layer
MODELS = {
    "llama": (LlamaForCausalLM, LlamaConfig(**SMALL, num_hidden_layers=2, tie_word_embeddings=False,
              rope_parameters=ROPE), "ff"),
    "hybrid": (Qwen3ForCausalLM, Qwen3Config(**SMALL, num_hidden_layers=3, tie_word_embeddings=True,
               head_dim=8, use_sliding_window=True, sliding_window=6, rope_parameters=ROPE,
               layer_types=["full_attention", "full_attention", "sliding_attention"]), "fsw"),
    "biases": (LlamaForCausalLM, LlamaConfig(**dict(SMALL, hidden_size=16, intermediate_size=12),
               num_hidden_layers=2, tie_word_embeddings=True, attention_bias=True,
               rope_parameters=ROPE), "ff"),
}
LETTER = {"f": "full_attention", "w": "sliding_attention", "s": "skip_attention"}
MASK = (1 << 64) - 1


class Random:
    """xoshiro256**, its state filled by splitmix64 from a seed and a stream: as base/rng.h."""

    def __init__(self, seed, stream):
        x = seed ^ self.mix(stream)[1]
        self.s = []
        for _ in range(4):
            x, z = self.mix(x)
            self.s.append(z)

    @staticmethod
    def mix(x):
        x = (x + 0x9E3779B97F4A7C15) & MASK
        z = x
        z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & MASK
        return x, z ^ z >> 31

    @staticmethod
    def rotate(x, k):
        return (x << k | x >> (64 - k)) & MASK

    def next(self):
        s = self.s
        result = (self.rotate((s[1] * 5) & MASK, 7) * 9) & MASK
        t = (s[1] << 17) & MASK
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = self.rotate(s[3], 45)
        return result

    def below(self, bound):
        while (x := self.next()) < (1 << 64) % bound:
            pass
        return x % bound


def order(n, epoch):
    r = Random(SEED, epoch)
    index = list(range(n))
    for i in range(n - 1, 0, -1):
        k = r.below(i + 1)
        index[i], index[k] = index[k], index[i]
    return index


class NoAttention(torch.nn.Module):
    def forward(self, hidden_states, **_):
        return torch.zeros_like(hidden_states), None


def build(cls, config, pattern, generator):
    config._attn_implementation = "eager"
    model = cls(config).float().train()
    with torch.no_grad():
        for _, p in sorted(model.named_parameters()):
            noise = torch.randn(p.shape, generator=generator)
            p.copy_(1 + 0.3 * noise if p.dim() == 1 else noise * (1.2 / p.shape[1] ** 0.5))
    for letter, layer in zip(pattern, model.model.layers):
        if letter == "s":
            layer.self_attn = NoAttention()
            layer.input_layernorm = torch.nn.Identity()
    return model


def masks(config, ids, documents):
    """Additive masks [sequences, 1, tokens, tokens] of both kinds of layer."""
    n = ids.shape[1]
    i, j = torch.arange(n)[:, None], torch.arange(n)[None, :]
    seen = (j <= i).expand(ids.shape[0], n, n).clone()
    if documents:
        document = (ids == 0).cumsum(1)
        seen &= document[:, :, None] == document[:, None, :]
    near = seen & (i - j < (getattr(config, "sliding_window", None) or n))
    add = [torch.zeros(m.shape).masked_fill(~m, -math.inf)[:, None] for m in (seen, near)]
    return {"full_attention": add[0], "sliding_attention": add[1]}


def loss_of(model, config, ids, documents=False):
    mask = masks(config, ids, documents)
    mask = mask if config.model_type == "qwen3" else mask["full_attention"]
    logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits
    return torch.nn.functional.cross_entropy(logits[:, :-1].reshape(-1, config.vocab_size),
                                             ids[:, 1:].reshape(-1))


def rate(step):
    if step < WARMUP:
        return RATE * (step + 1) / WARMUP
    t = (step - WARMUP) / (STEPS - WARMUP)
    return RATE * (FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * t)))


def train(model, config, tokens):
    samples = tokens[: len(tokens) // LENGTH * LENGTH].reshape(-1, LENGTH)
    params = list(model.parameters())
    optimizer = torch.optim.AdamW(
        [{"params": [p for p in params if p.dim() > 1], "weight_decay": 0.1},
         {"params": [p for p in params if p.dim() == 1], "weight_decay": 0.0}],
        lr=RATE, betas=(0.9, 0.95), eps=1e-8)
    curve, orders = [], {}
    for step in range(STEPS):
        rows = []
        for number in range(step * BATCH, (step + 1) * BATCH):
            epoch, i = divmod(number, len(samples))
            if epoch not in orders:
                orders[epoch] = order(len(samples), epoch)
            rows.append(samples[orders[epoch][i]])
        for group in optimizer.param_groups:
            group["lr"] = rate(step)
        optimizer.zero_grad()
        loss = loss_of(model, config, torch.stack(rows))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        optimizer.step()
        curve.append(loss.item())
    return torch.tensor(curve, dtype=torch.float64)


def markov(n, vocab, generator):
    """Tokens with something to learn: each is one of three that its predecessor decides, mostly."""
    table = torch.randint(0, vocab, (vocab, 3), generator=generator)
    ids = [1]
    for _ in range(n - 1):
        k = torch.randint(0, 4, (1,), generator=generator).item()
        ids.append(table[ids[-1], k].item() if k < 3 else
                   torch.randint(0, vocab, (1,), generator=generator).item())
    return torch.tensor(ids)


def make(out, name, cls, config, pattern, seed):
    generator = torch.Generator().manual_seed(seed)
    model = build(cls, config, pattern, generator)
    weights = {k: v.clone().contiguous() for k, v in model.state_dict().items()}
    if config.tie_word_embeddings:
        weights.pop("lm_head.weight")
    ids = torch.randint(0, config.vocab_size, (3, 20), generator=generator)
    if config.tie_word_embeddings:
        ids[0, 7] = ids[1, 3] = ids[1, 12] = 0
    loss = loss_of(model, config, ids, documents=True)
    loss.backward()
    grads = {"grad." + k: p.grad.clone() for k, p in model.named_parameters()}
    tokens = markov(50 * LENGTH + 5, config.vocab_size, generator)
    curve = train(model, config, tokens)
    where = os.path.join(out, name)
    os.makedirs(where, exist_ok=True)
    save_file(weights, os.path.join(where, "model.safetensors"), metadata={"format": "pt"})
    save_file({"ids": ids, "loss": loss.detach().double().reshape(1), "tokens": tokens, "curve": curve,
               **grads}, where + ".safetensors")
    c = config.to_diff_dict()
    c.update(architectures=[cls.__name__], dtype="float32")
    if "s" in pattern:
        c["layer_types"] = [LETTER[x] for x in pattern]
    with open(os.path.join(where, "config.json"), "w") as f:
        json.dump(c, f, indent=2, sort_keys=True)
        f.write("\n")
    print(f"{name}: loss {loss.item():.4f}, curve {curve[0]:.4f} ... {curve[-1]:.4f}")


if __name__ == "__main__":
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    for number, (name, row) in enumerate(MODELS.items()):
        make(sys.argv[1], name, *row, seed=number + 11)
