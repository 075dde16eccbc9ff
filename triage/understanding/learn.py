"""A model learns from the corrections of the people who use it, and changes only if it got better.

The encoder stays as it is. Its heads (is it a dispute, and why) are fitted on the corrected mails, held close to what
they were. Each mail is judged by heads that have learned from other mails only; a new head is kept when it does better
there, by more than chance, and none of the pinned mails comes out worse. (That a corrected mail and its near copies
come out right at once is the work of `memory`.) A version is a folder beside the others:

    learned/
    ├── HISTORY           versions that were put into use, oldest first: the last is in use; no line = the shipped model
    ├── v0001/            model.toml (with `base`), heads.safetensors, scores.json
    └── v0002/
"""

import json
import math
import os
import re
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from triage.errors import ModelError, NotFound, OperatorError
from triage.understanding.classify import Classifier, Transformer
from triage.understanding.evaluate import Labelled
from triage.understanding.findings import REASONS
from triage.understanding.heads import Calibration, LinearHeads, sigmoid
from triage.understanding.memory import Memory, Remembered, fingerprint
from triage.understanding.models import (
    DESCRIPTION,
    HEADS,
    Backend,
    Honest,
    check_digests,
    describe,
    digest,
    open_model,
    open_transformer,
    write_description,
)
from triage.understanding.network import Floats
from triage.understanding.regression import fit_binary, fit_reasons

HISTORY, SCORES = "HISTORY", "scores.json"
#: the name under which the model that is learned upon stands in the history
SHIPPED = "shipped"
#: parts into which the corrections are divided, each judged by heads that learned from the others
FOLDS = 4
#: with fewer corrections, or fewer of disputes or of other mails, there is nothing to judge new heads by
FEWEST, FEWEST_EACH = 24, 6
#: how hard the heads are held to what they were; on mails of writers that the model had not met, 0.5 did best from 40
#: corrections to 300, and 0.02 did harm
PENALTY = 0.5

_VERSION = re.compile(r"v\d{4,}")

#: goes through mails, and may tell somebody how far it is
Watch = Callable[[Sequence[Labelled]], Iterable[Labelled]]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The few figures by which old and new heads are compared, on mails that the new ones did not learn from."""

    count: int
    #: mean of -log of the probability given to the truth
    loss: float
    #: wrong verdicts at one half
    mistakes: int
    #: disputes whose reason is known, the same figure for their reasons, and those with another likeliest reason
    disputes: int
    reason_loss: float
    wrong_reasons: int


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What came of learning."""

    #: the name of the new version; None when nothing was kept
    version: str | None
    #: one sentence for the person who asked: what was kept, or why nothing was
    summary: str
    #: corrections that were learned from, each mail once
    corrections: int
    #: heads that got better: "verdict", "reason"
    better: tuple[str, ...] = ()
    #: None where there were too few to judge by
    before: Judged | None = None
    after: Judged | None = None
    #: pinned mails that the new heads would get wrong though those in use do not
    regressed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Version:
    """A version that was learned on site."""

    name: str
    #: ISO 8601
    created: str
    #: whether it is in use
    current: bool
    #: it belongs to another version of the shipped model: its heads fit no longer
    stale: bool
    corrections: int
    before: Judged
    after: Judged


