"""A model of a few words for the tests: a random encoder of one layer, real heads, all files of a real one.

python -m models.tiny tests/understanding/tiny
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel

from models.encoder import SPECIAL, tokenizer
from models.export import export
from models.reader import PREFIX
from triage.understanding.findings import REASONS
from triage.understanding.heads import LinearHeads
from triage.understanding.models import (
    CONFIG,
    GRAPH,
    HEADS,
    TOKENIZER,
    WEIGHTS,
    Bands,
    Description,
    digest,
    write_description,
)
from triage.understanding.network import Floats, Network, OnnxNetwork, TorchEncoder
from triage.understanding.regression import fit_binary, fit_reasons

#: mails that dispute something, and mails that do not
CLAIMS = (
    ("you charged me twice for the same month", "duplicate_charge"),
    ("the same amount was taken twice from my card", "duplicate_charge"),
    ("i never got my refund", "refund_not_received"),
    ("where is the refund that you promised", "refund_not_received"),
    ("there is a late fee on my bill that i never agreed to", "unexpected_fee"),
    ("please take this fee off my bill", "unexpected_fee"),
)
OTHERS = (
    "please send me a copy of my bill",
    "how can i pay for the next month",
    "thank you for your help",
    "please cancel my order",
    "i moved to a new address",
    "what is the price of the card",
)

PENALTY = 0.001


def build(folder: Path) -> None:
    """Write the folder."""
    torch.manual_seed(3)
    folder.mkdir(parents=True, exist_ok=True)
    words = sorted({word for text in (*(text for text, _ in CLAIMS), *OTHERS) for word in text.split()})
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    pieces = [*SPECIAL, "▁", *letters, *"0123456789.,:;!?|-€$%'", *(f"▁{word}" for word in words)]
    pieces = list(dict.fromkeys(pieces))
    tokens = tokenizer((piece, -4.0 - 4.0 * (len(piece) == 1)) for piece in pieces)
    tokens.save(str(folder / TOKENIZER), pretty=False)
    config = BertConfig(
        vocab_size=len(pieces), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=48,
        max_position_embeddings=128, pad_token_id=1, initializer_range=0.4,
    )  # fmt: skip
    encoder = BertModel(config, add_pooling_layer=False)
    # A quiet layer: the vector is little more than the mean of the words, so that heads can learn from it.
    for parameter in encoder.encoder.parameters():
        parameter.data.mul_(0.3)
        # No two alike: the exporter keeps equal tensors once.
        parameter.data.add_(torch.randn_like(parameter) * 0.01)
    encoder.save_pretrained(folder)
    export(encoder, folder / GRAPH)
    _heads(folder, tokens).save(folder / HEADS)
    described = Description(
        name="tiny",
        version="1",
        window=64,
        prefix=PREFIX,
        thresholds=Bands(auto=0.9, review=0.2),
        files={name: digest(folder / name) for name in (GRAPH, TOKENIZER, HEADS, WEIGHTS, CONFIG)},
    )
    write_description(folder, described)


def _heads(folder: Path, tokens: Tokenizer) -> LinearHeads:
    """Heads fitted on the vectors of both back ends: so small a network loses much in 8 bits."""
    claims, others = (
        [tokens.encode(PREFIX + text).ids for text in texts] for texts in ([t for t, _ in CLAIMS], OTHERS)
    )
    networks: tuple[Network, ...] = (OnnxNetwork(folder / GRAPH), TorchEncoder(folder))
    rows = np.stack([_vector(network, ids) for network in networks for ids in (*claims, *others)])
    truth = np.array([1.0] * len(CLAIMS) + [0.0] * len(OTHERS))
    dispute, bias = fit_binary(rows, np.tile(truth, 2), np.ones(len(rows)), penalty=PENALTY)
    target = np.eye(len(REASONS))[[REASONS.index(reason) for _, reason in CLAIMS]]
    disputed = rows[np.tile(truth, 2) == 1]
    reason, reason_bias = fit_reasons(disputed, np.tile(target, (2, 1)), np.ones(len(disputed)), penalty=PENALTY)
    return LinearHeads(dispute=dispute, dispute_bias=bias, reason=reason, reason_bias=reason_bias)


def _vector(network: Network, ids: list[int]) -> Floats:
    text = np.array([ids], np.int64)
    return np.asarray(network.run(text, np.ones_like(text))[0])


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    build(parser.parse_args().folder)


if __name__ == "__main__":
    main()
