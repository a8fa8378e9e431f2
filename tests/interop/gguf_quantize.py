# SPDX-License-Identifier: Apache-2.0
"""What llama-quantize does: gguf_quantize.py FROM TO TYPE, FROM in f32, TYPE by llama.h's name, such as q4_k_m."""
import sys

import llama_cpp as L

how = L.llama_model_quantize_default_params()
how.ftype = getattr(L, "LLAMA_FTYPE_MOSTLY_" + sys.argv[3].upper())
how.nthread = 1
sys.exit(L.llama_model_quantize(sys.argv[1].encode(), sys.argv[2].encode(), how))