def learn(
    site: Path,
    base: Path,
    corrections: Sequence[Labelled],
    *,
    pinned: Sequence[Labelled] = (),
    now: datetime,
    backend: Backend = "onnx",
    seed: int = 0,
    watch: Watch = iter,
) -> Learned:
    """Make a new version out of everything that was corrected, if it is better. It is not put into use: `promote`.

    `corrections` are all of them, oldest first, verdicts that were confirmed among them; `pinned` are mails that must
    not come out worse than with the heads in use. The same mail corrected twice counts as it was corrected last.
    Raises OperatorError where there is nothing to learn from, ModelError for a model that cannot learn.
    """
    corrections = _latest(corrections)
    if not corrections:
        raise OperatorError("there is nothing to learn from: no corrected or confirmed mails")
    check_digests(base, describe(base))
    model = open_transformer(base, backend=backend)
    if not isinstance(model.heads, LinearHeads):
        raise ModelError(f"model {base} cannot learn on site: it has labels of its own instead of our heads")
    count, disputes = len(corrections), sum(mail.is_dispute for mail in corrections)
    if count < FEWEST or min(disputes, count - disputes) < FEWEST_EACH:
        why = f"there are {disputes} disputes and {count - disputes} other mails; new heads can be judged from {FEWEST}"
        return Learned(version=None, summary=f"nothing changes: {why}, {FEWEST_EACH} of each", corrections=count)
    shipped = model.heads.calibrated()
    rows = _rows(model, corrections, watch)
    old, new = _judge_by_others(shipped, rows, corrections, seed)
    before, after = old.judged(), new.judged()
    better = _better(old, new)
    heads = _join(shipped, _bend(shipped, rows, corrections), better)
    in_use = _heads_in_use(site, base) or shipped
    pinned_rows = _rows(model, pinned, watch) if pinned else rows[:0]
    regressed = _regressed(in_use, heads, pinned_rows, pinned) if better else ()
    why = ""
    if not better:
        why = "on mails not learned from, new heads are no better by more than chance"
    elif regressed:
        why = f"new heads would get {len(regressed)} pinned mails wrong that come out right today"
    version = None if why else _write(site, base, heads, before, after, count, now)
    gains = " and ".join(f"{each}s" for each in better)
    return Learned(
        version=version,
        summary=f"nothing changes: {why}" if why else f"{version} has better {gains} on mails not learned from",
        corrections=count,
        better=better,
        before=before,
        after=after,
        regressed=regressed,
    )


def _rows(model: Transformer, mails: Sequence[Labelled], watch: Watch) -> Floats:
    return np.stack([model.read([mail.words])[0].row for mail in watch(mails)])


def open_version(folder: Path | None, base: Path, *, backend: Backend = "onnx") -> Classifier:
    """A version (as `current` gives it) over the model `base`; that model itself for None and for one that is stale."""
    if folder is None or is_stale(folder, base):
        return open_model(base, backend=backend)
    check_digests(folder, describe(folder))
    check_digests(base, describe(base))
    return open_transformer(folder, backend=backend, encoder=base)


def is_stale(folder: Path, base: Path) -> bool:
    """Whether a version was learned on another version of the model than `base`: its heads would be nonsense there."""
    return describe(folder).base_digest != digest(base / DESCRIPTION)


def _heads_in_use(site: Path, base: Path) -> LinearHeads | None:
    folder = current(site)
    return None if folder is None or is_stale(folder, base) else LinearHeads.load(folder / HEADS, Calibration())


def versions(site: Path, base: Path) -> list[Version]:
    """Every version that was learned on site, oldest first."""
    in_use = current(site)
    found = []
    for folder in sorted(site.glob("v*")) if site.is_dir() else []:
        if _VERSION.fullmatch(folder.name):
            try:
                facts = json.loads((folder / SCORES).read_text(encoding="utf-8"))
                version = Version(
                    name=folder.name,
                    created=str(facts["created"]),
                    current=in_use == folder,
                    stale=is_stale(folder, base),
                    corrections=int(facts["corrections"]),
                    before=Judged(**facts["before"]),
                    after=Judged(**facts["after"]),
                )
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise ModelError(f"{folder / SCORES} cannot be read: {error}") from error
            found.append(version)
    return found


def current(site: Path) -> Path | None:
    """The folder of the version in use; None where the shipped model is."""
    history = _history(site)
    if not history or history[-1] == SHIPPED:
        return None
    if not _is_version(site, history[-1]):
        raise ModelError(f"{site / HISTORY} ends with {history[-1]!r}, and there is no such version")
    return site / history[-1]


