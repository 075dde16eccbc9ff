"""What a report is computed from: one value a case, with what happened to it and when.

Nothing here says who the customer is or what was written. The store fills these in; `figures` reads them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Literal

from triage.records.ledger import CreditKind

#: where a case stands, as far as its history tells for any moment of the past
Standing = Literal["review", "at_work", "resolved", "closed", "voided"]
#: what led to the case: the daemon was sure, or not, or a person opened it
Origin = Literal["by itself", "review", "by a person"]

FINISHED: frozenset[Standing] = frozenset({"resolved", "closed", "voided"})
#: kinds of history lines by which a case begins, ends and begins again
LIFE = ("confirmed", "resolved", "closed", "voided", "reopened", "customer_wrote")
_ENDS: dict[str, Standing] = {"resolved": "resolved", "closed": "closed", "voided": "voided"}


@dataclass(frozen=True, kw_only=True)
class Happening:
    """A line of history that moves a case; `kind` is one of `LIFE`."""

    kind: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Step:
    """A case has moved from one standing to another."""

    at: datetime
    before: Standing
    after: Standing


@dataclass(frozen=True, kw_only=True)
class LetterFact:
    """The acknowledgement of a case."""

    state: str
    #: None until it is sent
    sent_at: datetime | None = None
    #: it came back: it does not count as made
    bounced: bool = False
    #: a person has released it, sent it again or marked it sent
    touched: bool = False


@dataclass(frozen=True, kw_only=True)
class ClockFact:
    """A promise: something that must have happened to a case by some time."""

    kind: str
    #: when it began to run, and when the next thing happens if it is not kept
    start: datetime
    due: datetime
    #: how many reminders there have been
    step: int = 0
    #: open, done or cancelled, and since when; False in `counts` where the rules took the clock out
    state: str = "open"
    done_at: datetime | None = None
    counts: bool = True

    def outcome(self, now: datetime) -> Literal["kept", "missed", "running"]:
        """Whether it was kept; one that was met late was missed."""
        if self.step or (self.done_at or now) > self.due:
            return "missed"
        return "running" if self.state == "open" else "kept"


@dataclass(frozen=True, kw_only=True)
class CreditFact:
    """A credit note or a refund in the imported ledger, on an invoice that the case names."""

    id: str
    kind: CreditKind
    amount: Decimal
    #: ISO 4217, "" where the ledger does not say
    currency: str
    issued: date


@dataclass(frozen=True, kw_only=True)
class CaseFact:
    """One case."""

    id: int
    #: when the mail that opened it reached the mail server
    opened_at: datetime
    reason: str
    #: as a person put it in the end; "" where the case is not resolved now
    resolution: str = ""
    root_cause: str = ""
    #: what the customer contests; None where the mail does not say
    amount: Decimal | None = None
    #: as `Money.currency`
    currency: str | None = None
    language: str = ""
    priority: str = "normal"
    mailbox: str = ""
    tags: tuple[str, ...] = ()
    #: None where no mail of the books opened it
    band: str | None = None
    #: a person had to say whether it is a dispute
    reviewed: bool = False
    #: oldest first
    life: tuple[Happening, ...] = ()
    letter: LetterFact | None = None
    clocks: tuple[ClockFact, ...] = ()
    credits: tuple[CreditFact, ...] = ()

    @property
    def origin(self) -> Origin:
        """What led to the case."""
        if self.reviewed:
            return "review"
        return "by itself" if self.band == "auto" else "by a person"

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Every move from one standing to another, oldest first."""
        return tuple(self._steps())

    def _steps(self) -> Iterator[Step]:
        standing: Standing = "review" if self.reviewed else "at_work"
        confirmed = not self.reviewed
        for event in self.life:
            after = standing
            if event.kind == "confirmed":
                after, confirmed = "at_work", True
            elif event.kind == "reopened":
                after = "at_work" if confirmed or standing != "voided" else "review"
            elif event.kind in _ENDS:
                after = _ENDS[event.kind]
            elif standing in ("resolved", "closed"):
                # the customer has written
                after = "at_work"
            if after != standing:
                yield Step(at=event.at, before=standing, after=after)
            standing = after

    def standing(self, at: datetime) -> Standing:
        """Where it stood at a moment; before it was opened, where it stood at first."""
        last: Standing = "review" if self.reviewed else "at_work"
        for step in self.steps:
            if step.at >= at:
                break
            last = step.after
        return last

    @cached_property
    def unfinished(self) -> tuple[tuple[datetime, datetime | None], ...]:
        """From when until when work remained; None where it does still."""
        spans, since = [], self.opened_at
        for step in self.steps:
            if step.after in FINISHED and step.before not in FINISHED:
                spans.append((since, step.at))
            elif step.before in FINISHED and step.after not in FINISHED:
                since = step.at
        still = not self.steps or self.steps[-1].after not in FINISHED
        return (*spans, (since, None)) if still else tuple(spans)

    def resolved_by(self, at: datetime) -> datetime | None:
        """When it was resolved for the last time before a moment; None where it was not resolved then."""
        if self.standing(at) not in ("resolved", "closed"):
            return None
        return next((step.at for step in reversed(self.steps) if step.at < at and step.after == "resolved"), None)

    def concerns(self, start: datetime, end: datetime) -> bool:
        """Whether it was opened, at work or moved between two moments."""
        if self.opened_at >= end:
            return False
        return self.opened_at >= start or self.standing(start) not in FINISHED or self._moved(start, end)

    def _moved(self, start: datetime, end: datetime) -> bool:
        return any(start <= step.at < end for step in self.steps)
