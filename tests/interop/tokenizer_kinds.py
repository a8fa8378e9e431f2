# SPDX-License-Identifier: Apache-2.0
"""Small tokenizers made like those of real models: each function of KINDS writes the files of one into a
directory and returns what its own package makes of a text and of ids: a function (text, specials) -> ids,
the second argument saying whether special tokens are recognised in the text, and None where the package
cannot; and a function ids -> text.

Vocabularies are trained on TRAINING; what matters is how text is normalised and cut."""
import base64
import io
import json
import pathlib

import sentencepiece
import tiktoken
from tokenizers import AddedToken, Regex, Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers.models import BPE, Unigram
from tokenizers.trainers import BpeTrainer, UnigramTrainer

TRAINING = [
    "Hello, world! Hello  world, hello   there.", "it's WE'LL o'clock don't I'm they've", "in 2026, 12345.67 and 1,000,000",
    "a\r\n\r\nb\t\tc\n\n\nd", "na\u00efve caf\u00e9 \u00c5ngstr\u00f6m e\u0301", "\u4f60\u597d\u4e16\u754c \u65e5\u672c\u8a9e\u306e\u6587\u5b57",
    "def f(x):\n    return x[0] + {1: 2}[x]  # comment", "\U0001f600\U0001f999 \u2581 \u2028",
    "\u041f\u0440\u0438\u0432\u0435\u0442 \u043c\u0438\u0440", "the cat the hat the mat that thin thing then them",
    "...!!! ??? -- == <= >= $9.99 #tag @you", "\uff21\uff22\uff23 \ufb01sh \u00bd \u2460",
]
ALPHABET = sorted(pre_tokenizers.ByteLevel.alphabet())
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")


def split(pattern, behavior="isolated", invert=False):
    return pre_tokenizers.Split(Regex(pattern), behavior, invert)


def byte_level(regex=False, prefix=False):
    return pre_tokenizers.ByteLevel(add_prefix_space=prefix, use_regex=regex)


def encoder(t):
    def encode(text, specials):
        t.encode_special_tokens = not specials
        return t.encode(text, add_special_tokens=False).ids
    return encode, lambda ids: t.decode(ids, skip_special_tokens=False)


def save(t, where, config=None):
    t.save(str(where / "tokenizer.json"), pretty=False)
    if config:
        (where / "tokenizer_config.json").write_text(json.dumps(config))
    return encoder(t)


def level(where, pre, normalizer=None, size=290, specials=("<|endoftext|>",), added=(), alphabet=ALPHABET, **model):
    """A byte-level BPE with that pre-tokenizer."""
    t = Tokenizer(BPE(**model))
    if normalizer:
        t.normalizer = normalizer
    t.pre_tokenizer = pre_tokenizers.Sequence(pre) if isinstance(pre, list) else pre
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(TRAINING, BpeTrainer(vocab_size=size, initial_alphabet=alphabet, limit_alphabet=len(alphabet),
                                               show_progress=False))
    t.add_special_tokens(list(specials))
    t.add_tokens(list(added))
    return save(t, where)


def falcon(where):
    return level(where, [pre_tokenizers.Punctuation("contiguous"), byte_level(True),
                         pre_tokenizers.Digits(individual_digits=False), split("[0-9][0-9][0-9]")],
                 specials=("<|endoftext|>", ">>TITLE<<"))


def starcoder(where):
    return level(where, [pre_tokenizers.Digits(individual_digits=True), byte_level(True)],
                 specials=("<|endoftext|>", "<fim_prefix>"))


def deepseek(where):
    return level(where, [
        split("[\r\n]"), split("\\s?[A-Za-z\u00b5\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u01ba\u0370-\u0373\u0400-\u0481]+"),
        split("\\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+"), split("\\s+$"),
        split("[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"), pre_tokenizers.Digits(individual_digits=True),
        byte_level()], normalizer=normalizers.Sequence([]),
        specials=("<\uff5cbegin\u2581of\u2581sentence\uff5c>", "<\uff5cend\u2581of\u2581sentence\uff5c>"))


