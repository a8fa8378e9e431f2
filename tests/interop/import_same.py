# SPDX-License-Identifier: Apache-2.0
"""Whether two checkpoint directories hold the same tensors, byte for byte, and mean the same by their config.json:
import_same.py ONE OTHER. A field that only one has must be what the other takes for granted."""
import json
import os
import sys

from transformers import AutoConfig

FIELDS = ("model_type hidden_size intermediate_size num_hidden_layers num_attention_heads num_key_value_heads head_dim "
          "vocab_size max_position_embeddings rms_norm_eps rope_parameters tie_word_embeddings hidden_act").split()


def tensors(directory):
    with open(os.path.join(directory, "model.safetensors"), "rb") as f:
        data = f.read()
    n = int.from_bytes(data[:8], "little")
    return {name: (x["dtype"], x["shape"], data[8 + n + x["data_offsets"][0]:8 + n + x["data_offsets"][1]])
            for name, x in json.loads(data[8:8 + n]).items() if name != "__metadata__"}


def main():
    one, other = (tensors(d) for d in sys.argv[1:])
    assert one.keys() == other.keys(), one.keys() ^ other.keys()
    for name, want in one.items():
        assert other[name] == want, f"{name}: {want[:2]}, not {other[name][:2]}, or other bytes"
    want, got = (AutoConfig.from_pretrained(d) for d in sys.argv[1:])
    for field in FIELDS:
        a, b = getattr(want, field, None), getattr(got, field, None)
        family = field == "model_type" and a in ("mistral",)  # a llama to llama.cpp
        assert a == b or family, f"{field}: {a}, not {b}"
    print(len(one), "tensors")


main()
