"""From a row of numbers to probabilities: our two linear heads, and the labels of any other model."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from safetensors.numpy import load_file, save_file

from triage.understanding.findings import REASONS
from triage.understanding.network import Floats

#: the label of a mail that disputes nothing
NONE = "none"


class Heads(Protocol):
    """Turns the rows of a network into probabilities."""

    def logits(self, rows: Floats) -> Floats:
        """Calibrated log odds of a dispute, one for each row."""
        ...

    def reasons(self, row: Floats) -> Mapping[str, float]:
        """Probability of each reason given that the row is a dispute."""
        ...

    def voices(self, tokens: Floats) -> Floats:
        """How much each token (tokens × numbers of its vector) speaks for a dispute beside the others of its text."""
        ...


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Makes raw scores honest: log odds are `scale * score + shift` (Platt), reasons are cooled by a temperature."""

    scale: float = 1.0
    shift: float = 0.0
    temperature: float = 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class LinearHeads:
    """Two linear layers over the vector of an encoder."""

    #: one weight for each number of the vector
    dispute: Floats
    dispute_bias: float
    #: reasons × numbers of the vector, in the order of `REASONS`
    reason: Floats
    reason_bias: Floats
    calibration: Calibration = Calibration()

    def logits(self, rows: Floats) -> Floats:
        """Calibrated log odds of a dispute, one for each row."""
        scores = rows @ self.dispute + self.dispute_bias
        return np.asarray(self.calibration.scale * scores + self.calibration.shift, np.float32)

    def reasons(self, row: Floats) -> Mapping[str, float]:
        """Probability of each reason given that the row is a dispute."""
        scores = (self.reason @ row + self.reason_bias) / self.calibration.temperature
        return dict(zip(REASONS, (float(share) for share in softmax(scores)), strict=True))

    def voices(self, tokens: Floats) -> Floats:
        """Each token's part of the score: a text's vector is the mean of those of its tokens."""
        return np.asarray(tokens @ self.dispute[: tokens.shape[-1]], np.float32)

    def calibrated(self) -> "LinearHeads":
        """The same heads with the calibration worked into the weights."""
        scale, cool = self.calibration.scale, self.calibration.temperature
        return LinearHeads(
            dispute=self.dispute * np.float32(scale),
            dispute_bias=self.dispute_bias * scale + self.calibration.shift,
            reason=self.reason / np.float32(cool),
            reason_bias=self.reason_bias / np.float32(cool),
        )

    def save(self, path: Path) -> None:
        """Write the weights; the calibration belongs into model.toml."""
        bias = np.array([self.dispute_bias], np.float32)
        tensors = {"dispute.weight": self.dispute, "dispute.bias": bias}
        tensors |= {"reason.weight": self.reason, "reason.bias": self.reason_bias}
        save_file({name: np.ascontiguousarray(tensor, np.float32) for name, tensor in tensors.items()}, path)

    @classmethod
    def load(cls, path: Path, calibration: Calibration) -> "LinearHeads":
        """Read what `save` wrote; raises KeyError or ValueError for other content."""
        tensors = load_file(path)
        heads = cls(
            dispute=tensors["dispute.weight"],
            dispute_bias=float(tensors["dispute.bias"][0]),
            reason=tensors["reason.weight"],
            reason_bias=tensors["reason.bias"],
            calibration=calibration,
        )
        if heads.reason.shape != (len(REASONS), len(heads.dispute)) or heads.reason_bias.shape != (len(REASONS),):
            raise ValueError(f"reason.weight is {heads.reason.shape}")
        return heads


@dataclass(frozen=True, kw_only=True)
class LabelHeads:
    """Reads the logits of a classification model whose labels are reasons, or `none`."""

    #: reason or "none" → columns of the row; several labels may stand for one reason
    columns: Mapping[str, tuple[int, ...]]
    calibration: Calibration = Calibration()

    def logits(self, rows: Floats) -> Floats:
        """Calibrated log odds of a dispute: all labels that are a reason against those that are none."""
        against = list(self.columns[NONE])
        claims = [at for label, columns in self.columns.items() if label != NONE for at in columns]
        scores = _log_sum(rows[:, claims]) - _log_sum(rows[:, against])
        return np.asarray(self.calibration.scale * scores + self.calibration.shift, np.float32)

    def reasons(self, row: Floats) -> Mapping[str, float]:
        """Probability of each reason given that the row is a dispute; 0 for a reason without a label."""
        known = [reason for reason in REASONS if reason in self.columns]
        scores = np.array([_log_sum(row[None, list(self.columns[reason])])[0] for reason in known], np.float32)
        shares = dict(zip(known, softmax(scores / self.calibration.temperature), strict=True))
        return {reason: float(shares.get(reason, 0.0)) for reason in REASONS}

    def voices(self, tokens: Floats) -> Floats:
        """Nothing: what such a model makes of single tokens is its own business."""
        return np.zeros(0, np.float32)


def sigmoid(logit: float) -> float:
    """Log odds to probability."""
    return 1 / (1 + math.exp(-max(min(logit, 40.0), -40.0)))


def log_odds(probability: float) -> float:
    """Probability to log odds; the other way of `sigmoid`."""
    bounded = min(max(probability, 1e-15), 1 - 1e-15)
    return math.log(bounded / (1 - bounded))


def softmax(scores: Floats) -> Floats:
    """Scores along the last axis as shares of one."""
    raised = np.exp(scores - scores.max(-1, keepdims=True))
    return np.asarray(raised / raised.sum(-1, keepdims=True), np.float32)


def _log_sum(rows: Floats) -> Floats:
    top = rows.max(1)
    return np.asarray(top + np.log(np.exp(rows - top[:, None]).sum(1)), np.float32)
