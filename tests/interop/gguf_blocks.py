#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/data/gguf/blocks.txt: random blocks of each type of ggml that is read, and the numbers that the PyPI
package gguf (0.19.0) makes of them; a line a type: its name, the bytes, and the f32 numbers as bytes, in hexadecimal.

    python3 tests/interop/gguf_blocks.py > tests/data/gguf/blocks.txt"""
import gguf
import numpy

HALVES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "IQ4_NL": [0], "Q2_K": [80, 82],
          "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "IQ4_XS": [0]}

rng = numpy.random.default_rng(1)
for name, halves in HALVES.items():
    kind = gguf.GGMLQuantizationType[name]
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    raw = rng.integers(0, 256, (3 if elements == 32 else 1, size), dtype=numpy.uint8)
    for row in range(len(raw)):
        for at in halves:  # scales of a usual size, a negative one, and a subnormal one
            scale = numpy.float16([0.0371, -0.0093, 3e-6][(row + at) % 3])
            raw[row, at:at + 2] = numpy.frombuffer(scale.tobytes(), numpy.uint8)
    print(name, raw.tobytes().hex(), gguf.dequantize(raw, kind).astype(numpy.float32).tobytes().hex())
