# SPDX-License-Identifier: Apache-2.0
"""llama.cpp's own way to a GGUF file: gguf_convert.py LLAMA_CPP FROM TO f32|f16|bf16, LLAMA_CPP its source.

convert_hf_to_gguf.py runs as it is but for one thing: it refuses a tokenizer of BPE whose hash is not in a list, and so
is told that it is qwen2's."""
import runpy
import sys

root, source, out, kind = sys.argv[1:]
sys.path[:0] = [root, root + "/gguf-py"]
sys.argv = [root + "/convert_hf_to_gguf.py", source, "--outfile", out, "--outtype", kind]

from conversion import base  # noqa: E402

base.TextModel.get_vocab_base_pre = lambda self, tokenizer: "qwen2"
runpy.run_path(sys.argv[0], run_name="__main__")