def promote(site: Path, base: Path, name: str) -> None:
    """Put a version into use; "shipped" is the model `base` itself. Raises NotFound, ModelError."""
    if name != SHIPPED:
        if not _is_version(site, name):
            raise NotFound(f"there is no version {name} in {site} (triage model list)")
        check_digests(site / name, describe(site / name))
        if is_stale(site / name, base):
            raise ModelError(f"{name} was learned on another version of {base.name}: learn again (triage model learn)")
    _write_history(site, [*_history(site), name])


def roll_back(site: Path) -> str:
    """Put what was in use before into use again; gives its name, "shipped" for the model that is learned upon."""
    history = _history(site)
    if not history:
        raise NotFound(f"nothing to roll back: no version was ever put into use ({site})")
    _write_history(site, history[:-1])
    return history[-2] if len(history) > 1 else SHIPPED


def _is_version(site: Path, name: str) -> bool:
    return bool(_VERSION.fullmatch(name)) and (site / name).is_dir()


def _latest(corrections: Sequence[Labelled]) -> list[Labelled]:
    return list({(mail.words.subject, mail.words.reply): mail for mail in corrections}.values())


class _Tally:
    """What heads said of mails, one after another."""

    def __init__(self) -> None:
        self.losses: list[float] = []
        self.reason_losses: list[float] = []
        self.mistakes = 0
        self.wrong_reasons = 0

    def add(self, heads: LinearHeads, row: Floats, mail: Labelled) -> None:
        """-log of the probability given to the truth, and what came out wrong."""
        probability = sigmoid(float(heads.logits(row[None])[0]))
        self.losses.append(-math.log(max(probability if mail.is_dispute else 1 - probability, 1e-9)))
        wrong, wrong_reason = _wrong(heads, row, mail)
        self.mistakes += wrong
        self.wrong_reasons += wrong_reason
        if mail.label in REASONS:
            reasons = heads.reasons(row)
            right = sum(reasons[reason] for reason in (mail.label, *mail.also))
            self.reason_losses.append(-math.log(max(right, 1e-9)))

    def judged(self) -> Judged:
        """The figures."""
        return Judged(
            count=len(self.losses),
            loss=float(np.mean(self.losses or [0.0])),
            mistakes=self.mistakes,
            disputes=len(self.reason_losses),
            reason_loss=float(np.mean(self.reason_losses or [0.0])),
            wrong_reasons=self.wrong_reasons,
        )


def _judge_by_others(shipped: LinearHeads, rows: Floats, mails: Sequence[Labelled], seed: int) -> tuple[_Tally, _Tally]:
    """How the shipped heads do on the mails, and how new ones do that have learned from other mails."""
    order = np.random.default_rng(seed).permutation(len(mails)).tolist()
    old, new = _Tally(), _Tally()
    for part in range(FOLDS):
        used = [at for place, at in enumerate(order) if place % FOLDS != part]
        memory = Memory([Remembered(label=mails[at].label, triples=fingerprint(mails[at].words)) for at in used])
        bent = _bend(shipped, rows[used], [mails[at] for at in used])
        for at in order[part::FOLDS]:
            # A copy of a mail that was learned from says nothing about the heads: the memory answers for it.
            if memory.label(mails[at].words) is None:
                old.add(shipped, rows[at], mails[at])
                new.add(bent, rows[at], mails[at])
    return old, new


def _better(old: _Tally, new: _Tally) -> tuple[str, ...]:
    """Which of the new heads do better: no more mistakes, and surer of the truth by more than chance."""
    found = []
    if new.mistakes <= old.mistakes and _certain(old.losses, new.losses):
        found.append("verdict")
    if new.wrong_reasons <= old.wrong_reasons and _certain(old.reason_losses, new.reason_losses):
        found.append("reason")
    return tuple(found)


def _certain(old: Sequence[float], new: Sequence[float]) -> bool:
    gain = np.subtract(old, new)
    return len(gain) > 1 and float(gain.mean()) > float(gain.std(ddof=1)) / math.sqrt(len(gain))