def deepseek3(where):
    return level(where, [
        split(r"\p{N}{1,3}"), split("[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+"),
        split("[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
              "| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"), byte_level()])


def command_r(where):
    return level(where, [pre_tokenizers.Digits(individual_digits=True), byte_level(True)],
                 normalizer=normalizers.NFC(), specials=("<BOS_TOKEN>", "<|END_OF_TURN_TOKEN|>", "<EOS_TOKEN>"))


def neox(where):
    return level(where, byte_level(True), normalizer=normalizers.NFC(),
                 added=[AddedToken(" " * n, normalized=False) for n in (8, 4, 2)])


def mpt(where):
    return level(where, byte_level(True), added=[AddedToken("    ", normalized=True),
                                                 AddedToken("mat", single_word=True)])


def llama3(where):
    return level(where, [split(LLAMA3), byte_level()], ignore_merges=True)


def qwen2(where):
    return level(where, [split(QWEN2), byte_level()], normalizer=normalizers.NFC())


def gpt4o(where):
    return level(where, [split(
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"), byte_level()])


def bloom(where):
    return level(where, [split(" ?[^(\\s|[.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c])]+"), byte_level()])


def behaviors(where):
    return level(where, [split("[aeiou]", "merged_with_previous"), split("[dt]", "merged_with_next"),
                         split("[!.=]", "contiguous"), split("\\d+", "removed"), split("[h-z ]+", "isolated", True),
                         pre_tokenizers.Punctuation("merged_with_previous"), byte_level(prefix=True)])


def metaspace(where):
    """As older conversions of sentencepiece models have it, and words of letters, digits and marks."""
    t = Tokenizer(BPE(unk_token="<unk>", fuse_unk=True))
    t.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Strip(), normalizers.Replace(Regex(" {2,}"), " ")])
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Metaspace(prepend_scheme="always")])
    t.decoder = decoders.Metaspace(prepend_scheme="always")
    t.train_from_iterator(TRAINING, BpeTrainer(vocab_size=220, special_tokens=["<unk>", "<s>", "</s>"], show_progress=False))
    return save(t, where)


def llama2_like(where, added, **extra):
    """Prepend and Replace, bytes for what is not in the vocabulary."""
    byte = [f"<0x{b:02X}>" for b in range(256)]
    t = Tokenizer(BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    t.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    t.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(),
                                   decoders.Strip(" ", 1, 0)])
    t.train_from_iterator(TRAINING[:4], BpeTrainer(vocab_size=300, special_tokens=["<unk>", "<s>", "</s>"] + byte,
                                                   show_progress=False))
    text = json.loads(t.to_str())
    text["added_tokens"] = text["added_tokens"][:3]
    t = Tokenizer.from_str(json.dumps(text))
    t.add_special_tokens(added)
    for key, value in extra.items():
        setattr(t, key, value)
    return t


def phi3(where):
    t = llama2_like(where, [AddedToken(x, rstrip=True, normalized=False)
                            for x in ("<|endoftext|>", "<|assistant|>", "<|end|>")])
    return save(t, where, {"bos_token": "<s>", "eos_token": "<|endoftext|>", "add_bos_token": False})


def gemma(where):
    """Spaces become U+2581 without one in front, and a split that finds none."""
    t = llama2_like(where, ["<eos>"], normalizer=normalizers.Replace(" ", "\u2581"),
                    pre_tokenizer=pre_tokenizers.Split(" ", "merged_with_previous"))
    t.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()])
    return save(t, where)


def t5(where):
    """Unigram; a charsmap comes from a sentencepiece model."""
    model = sentencepiece_model("unigram", RULES[:6])
    charsmap = normalizer_of(model)
    t = Tokenizer(Unigram())
    t.normalizer = normalizers.Sequence([normalizers.Precompiled(charsmap), normalizers.Replace(Regex(" {2,}"), " ")])
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="always")])
    t.decoder = decoders.Metaspace(prepend_scheme="always")
    t.train_from_iterator(TRAINING, UnigramTrainer(vocab_size=150, special_tokens=["<pad>", "</s>", "<unk>"],
                                                   unk_token="<unk>", show_progress=False))
    t.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return save(t, where)


