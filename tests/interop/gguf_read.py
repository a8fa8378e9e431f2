# SPDX-License-Identifier: Apache-2.0
"""Compares a GGUF file, read by the PyPI package gguf, with the checkpoint directory it was made from.

gguf_read.py FILE DIR: every weight of DIR must be in FILE once, and dequantize to the checkpoint's
value: the same for what keeps its type or widens, the package's own rounding for the others. What is
in FILE beyond that must be zeros, ones, or RoPE divisors."""
import json
import os
import re
import sys

import numpy as np
from gguf import GGMLQuantizationType as T, GGUFReader
from gguf.quants import dequantize, quantize

MAP = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
       "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm",
       "self_attn.k_norm": "attn_k_norm", "input_layernorm": "attn_norm",
       "post_attention_layernorm": "ffn_norm", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
       "mlp.down_proj": "ffn_down"}
TOP = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}


def stored(directory):
    """name -> array, bf16 as f32, straight from the bytes of the safetensors file."""
    data = open(os.path.join(directory, "model.safetensors"), "rb").read()
    n = int.from_bytes(data[:8], "little")
    types = {"F32": "<f4", "F16": "<f2", "BF16": "<u2", "I32": "<u4", "I64": "<i8"}
    for name, info in json.loads(data[8:8 + n]).items():
        if name == "__metadata__":
            continue
        a, b = info["data_offsets"]
        x = np.frombuffer(data[8 + n + a:8 + n + b], types[info["dtype"]]).reshape(info["shape"])
        if info["dtype"] == "BF16":
            x = (x.astype(np.uint32) << 16).view(np.float32)
        yield name, x


def weights(directory):
    """name -> f32, compressed-tensors integers times their scales."""
    tensors = dict(stored(directory))
    for name, x in tensors.items():
        if name.endswith((".weight", ".bias")):
            yield name, x.astype(np.float32)
        elif name.endswith(".weight_packed"):
            scale, (rows, cols) = tensors[name[:-6] + "scale"], tensors[name[:-6] + "shape"]
            bits = 32 * x.shape[1] // cols
            q = (x[:, :, None] >> (np.arange(32 // bits, dtype=np.uint32) * bits)) & (2 ** bits - 1)
            q = q.reshape(rows, cols).astype(np.float32) - 2 ** (bits - 1)
            yield name.removesuffix("_packed"), (q.reshape(rows, scale.shape[1], -1) * scale[:, :, None]).reshape(rows, cols)


def rename(name):
    name, _, ending = name.rpartition(".")
    layer = re.fullmatch(r"model\.layers\.(\d+)\.(.*)", name)
    return (f"blk.{layer[1]}.{MAP[layer[2]]}" if layer else TOP[name]) + "." + ending


def neighbours(x, dim):
    """Rows i and i + dim/2 of each head side by side: what the converters of llama.cpp do."""
    return x.reshape(-1, 2, dim // 2, *x.shape[1:]).swapaxes(1, 2).reshape(x.shape)


def check(name, tensor, want):
    if tensor.tensor_type == T.F32 or np.array_equal(dequantize(tensor.data, tensor.tensor_type), want):
        got = dequantize(tensor.data, tensor.tensor_type)
        assert got.shape == want.shape and np.array_equal(got, want), f"{name}: other values"
        return
    # Rounded: our q8_0 and q4_0, f16 and bf16 must be the package's.
    assert np.array_equal(quantize(want, tensor.tensor_type).view(np.uint8), tensor.data.view(np.uint8)), \
        f"{name}: rounded otherwise"


def main():
    reader = GGUFReader(sys.argv[1])
    arch = bytes(reader.fields["general.architecture"].parts[-1]).decode()
    config = json.load(open(os.path.join(sys.argv[2], "config.json")))
    left = {t.name: t for t in reader.tensors}
    for name, want in weights(sys.argv[2]):
        new = rename(name)
        if arch in ("llama", "deci", "granite_swa") and re.search("[qk]_proj[.]", name):
            want = neighbours(want, config["head_dim"])
        check(new, left[new], want)
        if name == "model.embed_tokens.weight" and "output.weight" in left and config["tie_word_embeddings"]:
            check("output", left.pop("output.weight"), want)
        del left[new]
    for name, t in left.items():
        values = dequantize(t.data, t.tensor_type)
        constant = 1 if name.endswith("_norm.weight") else np.float32(-1e30) if "sinks" in name else 0
        assert name == "rope_freqs.weight" or np.all(values == constant), f"{name}: unexpected"
    size = os.path.getsize(sys.argv[1])
    end = reader.tensors[-1].data_offset + reader.tensors[-1].n_bytes
    assert size == (end + 31) // 32 * 32, f"{size} bytes where the last tensor ends at {end}"


main()
