# SPDX-License-Identifier: Apache-2.0
"""make-logits.py OUT -- small random models with the logits Hugging Face transformers gives for them.

Run once, with torch and transformers from PyPI, to make tests/data/logits; tests/unit/forward.c
compares. OUT/NAME is a checkpoint; OUT/NAME.safetensors has ids I64 [sequences, tokens] and logits F32
[sequences, tokens, vocab], computed in f32. OUT/rope is one checkpoint under many configurations: cases.jsonl says
what each sets, and OUT/rope.safetensors has logits F32 [tokens, vocab] under its name.
"""
import json
import os
import sys

import torch
import transformers
from safetensors.torch import save_file
from transformers import (LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM, Qwen2Config,
                          Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM)

LLAMA3 = dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=32)
PLAIN = dict(rope_type="default", rope_theta=10000.0)
SMALL = dict(vocab_size=37, hidden_size=24, intermediate_size=28, num_hidden_layers=2,
             num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=256,
             bos_token_id=1, eos_token_id=2, pad_token_id=None)
TINY = dict(SMALL, vocab_size=29, hidden_size=16, intermediate_size=12)
NINE = dict(TINY, hidden_size=18, num_attention_heads=9, num_key_value_heads=3)

# name: class, config, sequences, tokens, spelling of config.json, stored type
MODELS = {
    "llama-untied": (LlamaForCausalLM, LlamaConfig(**SMALL, tie_word_embeddings=False,
        rope_parameters=dict(rope_type="default", rope_theta=10000.0)), 3, 18, 5, torch.float32),
    "llama3-scaled": (LlamaForCausalLM, LlamaConfig(**SMALL, tie_word_embeddings=True, head_dim=16,
        rope_parameters=dict(LLAMA3, rope_theta=500.0)), 1, 70, 4, torch.float32),
    "llama3-bf16": (LlamaForCausalLM, LlamaConfig(**SMALL, tie_word_embeddings=True,
        rope_parameters=dict(LLAMA3, rope_theta=500.0)), 2, 24, 5, torch.bfloat16),
    "qwen3-tied": (Qwen3ForCausalLM, Qwen3Config(**SMALL, tie_word_embeddings=True, head_dim=10,
        rope_parameters=dict(rope_type="default", rope_theta=1000000.0)), 2, 20, 4, torch.float32),
    "qwen3-window": (Qwen3ForCausalLM, Qwen3Config(**dict(SMALL, num_hidden_layers=3),
        tie_word_embeddings=False, head_dim=12, use_sliding_window=True, sliding_window=7,
        layer_types=["sliding_attention", "full_attention", "sliding_attention"],
        rope_parameters=dict(rope_type="default", rope_theta=10000.0)), 2, 40, 5, torch.float32),
    "qwen2-tied": (Qwen2ForCausalLM, Qwen2Config(**TINY, tie_word_embeddings=True, sliding_window=4,
        rope_parameters=dict(PLAIN, rope_theta=1000000.0)), 1, 20, 4, torch.bfloat16),
    "qwen2-window": (Qwen2ForCausalLM, Qwen2Config(**dict(TINY, num_hidden_layers=3),
        use_sliding_window=True, sliding_window=6, max_window_layers=1, rope_parameters=PLAIN),
        1, 40, 4, torch.float32),
    "mistral-window": (MistralForCausalLM, MistralConfig(**TINY, sliding_window=5,
        rope_parameters=PLAIN), 1, 30, 5, torch.float32),
    "mistral-full": (MistralForCausalLM, MistralConfig(**TINY, sliding_window=None, head_dim=8,
        rope_parameters=PLAIN), 1, 20, 4, torch.bfloat16),
    "smollm2": (LlamaForCausalLM, LlamaConfig(**NINE, tie_word_embeddings=True, is_llama_config=True,
        rope_interleaved=False, rope_parameters=dict(PLAIN, rope_theta=100000.0)), 1, 20, 5,
        torch.bfloat16),
    "mobilellm": (LlamaForCausalLM, LlamaConfig(**NINE, tie_word_embeddings=True,
        rope_parameters=PLAIN), 1, 20, 4, torch.float16),
    "llama-bias": (LlamaForCausalLM, LlamaConfig(**TINY, attention_bias=True, rope_parameters=PLAIN),
        1, 20, 5, torch.float32),
}