# Bytes that have no token ------------------------------------------------------------------------------

HOLES = [c for c in ALPHABET if c not in "\u010a\u0120\u00e2\u00c3x7"]  # line break, space, two first bytes


def holes(where):
    """As in SmolLM2, Falcon or GPT-NeoX: what has no token is left out, and its neighbours merge."""
    return level(where, byte_level(True), alphabet=HOLES)


def holes_pairs(where):
    return pairs(where, holes, {"tokenizer_class": "GPT2Tokenizer", "eos_token": "<|endoftext|>"}, added=True)


def holes_unk(where):
    t = json.loads(level_text(where))
    t["model"]["unk_token"] = "<|endoftext|>"
    t["model"]["vocab"]["<|endoftext|>"] = len(t["model"]["vocab"])
    return save(Tokenizer.from_str(json.dumps(t)), where)


def level_text(where):
    level(where, [split(QWEN2), byte_level()], alphabet=HOLES)
    return (where / "tokenizer.json").read_text()


def fallback_holes(where, unk="<unk>", fuse=True):
    """Bytes for what is not in the vocabulary, but not all of them; the unknown token for the rest."""
    t = json.loads(llama2_like(where, []).to_str())
    gone = [f"<0x{b:02X}>" for b in (0xf0, 0xe3, 0x85, 0x0a, 0xd0)]
    kept = [x for x in t["model"]["vocab"] if x not in gone]
    t["model"].update(vocab={x: i for i, x in enumerate(kept)}, unk_token=unk, fuse_unk=fuse)
    return save(Tokenizer.from_str(json.dumps(t)), where)


def fallback_holes_apart(where):
    return fallback_holes(where, fuse=False)


def fallback_holes_none(where):
    return fallback_holes(where, unk=None)


def fallback_holes_unigram(where):
    t = json.loads(llama2_like(where, []).to_str())
    pieces = [[x, -1.0 - i / 100] for i, x in enumerate(t["model"]["vocab"]) if x not in ("<0xF0>", "<0xE3>", "<0xC3>")]
    t["model"] = {"type": "Unigram", "unk_id": 0, "vocab": pieces, "byte_fallback": True}
    return save(Tokenizer.from_str(json.dumps(t)), where)


# vocab.json and merges.txt ----------------------------------------------------------------------------

def pairs(where, make, config, added=None):
    """What `make` makes, as vocab.json and merges.txt."""
    functions = make(where)
    t = json.loads((where / "tokenizer.json").read_text())
    (where / "tokenizer.json").unlink()
    (where / "vocab.json").write_text(json.dumps(t["model"]["vocab"]))
    (where / "merges.txt").write_text("#version: 0.2\n" + "".join(" ".join(m) + "\n" for m in t["model"]["merges"]))
    if added:
        (where / "added_tokens.json").write_text(json.dumps({a["content"]: a["id"] for a in t["added_tokens"]}))
    else:
        config["added_tokens_decoder"] = {str(a.pop("id")): a for a in t["added_tokens"]}
    (where / "tokenizer_config.json").write_text(json.dumps(config))
    return functions


def pairs_gpt2(where):
    return pairs(where, lambda w: level(w, byte_level(True)),
                 {"tokenizer_class": "GPT2Tokenizer", "eos_token": "<|endoftext|>"}, added=True)


def pairs_qwen2(where):
    return pairs(where, qwen2, {"tokenizer_class": "Qwen2Tokenizer", "eos_token": "<|endoftext|>"})


# tiktoken ---------------------------------------------------------------------------------------------

