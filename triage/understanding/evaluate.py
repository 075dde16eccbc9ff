"""How good is a classifier? Precision and recall by band, language and reason, calibration, and what it confuses.

Works on verdicts that were already given, so that the same report serves a file of labelled mails, a training fold and
a version that was learned on site.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from triage.errors import OperatorError
from triage.understanding.calibration import Bin, bins, calibration_error
from triage.understanding.classify import Classifier, Thresholds, Words
from triage.understanding.findings import LANGUAGES, REASONS, Band, Verdict
from triage.understanding.heads import NONE
from triage.understanding.network import Flags, Floats

BANDS: tuple[Band, ...] = ("auto", "review", "none")
#: label of a dispute whose reason nobody has said
DISPUTE = "dispute"
#: 95 % of a normal distribution lie within so many deviations
_NORMAL = 1.96


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """A mail and what a person said of it."""

    words: Words
    #: one of `REASONS`, "dispute" where the reason is not known, or "none"
    label: str
    #: other reasons that are defensible
    also: tuple[str, ...] = ()
    #: what people call it: a file's name, a case's reference
    id: str = ""

    @property
    def is_dispute(self) -> bool:
        """Whether the mail disputes a bill."""
        return self.label != NONE


@dataclass(frozen=True, kw_only=True)
class Slice:
    """The figures of some of the mails; None where nothing can be said."""

    count: int
    disputes: int
    #: share of the auto band that are disputes
    precision: float | None
    #: share of the disputes in the auto band
    recall: float | None
    #: share of the disputes in the auto or the review band
    reached: float | None
    #: probability that a dispute gets a higher score than another mail
    auc: float | None
    #: between which limits precision and recall lie, with 95 % certainty (Wilson 1927): few mails say little
    precision_between: tuple[float, float] | None = None
    recall_between: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class ReasonFigures:
    """How well one reason is told from the others, over the disputes."""

    count: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A mail in the wrong band: another mail that would be acknowledged unasked, or a dispute that nobody would see."""

    id: str
    label: str
    #: the reason that was given
    given: str
    probability: float


@dataclass(frozen=True, kw_only=True)
class Report:
    """All figures of one evaluation."""

    model: str
    thresholds: Thresholds
    overall: Slice
    #: band → (disputes, other mails) in it
    bands: Mapping[Band, tuple[int, int]]
    languages: Mapping[str, Slice]
    reasons: Mapping[str, ReasonFigures]
    #: mean F1 of the reasons that occur
    macro_f1: float | None
    #: true label → label given → mails
    confusion: Mapping[str, Mapping[str, int]]
    #: expected calibration error
    ece: float
    reliability: tuple[Bin, ...]
    #: the worst first
    mistakes: tuple[Mistake, ...] = ()


def evaluate(classifier: Classifier, mails: Sequence[Labelled], thresholds: Thresholds | None = None) -> Report:
    """Score labelled mails and report; the classifier's own thresholds unless others are given."""
    verdicts = classifier.score([mail.words for mail in mails])
    return report(mails, verdicts, model=classifier.name, thresholds=thresholds or classifier.thresholds)


def report(mails: Sequence[Labelled], verdicts: Sequence[Verdict], *, model: str, thresholds: Thresholds) -> Report:
    """The report on verdicts that were given."""
    if not mails:
        raise OperatorError("there is nothing to evaluate: no labelled mails")
    probabilities = np.array([verdict.probability for verdict in verdicts], np.float64)
    disputes = np.array([mail.is_dispute for mail in mails])
    where = {language: _of(mail.words.language == language for mail in mails) for language in (*LANGUAGES, "other")}
    found_bands = [band(verdict.probability, thresholds) for verdict in verdicts]
    bands: dict[Band, tuple[int, int]] = {}
    for name in BANDS:
        inside = _of(each == name for each in found_bands)
        bands[name] = (int((inside & disputes).sum()), int((inside & ~disputes).sum()))
    reasons = _reasons(mails, verdicts)
    return Report(
        model=model,
        thresholds=thresholds,
        overall=_slice(probabilities, disputes, thresholds),
        bands=bands,
        languages={
            language: _slice(probabilities[these], disputes[these], thresholds)
            for language, these in where.items()
            if these.any()
        },
        reasons=reasons,
        macro_f1=float(np.mean([figures.f1 for figures in reasons.values()])) if reasons else None,
        confusion=_confusion(mails, verdicts, thresholds),
        ece=calibration_error(probabilities, disputes.astype(np.float64)),
        reliability=bins(probabilities, disputes.astype(np.float64)),
        mistakes=_mistakes(mails, verdicts, thresholds),
    )