# What MobileLLM's own class writes of a llama.
MOBILELLM = dict(model_type="mobilellm", architectures=["MobileLLMForCausalLM"], layer_sharing=False,
                 share_embedding=True, tie_word_embeddings=False,
                 auto_map={"AutoConfig": "configuration_mobilellm.MobileLLMConfig",
                           "AutoModelForCausalLM": "modeling_mobilellm.MobileLLMForCausalLM"})

# One model of 32 tokens of context, seen for 40.
ROPE = {
    "linear": dict(rope_scaling=dict(type="linear", factor=4.0)),
    "linear, transformers 5": dict(rope_parameters=dict(rope_type="linear", factor=2.5, rope_theta=500.0)),
    "theta beside the factor": dict(rope_scaling=dict(rope_type="linear", factor=2.0, rope_theta=300.0)),
    "a default type needs no factor": dict(rope_scaling=dict(type="default", factor=4.0)),
    "dynamic": dict(rope_scaling=dict(type="dynamic", factor=2.0)),
    "dynamic, transformers 5": dict(rope_parameters=dict(rope_type="dynamic", factor=4.0, rope_theta=500.0)),
    "dynamic within the context": dict(rope_scaling=dict(type="dynamic", factor=2.0), max_position_embeddings=40),
    "yarn": dict(rope_scaling=dict(type="yarn", factor=4.0, original_max_position_embeddings=128)),
    "yarn of the whole context": dict(rope_scaling=dict(rope_type="yarn", factor=4.0), rope_theta=100.0),
    "yarn, transformers 5": dict(rope_parameters=dict(rope_type="yarn", factor=8.0, rope_theta=200.0,
        original_max_position_embeddings=16, attention_factor=0.75)),
    "yarn with both mscale": dict(rope_scaling=dict(type="yarn", factor=4.0, mscale=1.5, mscale_all_dim=0.5)),
    "yarn with one mscale": dict(rope_scaling=dict(type="yarn", factor=4.0, mscale=1.5, mscale_all_dim=0)),
    "yarn with other turns": dict(rope_scaling=dict(type="yarn", factor=4.0, beta_fast=4, beta_slow=0.5),
        rope_theta=50.0),
    "yarn with turns of 0": dict(rope_scaling=dict(type="yarn", factor=4.0, beta_fast=0, beta_slow=0)),
    "yarn that truncates not": dict(rope_scaling=dict(type="yarn", factor=4.0, beta_fast=4, truncate=False),
        rope_theta=50.0),
    "yarn that truncates null": dict(rope_scaling=dict(type="yarn", factor=4.0, beta_fast=4, truncate=None),
        rope_theta=50.0),
    "yarn, original outside": dict(rope_scaling=dict(type="yarn", factor=4.0, original_max_position_embeddings=128),
        original_max_position_embeddings=20, rope_theta=50.0),
    "yarn of a token": dict(rope_scaling=dict(type="yarn", factor=4.0, original_max_position_embeddings=1)),
    "yarn of a billion tokens": dict(rope_scaling=dict(type="yarn", factor=4.0,
        original_max_position_embeddings=1000000000), rope_theta=2.0),
    "yarn that shrinks": dict(rope_scaling=dict(type="yarn", factor=0.5, finetuned=True)),
    "llama3 of the whole context": dict(rope_scaling=dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0,
        high_freq_factor=4.0)),
}


def randomize(model, generator):
    """Weights large enough that attention is far from uniform and norms from one."""
    with torch.no_grad():
        for name, p in sorted(model.named_parameters()):
            noise = torch.randn(p.shape, generator=generator)
            p.copy_(noise if name.endswith(".bias") else 1 + 0.3 * noise if p.dim() == 1 else
                    noise * (1.5 / p.shape[1] ** 0.5))


