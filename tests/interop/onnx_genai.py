# SPDX-License-Identifier: Apache-2.0
"""Greedy decoding by onnxruntime-genai of what fl-export --to onnx wrote: onnx_genai.py DIR PROMPT. By
genai_config.json alone it must come to the ids of DIR/greedy.tok, up to where its text ends."""
import os
import sys

import numpy as np
import onnxruntime_genai as og

directory, prompt = sys.argv[1:]
want = np.fromfile(os.path.join(directory, "greedy.tok"), np.uint32)
model = og.Model(directory)
params = og.GeneratorParams(model)
params.set_search_options(max_length=len(want))
generator = og.Generator(model, params)
generator.append_tokens(np.fromfile(prompt, np.uint32).astype(np.int32))
while not generator.is_done():
    generator.generate_next_token()
got = generator.get_sequence(0)
assert len(got) > len(np.fromfile(prompt, np.uint32)), "nothing generated"
assert (got == want[:len(got)]).all(), f"{list(got)}, not {list(want)}"
