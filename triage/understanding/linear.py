"""A linear scorer small enough to read: which of a few labels do these features speak for?

Weights are learned offline (`models/findings_train.py`) and kept as numbers in rules/weights.toml, where one can see
what speaks for what. Features are plain words such as "label:invoice" or "word.refund<".
"""

from collections.abc import Iterable, Mapping
from math import exp, fsum
from typing import Generic, TypeVar

Label = TypeVar("Label", bound=str)


class Linear(Generic[Label]):
    """Multinomial logistic regression over named features that are present or absent."""

    def __init__(self, weights: Mapping[Label, Mapping[str, float]]) -> None:
        self.labels: tuple[Label, ...] = tuple(weights)
        features = sorted({feature for by_feature in weights.values() for feature in by_feature})
        self._rows = {feature: tuple(weights[label].get(feature, 0.0) for label in self.labels) for feature in features}
        self._bias = self._rows.get("", (0.0,) * len(self.labels))

    def probabilities(self, features: Iterable[str]) -> dict[Label, float]:
        """The probability of each label; they sum to one."""
        rows = (row for feature in features if (row := self._rows.get(feature)))
        # exact, so that the order in which a set gives its members cannot tip a scale
        sums = list(map(fsum, zip(self._bias, *rows, strict=True)))
        highest = max(sums)
        shares = [exp(total - highest) for total in sums]
        whole = sum(shares)
        return {label: share / whole for label, share in zip(self.labels, shares, strict=True)}
