"""What the store already knows that bears on one mail: the values that deciding looks at.

Filled in by the store, in the transaction that will record the decision, so that two replies racing to one case see
each other.
"""

from dataclasses import dataclass
from datetime import datetime

from triage.cases.lifecycle import State


@dataclass(frozen=True, kw_only=True)
class KnownCase:
    """A case, as far as deciding needs it."""

    id: int
    reference: str
    state: State
    #: everyone who has written in this case, in lower case
    participants: frozenset[str] = frozenset()
    #: True when an acknowledgement exists in whatever state
    acknowledged: bool = False


@dataclass(frozen=True, kw_only=True)
class KnownLetter:
    """A letter of ours that a mail speaks of."""

    id: int
    case_id: int
    message_id: str
    recipient: str


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """An earlier mail that says the same."""

    mail_id: int
    mailbox: str
    case_id: int | None
    case_reference: str | None
    arrived: datetime


@dataclass(frozen=True, kw_only=True)
class Known:
    """Everything that is known about one mail before it is decided."""

    #: an earlier mail with this Message-ID and these words: an alias, a second mailbox, renumbered UIDs
    same_message: Sighting | None = None
    #: an earlier mail of this sender with the very same words under another Message-ID
    same_words: Sighting | None = None
    #: the case that In-Reply-To, References or our sent ids lead to
    thread: KnownCase | None = None
    #: the case of a mail that answers this one and was read before it, in another mailbox
    answered_in: KnownCase | None = None
    #: the case whose reference stands in the subject: a claim, not a proof
    by_reference: KnownCase | None = None
    #: an open case of this sender about one of these invoices
    same_claim: KnownCase | None = None
    #: this mail is a copy of that letter of ours (the journal copy)
    own_letter: KnownLetter | None = None
    #: this bounce or machine answer speaks of that letter
    answered_letter: KnownLetter | None = None
    #: letters written to this sender in the last 24 hours
    letters_to_sender: int = 0
    #: mails with these words from anyone in the last 24 hours
    repeats: int = 0
    #: this sender has written before
    sender_known: bool = False
    #: an admin has stopped all letters
    stopped: bool = False
