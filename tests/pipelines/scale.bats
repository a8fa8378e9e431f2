# SPDX-License-Identifier: Apache-2.0
# Memory does not grow with the model: one layer with tensors of the size of Llama-3.1-70B's.
load ../cli/helper

setup() {
	cat > config.json <<-'EOF'
	{"model_type": "llama", "hidden_size": 8192, "intermediate_size": 28672, "num_hidden_layers": 1,
	 "num_attention_heads": 64, "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 1024,
	 "rms_norm_eps": 1e-5, "rope_theta": 500000.0, "tie_word_embeddings": false, "torch_dtype": "bfloat16"}
	EOF
}

# The limit holds for each process: on its heap, the stacks of its threads and all else that it can write.
@test "a stream of matrices of half a gigabyte passes every transform, each in 64 MiB" {
	pipe "ulimit -d $((64 << 10)); fl-init -j 2 config.json | fl-prune -j 2 --score random -a d6144-f20480-f |
		fl-attnpattern -a d6144-f20480-w | fl-quantize -j 2 | fl-info --json | jq -e '.arch == \"d6144-f20480-w\"'"
}

@test "a matrix that is written twice takes a temporary file, not memory" {
	jq '.hidden_size = 2048 | .vocab_size = 65536 | .tie_word_embeddings = true' config.json > tied.json
	pipe "ulimit -d $((64 << 10)); fl-init -j 2 -a d2048-f2048-s tied.json | fl-prune -j 2 --untie |
		fl-info --json | jq -e '.tied == false'"
}
