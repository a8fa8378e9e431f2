# SPDX-License-Identifier: Apache-2.0
"""llama.cpp's own way to a GGUF file: gguf_convert.py LLAMA_CPP FROM TO TYPE, LLAMA_CPP its source.

convert_hf_to_gguf.py runs as it is but for one thing: it refuses a tokenizer of BPE whose hash is not in a list, and so
is told that it is qwen2's. It writes f32, f16 and bf16; its f32 file is what llama-quantize makes other types of, by
the names of llama.h, such as q4_0 or q4_k_m."""
import os
import runpy
import sys

root, source, out, kind = sys.argv[1:]
plain = kind in ("f32", "f16", "bf16")
sys.path[:0] = [root, root + "/gguf-py"]
sys.argv = [root + "/convert_hf_to_gguf.py", source, "--outfile", out if plain else out + ".f32", "--outtype",
            kind if plain else "f32"]

from conversion import base  # noqa: E402

base.TextModel.get_vocab_base_pre = lambda self, tokenizer: "qwen2"
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
except SystemExit as e:
    if e.code:
        raise
if not plain:
    import llama_cpp as L

    how = L.llama_model_quantize_default_params()
    how.ftype = getattr(L, "LLAMA_FTYPE_MOSTLY_" + kind.upper())
    how.nthread = 1
    status = L.llama_model_quantize((out + ".f32").encode(), out.encode(), how)
    os.unlink(out + ".f32")
    sys.exit(status)
