"""A model learns from the corrections of the people who use it, and changes only if it got better.

The encoder stays as it is. Its heads are fitted on the corrected mails, held close to what they were; what the
mails look like goes into a memory, so that they and their near copies come out right at once. A version is a folder
beside the others:

    models/site/
    ├── CURRENT           name of the version in use; absent = the shipped model
    ├── HISTORY           versions that were promoted, oldest first
    ├── v0001/            model.toml (with `base`), heads.safetensors, memory.json, scores.json
    └── v0002/
"""

import json
import math
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from triage.errors import ModelError, NotFound, OperatorError
from triage.understanding.classify import Transformer
from triage.understanding.evaluate import Labelled
from triage.understanding.findings import REASONS
from triage.understanding.heads import LinearHeads, sigmoid
from triage.understanding.memory import Memory, Remembered, fingerprint
from triage.understanding.models import (
    DESCRIPTION,
    HEADS,
    MEMORY,
    Backend,
    Honest,
    check_digests,
    describe,
    digest,
    open_transformer,
    write_description,
)
from triage.understanding.network import Floats
from triage.understanding.regression import fit_binary, fit_reasons

CURRENT, HISTORY, SCORES = "CURRENT", "HISTORY", "scores.json"
#: share of the corrections that is kept back to judge by
HELD_OUT = 0.25
#: fewer corrections than this go into the memory only: there is nothing to judge new heads by
FEWEST = 24
#: how hard the heads are held to what they were
PENALTY = 0.02

_VERSION = re.compile(r"v\d{4,}")


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The few figures by which an old and a new version are compared, on mails that neither learned from."""

    #: mean of -log of the probability given to the truth
    loss: float
    #: wrong verdicts at one half
    mistakes: int
    count: int


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What came of learning."""

    #: the name of the new version
    version: str
    #: True when the heads changed, False when only the memory grew
    heads: bool
    before: Judged | None
    after: Judged | None
    #: pinned mails that the new heads would get wrong though the old ones did not
    regressed: tuple[str, ...]
    #: one sentence for the person who asked
    summary: str


@dataclass(frozen=True, kw_only=True)
class Version:
    """A version that was learned on site."""

    name: str
    created: str
    current: bool
    scores: Mapping[str, float]


def learn(
    site: Path,
    base: Path,
    corrections: Sequence[Labelled],
    *,
    pinned: Sequence[Labelled] = (),
    now: datetime,
    backend: Backend = "onnx",
    seed: int = 0,
) -> Learned:
    """Make a new version out of everything that was corrected, and promote it if it is better.

    `corrections` are all of them, oldest first, verdicts that were confirmed among them; `pinned` are mails that must
    not come out worse. The same mail corrected twice counts as it was corrected last.
    """
    corrections = _latest(corrections)
    if not corrections:
        raise OperatorError("there is nothing to learn from: no corrected or confirmed mails")
    check_digests(base, describe(base))
    model = open_transformer(base, backend=backend)
    if not isinstance(model.heads, LinearHeads):
        raise ModelError(f"model {base} cannot learn on site: it has labels of its own instead of our heads")
    old = model.heads.calibrated()
    new, before, after = _fit(old, _rows(model, corrections), corrections, seed)
    better = after is not None and before is not None and after.loss < before.loss and after.mistakes <= before.mistakes
    regressed = _regressed(old, new, _rows(model, pinned), pinned) if new is not None and pinned else ()
    kept = new if better and not regressed else None
    memory = Memory([Remembered(label=mail.label, triples=fingerprint(mail.words)) for mail in corrections])
    name = _write(site, base, kept or old, memory, after if kept else before, now)
    promote(site, name)
    summary = _summary(len(corrections), better=better, heads=kept is not None, before=before, regressed=regressed)
    return Learned(
        version=name, heads=kept is not None, before=before, after=after, regressed=regressed, summary=summary
    )


