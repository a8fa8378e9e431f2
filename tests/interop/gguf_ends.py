# SPDX-License-Identifier: Apache-2.0
"""The tokens at which llama.cpp ends a text of a GGUF file: gguf_ends.py FILE."""
import sys

import llama_cpp

params = llama_cpp.llama_model_default_params()
params.vocab_only = True
vocab = llama_cpp.llama_model_get_vocab(llama_cpp.llama_model_load_from_file(sys.argv[1].encode(), params))
print(*[id for id in range(llama_cpp.llama_vocab_n_tokens(vocab)) if llama_cpp.llama_vocab_is_eog(vocab, id)])
