"""Probabilities that mean what they say, and the thresholds that follow from what a mistake costs."""

from dataclasses import dataclass
from math import ceil, floor

import numpy as np

from triage.understanding.classify import Thresholds
from triage.understanding.heads import Calibration, softmax
from triage.understanding.network import Floats
from triage.understanding.regression import fit_binary

#: an acknowledgement to somebody who disputes nothing is worse than a dispute that waits for a person
AUTO_PRECISION = 0.985
#: share of the disputes that must at least reach a person
REVIEW_RECALL = 0.99
#: where too little was measured to go by
CAUTIOUS = Thresholds(auto=0.97, review=0.10)


@dataclass(frozen=True, kw_only=True)
class Bin:
    """Mails whose probability falls between two limits."""

    low: float
    high: float
    count: int
    #: mean probability
    said: float
    #: share that really are disputes
    true: float


def fit_calibration(scores: Floats, disputes: Floats, reason_scores: Floats, reasons: Floats) -> Calibration:
    """From raw scores of mails that were not trained on; reasons are columns of `reason_scores`, for disputes only."""
    # Targets a little inside 0 and 1 (Platt 1999): a clean sample must not make the model sure of everything.
    positive, negative = disputes.sum(), (1 - disputes).sum()
    target = np.where(disputes > 0, (positive + 1) / (positive + 2), 1 / (negative + 2))
    weight, shift = fit_binary(scores[:, None], target, np.ones(len(scores), np.float32), penalty=1e-4)
    temperatures = np.geomspace(0.25, 4.0, 61)
    right = (np.arange(len(reasons)), reasons.astype(int))
    losses = [-np.log(softmax(reason_scores / each)[right] + 1e-9).sum() for each in temperatures]
    temperature = float(temperatures[int(np.argmin(losses))]) if len(reasons) else 1.0
    return Calibration(scale=max(float(weight[0]), 0.05), shift=shift, temperature=temperature)


def choose_thresholds(probabilities: Floats, disputes: Floats) -> Thresholds:
    """The widest auto band whose precision holds, and the narrowest review band that misses little."""
    order = np.argsort(-probabilities)
    ordered, hits = probabilities[order], np.cumsum(disputes[order])
    taken = np.arange(1, len(ordered) + 1)
    # One more mistake than was seen: the next sample is no luckier than this one.
    precise = np.flatnonzero((hits / (taken + 1) >= AUTO_PRECISION) & (ordered >= 0.5))
    auto = float(ordered[precise[-1]]) if len(precise) else CAUTIOUS.auto
    enough = np.flatnonzero(hits >= REVIEW_RECALL * disputes.sum())
    review = float(ordered[enough[0]]) if disputes.sum() else CAUTIOUS.review
    review = min(max(review, 0.02), 0.5)
    # Rounded to the side of the mail that decides.
    return Thresholds(auto=ceil(min(max(auto, review), 0.995) * 1e4) / 1e4, review=floor(review * 1e4) / 1e4)


def bins(probabilities: Floats, disputes: Floats, count: int = 10) -> tuple[Bin, ...]:
    """The reliability chart in numbers; empty bins are left out."""
    edges = np.linspace(0, 1, count + 1)
    place = np.clip((probabilities * count).astype(int), 0, count - 1)
    return tuple(
        Bin(
            low=float(edges[at]),
            high=float(edges[at + 1]),
            count=int((place == at).sum()),
            said=float(probabilities[place == at].mean()),
            true=float(disputes[place == at].mean()),
        )
        for at in range(count)
        if (place == at).any()
    )


def calibration_error(probabilities: Floats, disputes: Floats) -> float:
    """Expected calibration error: how far off a stated probability is, on average over the mails."""
    found = bins(probabilities, disputes)
    total = sum(each.count for each in found)
    return sum(each.count * abs(each.said - each.true) for each in found) / total if total else 0.0
