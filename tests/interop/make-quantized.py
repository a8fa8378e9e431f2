# SPDX-License-Identifier: Apache-2.0
"""make-quantized.py OUT VOCABULARY [NAME...] -- small random llamas that compressed-tensors quantized.

OUT/NAME is a checkpoint, OUT/NAME.safetensors its ids I64 [1, 24] and the logits F32 [1, 24, vocabulary] that stock
transformers gives for it in f32; OUT/quantization.jsonl says of each case in how many bits each module is. tests/data
has quantization.jsonl, and w4a16 with a vocabulary of 29 for tests/unit/forward.c; hf.sh makes them all, to be read
beside transformers.
"""
import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from compressed_tensors.compressors.pack_quantized import PackedQuantizationCompressor
from compressed_tensors.quantization import QuantizationConfig, apply_quantization_config
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

SIZES = dict(hidden_size=128, intermediate_size=256, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
             max_position_embeddings=256, bos_token_id=1, eos_token_id=2, pad_token_id=None, tie_word_embeddings=False)


def weights(bits, **more):
    return dict(num_bits=bits, type="int", symmetric=True, dynamic=False, observer="minmax", observer_kwargs={}, **more)


GROUP = dict(strategy="group", group_size=128)
ROW = dict(strategy="channel")

# name: groups of targets and weights, what is ignored
CASES = {
    "w4a16": ([(["Linear"], weights(4, **GROUP, actorder="weight"))], ["lm_head", "model.layers.0.self_attn.k_proj"]),
    "one matrix ignored": ([(["Linear"], weights(4, **GROUP))], ["lm_head", "model.layers.0.mlp.down_proj"]),
    "patterns": ([([r"re:.*\.(gate|up)_proj$", "model.layers.1.self_attn.q_proj"], weights(8, **ROW)),
                  (["re:.*self_attn.*", "re:.*down"], weights(4, **ROW))], ["re:.*layers.0.self_attn", "re:.*lm_head"]),
    "group of 64": ([(["Linear"], weights(4, strategy="group", group_size=64))], ["lm_head"]),
    "group of 32": ([(["Linear"], weights(8, strategy="group", group_size=32))], ["re:lm_"]),
    "the head too": ([(["Linear"], weights(8, **GROUP))], []),
    "a name before a pattern before a class": ([(["Linear"], weights(8, **GROUP)), (["re:.*proj"], weights(4, **GROUP)),
        (["model.layers.0.self_attn.o_proj"], weights(8, **GROUP))], []),
    "patterns in the order of the alphabet": ([(["re:.*up_proj"], weights(8, **GROUP)), (["re:.*u"], weights(4, **GROUP))],
        ["model.layers.1"]),
    "one target twice": ([(["re:.*_proj"], weights(8, **GROUP)), (["re:.*_proj"], weights(4, **GROUP))], []),
    "one layer alone": ([([r"re:model\.layers\.1\."], weights(4, **GROUP))], []),
    "a class ignored": ([(["re:.*"], weights(4, **GROUP))], ["Embedding"]),
}


def scale(weight, args):
    """As a min-max observer finds it, in bf16."""
    rows = weight.reshape(weight.shape[0], -1, args.group_size or weight.shape[1])
    largest = rows.abs().amax(-1) / (2 ** (args.num_bits - 1) - 0.5)
    return largest.to(torch.bfloat16)


def make(out, name, vocabulary, groups, ignore, seed):
    generator = torch.Generator().manual_seed(seed)
    sizes = SIZES | dict(vocab_size=vocabulary, num_hidden_layers=1 if name == "w4a16" else 2)
    model = LlamaForCausalLM(LlamaConfig(**sizes)).to(torch.bfloat16)
    for key, p in sorted(model.named_parameters()):
        noise = torch.randn(p.shape, generator=generator)
        p.data = (1 + 0.3 * noise if p.dim() == 1 else noise * (1.5 / p.shape[1] ** 0.5)).to(torch.bfloat16)
    config = {
        "config_groups": {f"group_{i}": {"targets": t, "weights": w, "input_activations": None,
                                         "output_activations": None, "format": "pack-quantized"}
                          for i, (t, w) in enumerate(groups)},
        "format": "pack-quantized", "global_compression_ratio": None, "ignore": ignore, "kv_cache_scheme": None,
        "quant_method": "compressed-tensors", "quantization_status": "compressed", "sparsity_config": {},
        "transform_config": {}, "version": "0.11.0"}
    apply_quantization_config(model, QuantizationConfig(**{k: v for k, v in config.items() if k != "version"}))
    state, bits = {}, {}
    for path, module in model.named_modules():
        own = {k: v for k, v in module.named_parameters(recurse=False)}
        if (scheme := getattr(module, "quantization_scheme", None)):
            bits[path] = scheme.weights.num_bits
            own["weight_scale"] = scale(own["weight"], scheme.weights)
            own = PackedQuantizationCompressor.compress({k: own[k] for k in ("weight", "weight_scale")}, scheme)
        state |= {f"{path}.{k}": v.detach().contiguous() for k, v in own.items()}
    where = os.path.join(out, name)
    os.makedirs(where, exist_ok=True)
    save_file(state, os.path.join(where, "model.safetensors"), metadata={"format": "pt"})
    with open(os.path.join(where, "config.json"), "w") as f:
        json.dump(LlamaConfig(**sizes).to_diff_dict() | dict(
            architectures=["LlamaForCausalLM"], dtype="bfloat16", quantization_config=config), f, indent=2, sort_keys=True)
        f.write("\n")
    read = AutoModelForCausalLM.from_pretrained(where, dtype=torch.float32).eval()
    ids = torch.randint(0, vocabulary, (1, 24), generator=generator)
    with torch.no_grad():
        logits = read(input_ids=ids, use_cache=False).logits.float()
    save_file({"ids": ids, "logits": logits}, where + ".safetensors")
    print(f"{name}: {len(bits)} matrices quantized, logits' s.d. {logits.std():.2f}")
    return json.dumps({"case": name, "layers": sizes["num_hidden_layers"], "config": config, "bits": bits})


if __name__ == "__main__":
    torch.set_num_threads(1)
    lines = [make(sys.argv[1], name, int(sys.argv[2]), *case, seed=number + 1)
             for number, (name, case) in enumerate(CASES.items()) if name in (sys.argv[3:] or CASES)]
    with open(os.path.join(sys.argv[1], "quantization.jsonl"), "w") as f:
        f.writelines(line + "\n" for line in lines)
