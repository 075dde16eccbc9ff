"""What leaves the store: frozen values for the walks and the faces. Rows stay inside."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from triage.cases.followups import CaseHistory, FollowUpPlan
from triage.cases.lifecycle import State
from triage.letters.compose import AckContext, Letter
from triage.mail.message import RawMail


@dataclass(frozen=True, kw_only=True)
class KeptMail:
    """A kept mail that has not been read yet."""

    id: int
    raw: RawMail
    #: how often reading it was begun before
    attempts: int


@dataclass(frozen=True, kw_only=True)
class FolderCursor:
    """How far a folder has been read."""

    uidvalidity: int
    last_uid: int


@dataclass(frozen=True, kw_only=True)
class FolderHealth:
    """A watched folder, for `doctor` and the desk."""

    mailbox: str
    folder: str
    last_uid: int
    seen_at: datetime | None
    error: str
    error_since: datetime | None


@dataclass(frozen=True, kw_only=True)
class BookLine:
    """One line of the books, with the keys that other programs read."""

    mailbox: str
    folder: str
    uidvalidity: int
    uid: int
    message_id: str | None
    sender: str | None
    outcome: str | None
    why: str
    case: str | None
    opened: bool
    label: str | None
    invoices: tuple[str, ...]
    amount: str | None


@dataclass(frozen=True, kw_only=True)
class MailLine:
    """A mail as lists show it."""

    id: int
    mailbox: str
    folder: str
    uid: int
    arrived: datetime
    sender: str
    subject: str
    outcome: str | None
    why: str
    case: str | None
    probability: float | None


@dataclass(frozen=True, kw_only=True)
class CaseLine:
    """A case as the queue shows it."""

    reference: str
    state: State
    reason: str
    priority: str
    escalated: bool
    assignee: str
    customer: str
    customer_name: str
    language: str
    subject: str
    amount: str | None
    currency: str | None
    invoices: tuple[str, ...]
    review_why: str
    opened_at: datetime
    #: the next open follow-up, None when the diary holds none
    next_due: datetime | None
    next_kind: str


@dataclass(frozen=True, kw_only=True)
class EventLine:
    """One line of a case's history."""

    at: datetime
    actor: str
    kind: str
    text: str


@dataclass(frozen=True, kw_only=True)
class LetterLine:
    """A letter as lists show it."""

    id: int
    case: str
    kind: str
    state: str
    recipient: str
    subject: str
    language: str
    message_id: str
    why: str
    attempts: int
    created_at: datetime
    #: None when the next step is up to a person
    next_try: datetime | None
    sent_at: datetime | None
    #: since when it is in doubt; its creation where it never was
    doubt_since: datetime
    bounced: bool


@dataclass(frozen=True, kw_only=True)
class LetterView:
    """A letter as it goes out."""

    line: LetterLine
    content: bytes
    #: what it was composed from; None in those of the first version
    context: AckContext | None


@dataclass(frozen=True, kw_only=True)
class LettersStopped:
    """Who has stopped all letters, and when."""

    by: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class DiaryLine:
    """A follow-up as lists show it."""

    kind: str
    due: datetime
    why: str
    effect: str
    state: str
    outcome: str


@dataclass(frozen=True, kw_only=True)
class CaseView:
    """A case with everything that belongs to it."""

    line: CaseLine
    resolution: str
    root_cause: str
    tags: tuple[str, ...]
    resolved_at: datetime | None
    mails: tuple[MailLine, ...]
    letters: tuple[LetterLine, ...]
    diary: tuple[DiaryLine, ...]
    events: tuple[EventLine, ...]
    #: the decision record of the mail that opened it
    record: Mapping[str, Any] = field(default_factory=dict)
    #: when names and texts of it were last deleted, for they were past their time
    forgotten_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class DecidedMail:
    """A mail that a person has decided about."""

    mail_id: int
    #: reference of the case that it opened
    case: str
    #: a reason, or "none"
    label: str
    #: what is learned must not get it wrong
    pinned: bool


@dataclass(frozen=True, kw_only=True)
class AlarmLine:
    """Something that a person must know."""

    id: int
    kind: str
    subject: str
    why: str
    count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, kw_only=True)
class OutgoingMail:
    """A claimed letter on its way to the relay."""

    id: int
    letter: Letter
    #: second envelope recipient, whose copy proves the delivery; "" = none
    journal: str
    #: tries so far, this one counted
    tries: int
    first_try: datetime


@dataclass(frozen=True, kw_only=True)
class DueCheck:
    """A follow-up that has fallen due, with the history of its case."""

    id: int
    case_id: int
    reference: str
    plan: FollowUpPlan
    history: CaseHistory
