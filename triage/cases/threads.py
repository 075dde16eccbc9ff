"""Which case does this mail belong to?

Ids that only our correspondents can know (Message-IDs of the thread, of our letters) join a mail to its case. A
reference that somebody typed into a subject is a claim: it joins only where the sender has written in that case
before, and is otherwise a matter for a person.
"""

import re
from dataclasses import dataclass

from triage.cases.known import Known, KnownCase
from triage.cases.lifecycle import is_reference
from triage.mail.message import Message

_REFERENCE = re.compile(r"\bDSP-\d{4}-\d{6,9}-\d\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Belonging:
    """Where a mail belongs, or why that is not sure."""

    case: KnownCase | None = None
    why: str = ""
    #: True when a person must say whether it belongs there
    doubtful: bool = False


def references_in(text: str) -> tuple[str, ...]:
    """Our references in a text, in upper case, those with a wrong check digit left out."""
    found = (match.group().upper() for match in _REFERENCE.finditer(text))
    return tuple(dict.fromkeys(reference for reference in found if is_reference(reference)))


def belonging(message: Message, known: Known, *, disputes: bool) -> Belonging:
    """The case that this mail joins, by the strongest sign that is there.

    An answer that was read first has opened the case that a mail which `disputes` would have opened.
    """
    if known.thread is not None:
        return Belonging(case=known.thread, why=f"it answers a mail of {known.thread.reference}")
    if known.answered_in is not None and disputes:
        return Belonging(case=known.answered_in, why=f"a mail of {known.answered_in.reference} answers it")
    named = known.by_reference
    if named is not None and message.sender.address in named.participants:
        return Belonging(case=named, why=f"its subject names {named.reference}, and its sender has written there")
    if named is not None:
        return Belonging(doubtful=True, why=f"it names {named.reference}, but its sender has never written there")
    if known.same_claim is not None:
        return Belonging(
            case=known.same_claim, why=f"the same customer contests the same invoice in {known.same_claim.reference}"
        )
    return Belonging()