def band(probability: float, thresholds: Thresholds) -> Band:
    """The band that a probability falls into."""
    if probability >= thresholds.auto:
        return "auto"
    return "review" if probability >= thresholds.review else "none"


def auc(probabilities: Floats, disputes: Flags) -> float | None:
    """Probability that a dispute gets a higher score than another mail; ties count half. None without both kinds."""
    positive, negative = probabilities[disputes], probabilities[~disputes]
    if not len(positive) or not len(negative):
        return None
    ordered = np.sort(negative)
    below, up_to = np.searchsorted(ordered, positive, "left"), np.searchsorted(ordered, positive, "right")
    return float((below + up_to).mean() / 2 / len(negative))


def _slice(probabilities: Floats, disputes: Flags, thresholds: Thresholds) -> Slice:
    auto, reached = probabilities >= thresholds.auto, probabilities >= thresholds.review
    return Slice(
        count=len(disputes),
        disputes=int(disputes.sum()),
        precision=_share(auto & disputes, auto),
        recall=_share(auto & disputes, disputes),
        reached=_share(reached & disputes, disputes),
        auc=auc(probabilities, disputes),
        precision_between=between(int((auto & disputes).sum()), int(auto.sum())),
        recall_between=between(int((auto & disputes).sum()), int(disputes.sum())),
    )


def between(hits: int, count: int) -> tuple[float, float] | None:
    """Between which limits a share lies with 95 % certainty, as a sample shows it (Wilson 1927); None without one."""
    if not count:
        return None
    share, spread = hits / count, _NORMAL**2 / count
    middle = (share + spread / 2) / (1 + spread)
    reach = math.sqrt(share * (1 - share) * spread + spread**2 / 4) / (1 + spread)
    return max(middle - reach, 0.0), min(middle + reach, 1.0)


def _reasons(mails: Sequence[Labelled], verdicts: Sequence[Verdict]) -> dict[str, ReasonFigures]:
    """Figures of each reason that occurs, over disputes of known reason; a defensible reason counts as right."""
    pairs = [
        (mail.label, mail.label if verdict.reason in mail.also else verdict.reason)
        for mail, verdict in zip(mails, verdicts, strict=True)
        if mail.label in REASONS
    ]
    true, said, right = (
        Counter(a for a, _ in pairs),
        Counter(b for _, b in pairs),
        Counter(a for a, b in pairs if a == b),
    )
    figures = {}
    for reason in REASONS:
        if true[reason]:
            precision = right[reason] / said[reason] if said[reason] else 0.0
            recall = right[reason] / true[reason]
            f1 = 2 * precision * recall / (precision + recall) if right[reason] else 0.0
            figures[reason] = ReasonFigures(count=true[reason], precision=precision, recall=recall, f1=f1)
    return figures


def _confusion(
    mails: Sequence[Labelled], verdicts: Sequence[Verdict], thresholds: Thresholds
) -> dict[str, dict[str, int]]:
    """True label → label given; given is the reason where the mail reached the auto or review band."""
    table: dict[str, Counter[str]] = {}
    for mail, verdict in zip(mails, verdicts, strict=True):
        given = verdict.reason if verdict.probability >= thresholds.review else NONE
        table.setdefault(mail.label, Counter())[given] += 1
    return {label: dict(table[label]) for label in (*REASONS, DISPUTE, NONE) if label in table}


def _mistakes(mails: Sequence[Labelled], verdicts: Sequence[Verdict], thresholds: Thresholds) -> tuple[Mistake, ...]:
    wrong = {True: "none", False: "auto"}
    found = [
        (abs(mail.is_dispute - verdict.probability), mail, verdict)
        for mail, verdict in zip(mails, verdicts, strict=True)
        if band(verdict.probability, thresholds) == wrong[mail.is_dispute]
    ]
    found.sort(key=lambda each: -each[0])
    return tuple(
        Mistake(id=mail.id, label=mail.label, given=verdict.reason, probability=verdict.probability)
        for _, mail, verdict in found
    )


def _of(values: Iterable[bool]) -> Flags:
    return np.array(list(values), bool)


def _share(part: Flags, whole: Flags) -> float | None:
    return float(part.sum() / whole.sum()) if whole.any() else None
