"""What becomes of personal data past its time, value by value and column by column.

`CHANGES` says of every column that holds personal data what becomes of it. A person becomes the same pseudonym each
time, by a key that lies outside of the database, so that counts of persons stay true and no name comes back. A
Message-ID becomes its hash, without a key: the books must know a mail again that comes once more, or is answered.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlmodel import SQLModel

from triage.store.tables import (
    Alarm,
    Case,
    CaseInvoice,
    Correction,
    Event,
    Mail,
    MailReference,
    OutgoingLetter,
    Participant,
    Record,
)

#: in the place of words that were deleted, where it matters that there were some
DELETED = "(deleted: past its time)"
#: RFC 2606 section 2: no mail ever reaches a pseudonym
_NOBODY = "@pseudonym.invalid"
_HASHED = "sha256:"
#: what the reasons of the books begin with where they tell of no person
_HARMLESS = ("bounce", "auto_reply", "auto_other", "mdn", "feedback", "loop", "list", "no dispute")


def hashed_id(message_id: str) -> str:
    """A Message-ID as the books know it after its time.

    >>> hashed_id("<1@example.org>")[:15]
    'sha256:c0723f33'
    """
    if message_id.startswith(_HASHED):
        return message_id
    return _HASHED + hashlib.sha256(message_id.encode("utf-8", "surrogatepass")).hexdigest()


class Pseudonyms:
    """The same for the same person or number, and by nobody without the key to be traced back."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def person(self, address: str) -> str:
        """An address that reaches nobody; "" and pseudonyms stay."""
        if not address or address.endswith(_NOBODY):
            return address
        return self._of("person", address.lower()) + _NOBODY

    def number(self, number: str) -> str:
        """An invoice number; pseudonyms stay."""
        return number if not number or number.startswith("pseudonym-") else f"pseudonym-{self._of('number', number)}"

    @property
    def mark(self) -> str:
        """What tells this key from another."""
        return self._of("key", "")

    def _of(self, kind: str, text: str) -> str:
        message = f"{kind}\0{text}".encode("utf-8", "surrogatepass")
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()[:20]


# what becomes of a value

Change = Callable[[Any, Pseudonyms], Any]


def _emptied(value: Any, _: Pseudonyms) -> Any:
    return None if value is None else type(value)()


def _nothing(_: Any, __: Pseudonyms) -> None:
    return None


def _covered(value: str, _: Pseudonyms) -> str:
    return DELETED if value else ""


def _reason(value: str, names: Pseudonyms) -> str:
    head = value.partition(":")[0]
    return head if head in _HARMLESS else _covered(value, names)


def _person(value: str | None, names: Pseudonyms) -> str | None:
    return names.person(value) if value else value


def _subject(value: str, names: Pseudonyms) -> str:
    return names.person(value) if "@" in value else value


def _hashed(value: str | None, _: Pseudonyms) -> str | None:
    return hashed_id(value) if value else value


def _number(value: str, names: Pseudonyms) -> str:
    return names.number(value)


def _numbers(value: Sequence[str], names: Pseudonyms) -> list[str]:
    return [names.number(each) for each in value]


def _numbers_in_json(value: str, names: Pseudonyms) -> str:
    return json.dumps(_numbers(json.loads(value), names))


#: what stays of a decision record: counts, kinds, sums, verdicts, versions; a key that is not named here goes
_KEPT: Mapping[str, Any] = {
    "automatic": {"suppress": True, "label": True, "dsn": True, "hard": True},
    "language": True,
    "dispute": {"probability": True, "band": True, "reason": True, "reasons": True, "model": True,
                "disputed_amount": True},
    "findings": {"kind": True, "currency": True, "role": True, "where": True, "ocr": True},
    "attachments": {"content_type": True, "size": True, "ocr": True},
    "records": {"verdict": True, "known": True, "findings": {"kind": True, "stance": True}},
    "decision": {"outcome": True, "actions": True},
    "versions": True,
}  # fmt: skip


def _record(value: Mapping[str, Any], _: Pseudonyms) -> Any:
    return _only(value, _KEPT)


def _only(value: Any, kept: Any) -> Any:
    if kept is True or value is None:
        return value
    if isinstance(value, list):
        return [_only(each, kept) for each in value]
    return {name: _only(value[name], what) for name, what in kept.items() if name in value}


#: table → column → what becomes of it past its time; a column that is not named here stays as it is
CHANGES: Mapping[type[SQLModel], Mapping[str, Change]] = {
    Mail: {
        "why": _reason,
        "message_id": _hashed,
        "sender": _person,
        "subject": _emptied,
        "invoices": _numbers_in_json,
    },
    Record: {"decided": _record},
    Correction: {"triples": _emptied},
    Case: {
        "customer": _person,
        "customer_name": _emptied,
        "subject": _emptied,
        "invoices": _numbers,
        # a case that had to be reviewed goes back there when it is reopened
        "review_why": _covered,
    },
    Participant: {"address": _person},
    MailReference: {"message_id": _hashed},
    CaseInvoice: {"invoice": _number},
    Event: {"text": _emptied, "detail": _emptied},
    OutgoingLetter: {
        "recipient": _person,
        "subject": _emptied,
        "content": _emptied,
        "context": _nothing,
        "why": _emptied,
    },
    Alarm: {"subject": _subject, "why": _covered},
}
