# SPDX-License-Identifier: Apache-2.0
"""llama.cpp's own way to a GGUF file: gguf_convert.py LLAMA_CPP FROM TO f32|q4_0, LLAMA_CPP its source.

convert_hf_to_gguf.py runs as it is but for one thing: it refuses a tokenizer of BPE whose hash is not in a list, and so
is told that it is qwen2's. For q4_0 its f32 file is then what llama-quantize makes of it."""
import os
import runpy
import sys

root, source, out, kind = sys.argv[1:]
sys.path[:0] = [root, root + "/gguf-py"]
sys.argv = [root + "/convert_hf_to_gguf.py", source, "--outfile", out if kind == "f32" else out + ".f32", "--outtype", "f32"]

from conversion import base  # noqa: E402

base.TextModel.get_vocab_base_pre = lambda self, tokenizer: "qwen2"
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
except SystemExit as e:
    if e.code:
        raise
if kind != "f32":
    import llama_cpp as L

    how = L.llama_model_quantize_default_params()
    how.ftype = L.LLAMA_FTYPE_MOSTLY_Q4_0
    how.nthread = 1
    status = L.llama_model_quantize((out + ".f32").encode(), out.encode(), how)
    os.unlink(out + ".f32")
    sys.exit(status)
