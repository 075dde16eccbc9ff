"""What the numbers of a mail are, as the network sees them in their sentence: a linear head over its token vectors.

The words around a number decide whether it is billed or expected, an invoice or an order. A list of such words never
ends; the encoder has read them all. So each token's vector, of the same reading of the mail that gives the verdict, is
scored for every sense, and a number's scores are the mean over the tokens that write it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log
from pathlib import Path
from typing import Literal, TypeVar, cast

import numpy as np
from safetensors.numpy import load_file, save_file

from triage.understanding.network import Floats

Sense = Literal[
    "disputed", "billed", "expected", "paid", "refund", "other",
    "invoice", "order", "customer", "account", "date", "none",
]  # fmt: skip
#: in the order of the head's rows: the roles of amounts, the kinds of identifiers, days, and anything else
SENSES: tuple[Sense, ...] = (
    "disputed", "billed", "expected", "paid", "refund", "other",
    "invoice", "order", "customer", "account", "date", "none",
)  # fmt: skip

Text = Literal["subject", "reply"]


@dataclass(frozen=True, kw_only=True)
class Token:
    """Where a token of a window stands in its text."""

    text: Text
    start: int
    end: int


@dataclass(frozen=True, kw_only=True, eq=False)
class SenseHead:
    """One linear layer over the vector of a token."""

    #: senses × numbers of the vector
    weight: Floats
    bias: Floats

    def scores(self, tokens: Floats) -> Floats:
        """Tokens × numbers → tokens × senses."""
        return np.asarray(tokens @ self.weight.T + self.bias, np.float32)

    def save(self, path: Path) -> None:
        """Write the weights."""
        save_file({"weight": np.ascontiguousarray(self.weight), "bias": np.ascontiguousarray(self.bias)}, path)

    @classmethod
    def load(cls, path: Path) -> "SenseHead":
        """Read what `save` wrote; raises KeyError or ValueError for other content."""
        tensors = load_file(path)
        head = cls(weight=tensors["weight"], bias=tensors["bias"])
        if head.weight.ndim != 2 or len(head.weight) != len(SENSES) or head.bias.shape != (len(SENSES),):
            raise ValueError(f"{path.name}: weight is {head.weight.shape}")
        return head


@dataclass(frozen=True, kw_only=True, eq=False)
class Senses:
    """The senses of all that stands in one mail; empty for a mail that no network has read."""

    tokens: Sequence[Token] = ()
    #: tokens × senses, logarithms
    scores: Floats | None = None

    def of(self, text: Text, start: int, end: int) -> Mapping[Sense, float]:
        """Scores of the senses (higher is likelier) of the characters from `start` to `end`; empty where unread."""
        if self.scores is None:
            return {}
        held = [
            at for at, token in enumerate(self.tokens) if token.text == text and token.start < end and token.end > start
        ]
        if not held:
            return {}
        return dict(zip(SENSES, map(float, self.scores[held].mean(0)), strict=True))

    def at(self, where: str, start: int, end: int) -> Mapping[Sense, float]:
        """The same for a place as findings name it; empty for quoted text and attachments, which are not read."""
        return self.of(cast(Text, where), start, end) if where in ("subject", "reply") else {}


#: of a mail that no network has read
UNREAD = Senses()


Label = TypeVar("Label", bound=str)


def agreed(shares: dict[Label, float], sensed: Mapping[Sense, float], *, network: float) -> dict[Label, float]:
    """Two opinions as one: the log odds of the rules, and of the network (of the same labels) times what it counts."""
    if not sensed:
        return shares
    scores = cast(Mapping[str, float], sensed)
    sums = {label: log(max(share, 1e-6)) + network * scores[label] for label, share in shares.items()}
    highest = max(sums.values())
    raised = {label: exp(total - highest) for label, total in sums.items()}
    whole = sum(raised.values())
    return {label: share / whole for label, share in raised.items()}
