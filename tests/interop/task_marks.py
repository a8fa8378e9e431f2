#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What lm-evaluation-harness (PyPI lm_eval 0.4.13, with torch and transformers) gives each question of a
task, in the form of fl-eval --marks:

    python3 tests/interop/task_marks.py MODEL TASK.jsonl [SHOTS [SEED]] > marks.jsonl

Figures and standard errors go to standard error. Delimiter, separator, description and the rest are taken
from the first question. Examples come from the task itself, in the order in which fl-eval draws them. The
fixtures of tests/data/tasks were made with it: see their README."""
import contextlib
import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = os.environ["TOKENIZERS_PARALLELISM"] = "1"

import lm_eval
from lm_eval.api.samplers import FirstNSampler
from lm_eval.api.task import ConfigurableTask
from lm_eval.models.huggingface import HFLM
from transformers import PreTrainedTokenizerFast

M = (1 << 64) - 1


class Rng:
    """xoshiro256** as lib/base/rng.h seeds it, stream 0."""

    def __init__(self, seed):
        x, z = self.splitmix(0)
        x = seed ^ z
        self.s = []
        for _ in range(4):
            x, z = self.splitmix(x)
            self.s.append(z)

    @staticmethod
    def splitmix(x):
        x = z = (x + 0x9E3779B97F4A7C15) & M
        z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & M
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & M
        return x, z ^ z >> 31

    def next(self):
        s, rotate = self.s, lambda x, k: (x << k | x >> (64 - k)) & M
        result = (rotate((s[1] * 5) & M, 7) * 9) & M
        t = (s[1] << 17) & M
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotate(s[3], 45)
        return result

    def below(self, bound):
        while (x := self.next()) < (1 << 64) % bound:
            pass
        return x % bound


def shuffled(docs, seed):
    docs, rng = list(docs), Rng(seed)
    for i in range(len(docs)):
        k = i + rng.below(len(docs) - i)
        docs[i], docs[k] = docs[k], docs[i]
    return docs


def config(q, path):
    c = {"task": "fl", "dataset_path": "json", "dataset_kwargs": {"data_files": {"test": path}}, "test_split": "test",
         "target_delimiter": q.get("delimiter", " "), "fewshot_delimiter": q.get("separator", "\n\n"),
         "description": q.get("description", ""), "doc_to_text": "context", "fewshot_split": "test"}
    mean = {"aggregation": "mean", "higher_is_better": True}
    if "choices" in q:
        c |= {"output_type": "multiple_choice", "doc_to_choice": "choices", "doc_to_target": "gold",
              "metric_list": [{"metric": m} | mean for m in ("acc", "acc_norm", "acc_bytes")]}
    elif "contexts" in q:
        c |= {"output_type": "multiple_choice", "doc_to_text": "gold", "doc_to_choice": "contexts",
              "doc_to_target": "continuation", "metric_list": [{"metric": "acc"} | mean]}
    elif "target" in q:
        c |= {"output_type": "loglikelihood", "doc_to_target": "{{delimiter}}{{target}}",
              "metric_list": [{"metric": "perplexity"}, {"metric": "acc"}]}
    else:
        exact = {"metric": "exact_match"} | mean
        ignore = q.get("ignore", [])
        exact |= {"ignore_" + word: True for word in ignore if word != "articles"}
        if "articles" in ignore:
            exact["regexes_to_ignore"] = [r"\b(?:The |the |An |A |The |a |an )"]
        c |= {"output_type": "generate_until", "doc_to_target": "answers", "metric_list": [exact],
              "generation_kwargs": {"until": q["until"], "max_gen_toks": q.get("max_tokens", 256), "do_sample": False},
              "filter_list": [{"name": "strip", "filter": [{"function": "remove_whitespace"}, {"function": "take_first"}]}]}
    return c


def marks(sample, kind):
    m = {"task": "", "line": sample["doc_id"] + 1}
    if kind == "generate_until":
        return m | {"right": bool(sample["exact_match"]), "answer": sample["filtered_resps"][0]}
    m["right"] = bool(sample["acc"])
    if "acc_bytes" in sample:
        m["right_norm"] = bool(sample["acc_bytes"])
    return m | {"nats": [float(r[0]) for r in sample["filtered_resps"]]}


def main():
    model, path, shots = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 0
    questions = [json.loads(line) for line in open(path, encoding="utf-8")]
    for q in questions:
        q.setdefault("delimiter", " ")
    c = config(questions[0], path)
    if c["output_type"] == "loglikelihood":  # the template needs the field in the file
        path = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"task_marks-{os.getpid()}.jsonl")
        with open(path, "w", encoding="utf-8") as f:
            f.writelines(json.dumps(q) + "\n" for q in questions)
        c["dataset_kwargs"]["data_files"]["test"] = path
    task = ConfigurableTask(config=c)
    task.set_config("num_fewshot", shots)
    if shots:
        task.sampler = FirstNSampler(shuffled(task.dataset["test"], int(sys.argv[4]) if len(sys.argv) > 4 else 0))
    # The tokenizer as its file says: transformers 5 puts a LlamaTokenizer of its own in its place.
    tokenizer = PreTrainedTokenizerFast.from_pretrained(model)
    lm = HFLM(pretrained=model, tokenizer=tokenizer, dtype="float32", device="cpu", batch_size=8)
    with contextlib.redirect_stdout(sys.stderr):
        result = lm_eval.simple_evaluate(model=lm, tasks=[task], num_fewshot=shots, log_samples=True,
                                         bootstrap_iters=100)
    for sample in sorted(result["samples"]["fl"], key=lambda s: s["doc_id"]):
        print(json.dumps(marks(sample, c["output_type"])))
    print(json.dumps(result["results"]["fl"]), file=sys.stderr)


main()