def tiktoken_llama3(where):
    llama3(where)
    t = json.loads((where / "tokenizer.json").read_text())
    (where / "tokenizer.json").unlink()
    back = {}
    for b in range(256):
        back[ALPHABET_OF[b]] = b
    ranks = {bytes(back[c] for c in token): i for token, i in t["model"]["vocab"].items()}
    # Ranks are in the order of merging: bytes first.
    order = sorted(ranks, key=lambda token: (len(token) > 1, ranks[token]))
    ranks = {token: i for i, token in enumerate(order)}
    (where / "tokenizer.model").write_bytes(
        b"".join(base64.b64encode(token) + b" %d\n" % i for token, i in ranks.items()))
    specials = {x: len(ranks) + i for i, x in enumerate(("<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"))}
    flags = {"lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True}
    (where / "tokenizer_config.json").write_text(json.dumps({
        "added_tokens_decoder": {str(i): {"content": x, **flags} for x, i in specials.items()},
        "bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"}))
    e = tiktoken.Encoding("small", pat_str=LLAMA3, mergeable_ranks=ranks, special_tokens=specials)
    return (lambda text, some: e.encode(text, allowed_special="all" if some else set(), disallowed_special=()), e.decode)


def alphabet_of():
    """What spells each byte, by the package itself."""
    printable = [b for b in range(256) if 33 <= b <= 126 or (161 <= b and b != 173)]
    table = {b: chr(b) for b in printable}
    table.update({b: chr(256 + i) for i, b in enumerate(b for b in range(256) if b not in printable)})
    return table


ALPHABET_OF = alphabet_of()


# sentencepiece ----------------------------------------------------------------------------------------

def sentencepiece_model(kind, rules=None, **options):
    out = io.BytesIO()
    path = pathlib.Path("rules.tsv")
    if rules is not None:
        path.write_text("".join("\t".join(" ".join(f"{ord(c):X}" for c in part) for part in rule) + "\n" for rule in rules))
        options["normalization_rule_tsv"] = str(path)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(x for line in TRAINING for x in line.split("\n")), model_writer=out, model_type=kind,
        hard_vocab_limit=False, minloglevel=2, **options)
    path.unlink(missing_ok=True)
    return out.getvalue()


def normalizer_of(model):
    """precompiled_charsmap: member 2 of member 3."""
    from sentencepiece import sentencepiece_model_pb2 as pb
    m = pb.ModelProto()
    m.ParseFromString(model)
    return m.normalizer_spec.precompiled_charsmap


def sp(where, kind, rules=None, **options):
    model = sentencepiece_model(kind, rules, **options)
    (where / "tokenizer.model").write_bytes(model)
    s = sentencepiece.SentencePieceProcessor(model_proto=model)
    return lambda text, specials: None if specials else s.encode(text), s.decode


RULES = [("\uff21", "A"), ("\uff22", "B"), ("\ufb01", "fi"), ("e\u0301", "\u00e9"), ("\u2460", "1"), ("\u00a0", " "),
         ("\u3000", " "), ("\t", " "), ("\u200b", ""), ("fff", "g"), ("ff", "h")]


def sp_llama(where):
    return sp(where, "bpe", vocab_size=400, byte_fallback=True, normalization_rule_name="identity",
              remove_extra_whitespaces=False)


def sp_bpe(where):
    return sp(where, "bpe", RULES, vocab_size=160, user_defined_symbols=["<tool>", "  ", "the c"])


def sp_unigram(where):
    return sp(where, "unigram", RULES, vocab_size=130, user_defined_symbols=["<tool>", "the c"])


def sp_unigram_bytes(where):
    return sp(where, "unigram", vocab_size=380, byte_fallback=True, normalization_rule_name="identity",
              add_dummy_prefix=False, split_by_whitespace=False, bos_id=-1)


def sp_bpe_nmt(where):
    return sp(where, "bpe", vocab_size=160, normalization_rule_name="nmt_nfkc")


def sp_unigram_nmt(where):
    return sp(where, "unigram", vocab_size=130, normalization_rule_name="nmt_nfkc_cf")


# The last two hold a charsmap of a quarter of a megabyte each.
SMALL = [falcon, starcoder, deepseek, deepseek3, command_r, neox, mpt, llama3, qwen2, gpt4o, bloom, behaviors, metaspace,
         holes, holes_unk, holes_pairs, fallback_holes, fallback_holes_apart, fallback_holes_none, fallback_holes_unigram,
         phi3, gemma, t5, pairs_gpt2, pairs_qwen2, tiktoken_llama3, sp_llama, sp_bpe, sp_unigram, sp_unigram_bytes]
LARGE = [sp_bpe_nmt, sp_unigram_nmt]