def _rows(model: Transformer, mails: Sequence[Labelled]) -> Floats:
    return np.stack([reading.row for reading in model.read([mail.words for mail in mails])])


def versions(site: Path) -> list[Version]:
    """Every version that was learned on site, oldest first."""
    in_use = current(site)
    found = []
    for folder in sorted(site.glob("v*")) if site.is_dir() else []:
        if _VERSION.fullmatch(folder.name):
            facts = json.loads((folder / SCORES).read_text(encoding="utf-8"))
            found.append(
                Version(
                    name=folder.name,
                    created=facts["created"],
                    current=in_use == folder,
                    scores={key: value for key, value in facts.items() if isinstance(value, float | int)},
                )
            )
    return found


def current(site: Path) -> Path | None:
    """The folder of the version in use; None where the shipped model is."""
    try:
        name = (site / CURRENT).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    if not _VERSION.fullmatch(name) or not (site / name).is_dir():
        raise ModelError(f"{site / CURRENT} names {name!r}, and there is no such version")
    return site / name


def promote(site: Path, name: str) -> None:
    """Put a version into use."""
    if not _VERSION.fullmatch(name) or not (site / name).is_dir():
        raise NotFound(f"no version {name} in {site}")
    check_digests(site / name, describe(site / name))
    _write_whole(site / HISTORY, "".join(f"{each}\n" for each in [*_history(site), name]))
    _write_whole(site / CURRENT, f"{name}\n")


def roll_back(site: Path) -> str | None:
    """Put the version before this one into use again; None when that is the shipped model."""
    history = _history(site)
    if not history:
        raise NotFound(f"nothing to roll back: the shipped model is in use ({site})")
    before = history[:-1]
    _write_whole(site / HISTORY, "".join(f"{each}\n" for each in before))
    if not before:
        (site / CURRENT).unlink(missing_ok=True)
        return None
    _write_whole(site / CURRENT, f"{before[-1]}\n")
    return before[-1]


def _latest(corrections: Sequence[Labelled]) -> list[Labelled]:
    return list({(mail.words.subject, mail.words.reply): mail for mail in corrections}.values())


def _fit(
    old: LinearHeads, rows: Floats, mails: Sequence[Labelled], seed: int
) -> tuple[LinearHeads | None, Judged | None, Judged | None]:
    """New heads on all mails, and how old ones and new ones do on mails kept back; None where there are too few."""
    order = np.random.default_rng(seed).permutation(len(mails)).tolist()
    kept_back, used = order[: int(len(mails) * HELD_OUT)], order[int(len(mails) * HELD_OUT) :]
    memory = Memory([Remembered(label=mails[at].label, triples=fingerprint(mails[at].words)) for at in used])
    # A copy of a mail that was learned from says nothing about the heads: the memory answers for it.
    judges = [at for at in kept_back if memory.label(mails[at].words) is None]
    if len(mails) < FEWEST or not judges:
        return None, None, None
    trial = _bend(old, rows[used], [mails[at] for at in used])
    judging = [mails[at] for at in judges]
    before, after = _judge(old, rows[judges], judging), _judge(trial, rows[judges], judging)
    return _bend(old, rows, mails), before, after


def _bend(old: LinearHeads, rows: Floats, mails: Sequence[Labelled]) -> LinearHeads:
    """The old heads, bent towards these mails."""
    weights = np.ones(len(mails), np.float32)
    truth = np.array([mail.is_dispute for mail in mails], np.float32)
    dispute, bias = fit_binary(rows, truth, weights, penalty=PENALTY, start=(old.dispute, old.dispute_bias))
    known = np.array([mail.is_dispute for mail in mails])
    reason, reason_bias = old.reason, old.reason_bias
    if known.any():
        target = np.eye(len(REASONS), dtype=np.float32)[
            [REASONS.index(mail.label) for mail in mails if mail.is_dispute]
        ]
        start = (old.reason, old.reason_bias)
        reason, reason_bias = fit_reasons(rows[known], target, weights[known], penalty=PENALTY, start=start)
    return LinearHeads(dispute=dispute, dispute_bias=bias, reason=reason, reason_bias=reason_bias)


