"""What deciding may ask for. Values only: the store and the walks carry them out.

One mail leads to one `Decision`: an outcome for the books, and the actions in the order in which they happen.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from triage.cases.lifecycle import State
from triage.understanding.findings import Band

Outcome = Literal["taken", "duplicate", "ignored", "quarantined"]
Priority = Literal["low", "normal", "high", "urgent"]


@dataclass(frozen=True, kw_only=True)
class OpenCase:
    """Open a case for this mail."""

    state: State
    reason: str
    priority: Priority = "normal"
    assignee: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AddToCase:
    """This mail belongs to a case that is there."""

    case_id: int
    #: what led to it, in plain words
    why: str
    #: True when a customer wrote: a waiting or resolved case opens again
    customer_wrote: bool = True


@dataclass(frozen=True, kw_only=True)
class Acknowledge:
    """Write the one acknowledgement of the case."""

    recipient: str
    recipient_name: str
    language: str
    template: str = "acknowledgement"
    #: the tone for bereavement and the like
    delicate: bool = False
    #: why it waits for a person instead of going out; "" = it goes out
    held: str = ""


@dataclass(frozen=True, kw_only=True)
class FollowUp:
    """Put a check in the diary."""

    kind: str
    due: datetime
    why: str
    #: what happens when it falls due
    effect: str
    #: when its clock began to run
    start: datetime


@dataclass(frozen=True, kw_only=True)
class HoldForReview:
    """A person must look before anything is sent."""

    why: str


@dataclass(frozen=True, kw_only=True)
class SettleLetter:
    """A copy of our own letter came back: it was delivered."""

    letter_id: int


@dataclass(frozen=True, kw_only=True)
class RecordBounce:
    """A letter of ours came back: it does not count as made."""

    letter_id: int
    case_id: int
    recipient: str
    code: str
    #: True = for good, False = for now, None = unknown
    hard: bool | None


@dataclass(frozen=True, kw_only=True)
class CallPerson:
    """Raise an alarm. Alarms of one kind and subject are one alarm with a count."""

    kind: str
    subject: str
    why: str


Action = OpenCase | AddToCase | Acknowledge | FollowUp | HoldForReview | SettleLetter | RecordBounce | CallPerson


def name_of(action: Action) -> str:
    """The action's name as other programs read it.

    >>> name_of(HoldForReview(why=""))
    'hold_for_review'
    """
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(action).__name__).lower()


@dataclass(frozen=True, kw_only=True)
class RuleTrace:
    """What one rule said of this mail; hits and misses are both kept."""

    name: str
    hit: bool
    why: str


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What shall happen to one mail, and why."""

    outcome: Outcome
    #: the reason of the outcome, for the books
    why: str
    label: Literal["dispute", "other"]
    band: Band
    actions: tuple[Action, ...] = ()
    rules: tuple[RuleTrace, ...] = ()
    #: one sentence for a person
    summary: str = ""
    #: further facts for the record
    notes: Mapping[str, str] = field(default_factory=dict)
