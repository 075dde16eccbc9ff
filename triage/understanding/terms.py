"""The words of a mail counted, beside the network that reads them: TF-IDF over pieces under a linear model.

A network forgives a strange word, a counter of words does not overlook one: on mails of strangers the two err on
different mails, and their sum errs on fewer (`models/dispute-e5-small/card.md` has the figures). Its scores stand
behind the network's vector in one row, so that the heads weigh both.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

from triage.understanding.network import Floats

Keys = npt.NDArray[np.int64]

#: pieces in a row that make a term
LONGEST = 2
#: keys of a pair leave this much room for its second piece
ROOM = 1 << 20
#: pieces counted of one mail
MOST_PIECES = 8192


@dataclass(frozen=True, kw_only=True, eq=False)
class Terms:
    """A linear model over weighted counts of pieces and of pairs of pieces."""

    tokenizer: Tokenizer
    #: terms that are known, as `keys_of` names them, in order
    keys: Keys
    #: how rare each is, as a logarithm
    rarity: Floats
    #: outputs × terms: for a dispute, then for each reason
    weights: Floats
    bias: Floats

    def scores(self, texts: Sequence[str]) -> Floats:
        """Texts × outputs, as log odds."""
        return np.stack([self._score(text) for text in texts])

    def _score(self, text: str) -> Floats:
        found, counts = np.unique(keys_of(self.tokenizer, text), return_counts=True)
        at = np.searchsorted(self.keys, found)
        known = (at < len(self.keys)) & (self.keys[np.minimum(at, len(self.keys) - 1)] == found)
        at, counts = at[known], counts[known]
        values = (1 + np.log(counts)) * self.rarity[at]
        length = np.sqrt((values**2).sum())
        if not length:
            return self.bias
        return np.asarray(self.weights[:, at] @ (values / length) + self.bias, np.float32)

    def save(self, path: Path) -> None:
        """Write all but the tokenizer, weights in 16 bits."""
        tensors = {"keys": self.keys, "bias": self.bias.astype(np.float32)}
        tensors |= {"rarity": self.rarity.astype(np.float16), "weights": self.weights.astype(np.float16)}
        save_file({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, path)

    @classmethod
    def load(cls, path: Path, tokenizer: Tokenizer) -> "Terms":
        """Read what `save` wrote; raises KeyError or ValueError for other content."""
        tensors = load_file(path)
        # numbers of 16 bits stay so: the few that a mail asks for become wider as it counts with them
        keys, weights, rarity, bias = (tensors[name] for name in ("keys", "weights", "rarity", "bias"))
        if keys.shape != rarity.shape or weights.shape != (len(bias), len(keys)) or not len(keys):
            raise ValueError(f"{path.name}: weights is {weights.shape}, keys {keys.shape}")
        return cls(tokenizer=tokenizer, keys=keys, rarity=rarity, weights=weights, bias=bias)


def keys_of(tokenizer: Tokenizer, text: str) -> Keys:
    """A number for each piece of a text and for each pair of neighbours, without case and accents."""
    plain = unicodedata.normalize("NFKD", text.lower())
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    # a slice before the tokenizer: what nobody counts need not be cut to pieces
    ids = np.array(tokenizer.encode(plain[: MOST_PIECES * 8], add_special_tokens=False).ids[:MOST_PIECES], np.int64)
    return np.concatenate([ids, (ids[:-1] + 1) * ROOM + ids[1:]])