def _judge(heads: LinearHeads, rows: Floats, mails: Sequence[Labelled]) -> Judged:
    losses, mistakes = [], 0
    for logit, row, mail in zip(heads.logits(rows), rows, mails, strict=True):
        probability = sigmoid(float(logit))
        right = probability if mail.is_dispute else 1 - probability
        losses.append(-math.log(max(right, 1e-9)))
        mistakes += right < 0.5
        if mail.is_dispute:
            reasons = heads.reasons(row)
            losses[-1] -= math.log(max(sum(reasons[reason] for reason in (mail.label, *mail.also)), 1e-9))
    return Judged(loss=sum(losses) / len(losses), mistakes=mistakes, count=len(mails))


def _regressed(old: LinearHeads, new: LinearHeads, rows: Floats, mails: Sequence[Labelled]) -> tuple[str, ...]:
    """Subjects of the pinned mails that the old heads had right and the new ones have wrong."""
    return tuple(
        mail.words.subject or mail.words.reply[:60]
        for mail, row in zip(mails, rows, strict=True)
        if _right(old, row, mail) and not _right(new, row, mail)
    )


def _right(heads: LinearHeads, row: Floats, mail: Labelled) -> bool:
    disputed = bool(heads.logits(row[None])[0] > 0)
    if not mail.is_dispute:
        return not disputed
    reasons = heads.reasons(row)
    return disputed and max(reasons, key=lambda reason: reasons[reason]) in (mail.label, *mail.also)


def _write(site: Path, base: Path, heads: LinearHeads, memory: Memory, scores: Judged | None, now: datetime) -> str:
    """Write the next version's folder, whole or not at all."""
    numbers = [int(folder.name[1:]) for folder in site.glob("v*") if _VERSION.fullmatch(folder.name)]
    name = f"v{max(numbers, default=0) + 1:04}"
    folder = site / f".{name}"
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    heads.save(folder / HEADS)
    memory.save(folder / MEMORY)
    facts = {"created": now.isoformat(timespec="seconds"), "corrections": len(memory.mails)}
    (folder / SCORES).write_text(json.dumps(facts | (asdict(scores) if scores else {})) + "\n", encoding="utf-8")
    shipped = describe(base)
    learned = shipped.model_copy(
        update={
            "version": f"{shipped.version}+{name}",
            "base": os.path.relpath(base, site / name),
            "base_digest": digest(base / DESCRIPTION),
            "calibration": Honest(),
            "files": {each: digest(folder / each) for each in (HEADS, MEMORY)},
            "scores": {},
        }
    )
    write_description(folder, learned)
    folder.rename(site / name)
    return name


def _history(site: Path) -> list[str]:
    try:
        return (site / HISTORY).read_text(encoding="utf-8").split()
    except FileNotFoundError:
        return []


def _write_whole(path: Path, content: str) -> None:
    """Replace a file so that no reader ever sees half of it."""
    beside = path.with_name(f".{path.name}")
    beside.write_text(content, encoding="utf-8")
    beside.replace(path)


def _summary(count: int, *, better: bool, heads: bool, before: Judged | None, regressed: Sequence[str]) -> str:
    remembered = f"{count} corrected mails and their near copies are remembered"
    if heads:
        return f"{remembered}; the new heads are better on mails kept back, and are in use"
    if before is None:
        return f"{remembered}; the heads stay, there is too little to judge new ones by (at least {FEWEST})"
    if better and regressed:
        return f"{remembered}; the heads stay, new ones would get {len(regressed)} pinned mails wrong"
    return f"{remembered}; the heads stay, new ones were no better on mails kept back"
