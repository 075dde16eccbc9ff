"""A mail as the rest of the house sees it, and `parse`, which makes one from any bytes.

`parse` never raises for what a sender wrote: what cannot be read is named in `Message.problems`, and limits on
depth, parts and sizes turn a MIME bomb into a `MailTooComplex`, which sets that one mail aside for a person.
What the words mean is left to the next room.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

PartLabel = Literal["own", "quoted", "signature", "disclaimer", "forwarded"]


@dataclass(frozen=True, kw_only=True)
class RawMail:
    """One mail as the IMAP server handed it over, kept before anything else happens to it."""

    #: the mailbox's name in config.toml
    mailbox: str
    folder: str
    #: RFC 3501 section 2.3.1.1: UIDs mean something only together with it
    uidvalidity: int
    uid: int
    #: INTERNALDATE, with zone; clocks start from it, never from the Date header
    arrived: datetime
    #: the bytes; the first part of them where `truncated`
    content: bytes
    #: RFC822.SIZE as the server gave it
    size: int
    #: True when the mail is over the size gate and only its beginning was fetched
    truncated: bool = False


@dataclass(frozen=True, kw_only=True)
class Address:
    """A display name and an address (RFC 5322 mailbox); the address is lower-cased, "" when unreadable."""

    name: str = ""
    address: str = ""


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A part that is not the text of the mail, with the text that could be read out of it."""

    #: as the sender named it, without folders; None when it has no name
    filename: str | None
    content_type: str
    #: decoded bytes
    size: int
    #: text read from it (PDF, docx, xlsx, csv, html, txt, an enclosed mail); "" when none
    text: str = ""
    #: why there is no text, or what was cut; "" when all is well
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A stretch of `Message.text` and what it is."""

    label: PartLabel
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Message:
    """A parsed mail. Header values are decoded text without line breaks; lists are in header order."""

    #: Message-ID with its angle brackets; "<sha256 of the bytes@no-message-id.invalid>" when there is none
    message_id: str
    subject: str = ""
    sender: Address = field(default_factory=Address)
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    #: the Date header, with its zone; None when absent or unreadable
    date: datetime | None = None
    #: every id of In-Reply-To and References, newest last, without repeats
    references: tuple[str, ...] = ()
    #: all of the plain text (from HTML where there is no better), mojibake repaired
    text: str = ""
    #: what the writer of this mail newly wrote; for a forwarded complaint the forwarded words belong to it
    reply: str = ""
    #: `text` divided without gaps into labelled parts, in order; spans are characters of `text`
    parts: tuple[Part, ...] = ()
    #: the HTML body as sent, to be sanitised before anyone looks at it; "" when there is none
    html: str = ""
    attachments: tuple[Attachment, ...] = ()
    #: header name in lower case → every value in order, unfolded and decoded
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: message/delivery-status and disposition fields, lower-cased name → value, one mapping a recipient
    report: tuple[Mapping[str, str], ...] = ()
    #: headers of a returned original (message/rfc822 or text/rfc822-headers inside a report), as `headers`
    returned: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: what could not be read and how it was coped with, in plain words
    problems: tuple[str, ...] = ()
    #: True when the words themselves are encrypted (S/MIME, PGP): a person must read it
    encrypted: bool = False

    def header(self, name: str) -> str:
        """The first value of a header, "" when absent."""
        values = self.headers.get(name.lower())
        return values[0] if values else ""