def spelled(config, version, dtype):
    """config.json as transformers 5 writes it, or as version 4 did."""
    c = config.to_diff_dict()
    c.pop("dtype", None)
    c["dtype" if version == 5 else "torch_dtype"] = str(dtype).split(".")[1]
    if version == 4:
        rope = c.pop("rope_parameters")
        c["rope_theta"] = rope.pop("rope_theta")
        c["rope_scaling"] = None if rope["rope_type"] == "default" else rope
        c["transformers_version"] = "4.51.0"
        c.pop("layer_types", None)
    return c


def make(out, name, cls, config, sequences, tokens, version, dtype, seed):
    generator = torch.Generator().manual_seed(seed)
    config._attn_implementation = "eager"
    config.architectures = [cls.__name__]
    model = cls(config).float().eval()
    randomize(model, generator)
    # The parameters alone: model.to(dtype) would round the RoPE frequencies, too.
    for p in model.parameters():
        p.data = p.data.to(dtype).float()
    weights = {k: v.to(dtype).contiguous() for k, v in model.state_dict().items()}
    if config.tie_word_embeddings:
        weights.pop("lm_head.weight", None)
    ids = torch.randint(0, config.vocab_size, (sequences, tokens), generator=generator)
    with torch.no_grad():
        logits = model(input_ids=ids, use_cache=False).logits.float()
    where = os.path.join(out, name)
    os.makedirs(where, exist_ok=True)
    save_file(weights, os.path.join(where, "model.safetensors"), metadata={"format": "pt"})
    save_file({"ids": ids, "logits": logits}, where + ".safetensors")
    with open(os.path.join(where, "config.json"), "w") as f:
        spelling = spelled(config, version, dtype) | (MOBILELLM if name == "mobilellm" else {})
        json.dump(spelling, f, indent=2, sort_keys=True)
        f.write("\n")
    print(f"{name}: logits {tuple(logits.shape)}, s.d. {logits.std():.2f}, transformers {transformers.__version__}")


def make_rope(out):
    generator = torch.Generator().manual_seed(len(MODELS) + 1)
    sizes = dict(TINY, vocab_size=17, hidden_size=32, num_attention_heads=2, num_key_value_heads=1,
                 max_position_embeddings=32)
    ids = torch.randint(0, sizes["vocab_size"], (1, 40), generator=generator)
    logits, weights = {}, None
    for name, case in ROPE.items():
        config = LlamaConfig(**(sizes | case))
        config._attn_implementation = "eager"
        model = LlamaForCausalLM(config).float().eval()
        if weights is None:
            randomize(model, generator)
            weights = {k: v.clone() for k, v in model.state_dict().items()}
            plain = spelled(LlamaConfig(**sizes), 4, torch.float32)
        model.load_state_dict(weights)
        with torch.no_grad():
            logits[name] = model(input_ids=ids, use_cache=False).logits[0].float().contiguous()
    where = os.path.join(out, "rope")
    os.makedirs(where, exist_ok=True)
    save_file(weights, os.path.join(where, "model.safetensors"), metadata={"format": "pt"})
    save_file(logits | {"ids": ids}, where + ".safetensors")
    with open(os.path.join(where, "config.json"), "w") as f:
        json.dump({k: v for k, v in plain.items() if k != "rope_theta"} | {"model_type": "llama"}, f, indent=2,
                  sort_keys=True)
        f.write("\n")
    with open(os.path.join(where, "cases.jsonl"), "w") as f:
        f.writelines(json.dumps({"case": name, "set": case}) + "\n" for name, case in ROPE.items())


if __name__ == "__main__":
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    for number, (name, row) in enumerate(MODELS.items()):
        make(sys.argv[1], name, *row, seed=number + 1)
    make_rope(sys.argv[1])