def _join(old: LinearHeads, new: LinearHeads, better: Sequence[str]) -> LinearHeads:
    verdict, reason = (new if head in better else old for head in ("verdict", "reason"))
    return LinearHeads(
        dispute=verdict.dispute,
        dispute_bias=verdict.dispute_bias,
        reason=reason.reason,
        reason_bias=reason.reason_bias,
    )


def _bend(old: LinearHeads, rows: Floats, mails: Sequence[Labelled]) -> LinearHeads:
    """The old heads, bent towards these mails."""
    weights = np.ones(len(mails), np.float32)
    truth = np.array([mail.is_dispute for mail in mails], np.float32)
    dispute, bias = fit_binary(rows, truth, weights, penalty=PENALTY, start=(old.dispute, old.dispute_bias))
    known = np.array([mail.label in REASONS for mail in mails])
    reason, reason_bias = old.reason, old.reason_bias
    if known.any():
        target = np.eye(len(REASONS), dtype=np.float32)[
            [REASONS.index(mail.label) for mail in mails if mail.label in REASONS]
        ]
        start = (old.reason, old.reason_bias)
        reason, reason_bias = fit_reasons(rows[known], target, weights[known], penalty=PENALTY, start=start)
    return LinearHeads(dispute=dispute, dispute_bias=bias, reason=reason, reason_bias=reason_bias)


def _wrong(heads: LinearHeads, row: Floats, mail: Labelled) -> tuple[bool, bool]:
    """Whether the verdict is wrong at one half, and whether the reason of a dispute is."""
    disputed = bool(heads.logits(row[None])[0] > 0)
    reasons = heads.reasons(row)
    likeliest = max(reasons, key=lambda reason: reasons[reason])
    return disputed is not mail.is_dispute, mail.label in REASONS and likeliest not in (mail.label, *mail.also)


def _regressed(old: LinearHeads, new: LinearHeads, rows: Floats, mails: Sequence[Labelled]) -> tuple[str, ...]:
    """The pinned mails that the old heads had right and the new ones have wrong."""
    return tuple(
        mail.id or mail.words.subject or mail.words.reply[:60]
        for mail, row in zip(mails, rows, strict=True)
        if not any(_wrong(old, row, mail)) and any(_wrong(new, row, mail))
    )


def _write(
    site: Path, base: Path, heads: LinearHeads, before: Judged, after: Judged, corrections: int, now: datetime
) -> str:
    """Write the next version's folder, whole or not at all."""
    numbers = [int(folder.name[1:]) for folder in site.glob("v*") if _VERSION.fullmatch(folder.name)]
    name = f"v{max(numbers, default=0) + 1:04}"
    folder = site / f".{name}"
    try:
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        heads.save(folder / HEADS)
        facts = {"created": now.isoformat(timespec="seconds"), "corrections": corrections}
        facts |= {"before": asdict(before), "after": asdict(after)}
        (folder / SCORES).write_text(json.dumps(facts) + "\n", encoding="utf-8")
        shipped = describe(base)
        learned = shipped.model_copy(
            update={
                "version": f"{shipped.version}+{name}",
                "base": os.path.relpath(base, site / name),
                "base_digest": digest(base / DESCRIPTION),
                "calibration": Honest(),
                "files": {HEADS: digest(folder / HEADS)},
                "scores": {},
            }
        )
        write_description(folder, learned)
        folder.rename(site / name)
    except OSError as error:
        raise OperatorError(f"{site} cannot be written to: {error.strerror}") from error
    return name


def _history(site: Path) -> list[str]:
    try:
        return (site / HISTORY).read_text(encoding="utf-8").split()
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise ModelError(f"{site / HISTORY} cannot be read: {error.strerror}") from error


def _write_history(site: Path, names: Sequence[str]) -> None:
    """Replace the history so that no reader ever sees half of it."""
    beside = site / f".{HISTORY}"
    try:
        site.mkdir(parents=True, exist_ok=True)
        beside.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
        beside.replace(site / HISTORY)
    except OSError as error:
        raise OperatorError(f"{site} cannot be written to: {error.strerror}") from error
