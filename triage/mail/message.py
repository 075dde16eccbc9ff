"""A mail as the rest of the house sees it, and `parse`, which makes one from any bytes.

`parse` never raises for what a sender wrote: what cannot be read is named in `Message.problems`, and limits on
depth, parts and sizes turn a MIME bomb into a `MailTooComplex`, which sets that one mail aside for a person.
What the words mean is left to the next room.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from triage.mail import headers, html, mime
from triage.mail.accents import restore
from triage.mail.attachments import Attachment
from triage.mail.body import divide, own_words
from triage.mail.charset import clean
from triage.mail.content import MAX_TEXT, collect, fields_text, join
from triage.mail.headers import Address
from triage.mail.html import Mark
from triage.mail.lines import Part, PartLabel

__all__ = ["Address", "Attachment", "Message", "Part", "PartLabel", "RawMail", "message_from_text", "parse"]

#: enclosed mails whose words are laid under the text
_MAX_ENCLOSED = 5
_FORWARDED = "---------- Forwarded message ----------"


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
    #: why the server cannot hand over its bytes, which are empty then; "" as a rule
    withheld: str = ""


@dataclass(frozen=True, kw_only=True)
class Message:
    """A parsed mail. Header values are decoded text without line breaks; lists are in header order."""

    #: Message-ID with its angle brackets; "<sha256 of the bytes@no-message-id.invalid>" when there is none
    message_id: str
    #: accents repaired as those of `text`; `headers` has it as sent
    subject: str = ""
    sender: Address = field(default_factory=Address)
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    #: the Date header, with its zone; None when absent or unreadable
    date: datetime | None = None
    #: every id of In-Reply-To and References, newest last, without repeats
    references: tuple[str, ...] = ()
    #: all of the plain text (from HTML where there is no better), mojibake and destroyed accents repaired
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
    #: headers of the first enclosed mail: the original that a report returns, or what was forwarded; as `headers`
    returned: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: what could not be read and how it was coped with, in plain words
    problems: tuple[str, ...] = ()
    #: True when the words themselves are encrypted (S/MIME, PGP): a person must read it
    encrypted: bool = False

    def header(self, name: str) -> str:
        """The first value of a header, "" when absent."""
        values = self.headers.get(name.lower())
        return values[0] if values else ""

    def without_pictures(self) -> "Message":
        """The same, with nothing in it for OCR."""
        return replace(self, attachments=tuple(replace(each, picture=None) for each in self.attachments))


def parse(content: bytes, *, truncated: bool = False) -> Message:
    """Any bytes as a `Message`; `truncated` says that only the beginning of the mail is there.

    Raises `MailTooComplex` for a MIME bomb, and nothing else.
    """
    data = _line_ends(content)
    reader = mime.Reader()
    root = reader.read(data)
    found = collect(root, reader)
    values = fields_text(root.fields, root.charset)
    subject = restore(values.get("subject", ("",))[0])
    text, marks, rich = join(found.sections)
    text = text.removeprefix("\ufeff")
    problems = [*dict.fromkeys(reader.problems), *dict.fromkeys(found.problems)]
    if truncated:
        problems.append("only the beginning of the mail was fetched")
    text, marks = _with_enclosed(text, marks, found.enclosed)
    parts = divide(text, marks, subject=subject)
    senders = _addresses(root.fields, "from") or _addresses(root.fields, "sender")
    return Message(
        message_id=_message_id(values, content),
        subject=subject,
        sender=senders[0] if senders else Address(),
        reply_to=_addresses(root.fields, "reply-to"),
        to=_addresses(root.fields, "to"),
        cc=_addresses(root.fields, "cc"),
        date=headers.date(values["date"][0]) if "date" in values else None,
        references=_references(values),
        text=text,
        reply=own_words(text, parts, subject=subject),
        parts=parts,
        html=rich,
        attachments=tuple(found.attachments),
        headers=values,
        report=tuple(found.report),
        returned=found.returned,
        problems=tuple(problems),
        encrypted=found.encrypted,
    )


def message_from_text(
    text: str, *, subject: str = "", content_type: str = "text/plain", language: str | None = None
) -> Message:
    """A bare body as a `Message`, divided as that of a mail would be; `language` goes into Content-Language."""
    text = clean(text)
    rich, marks = "", tuple[Mark, ...]()
    if content_type == "text/html":
        rich = text
        text, marks = html.to_text(rich)
    else:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = text[:MAX_TEXT]
    parts = divide(text, marks, subject=subject)
    return Message(
        message_id=_synthetic_id(f"{subject}\n{text}".encode()),
        subject=clean(subject),
        text=text,
        reply=own_words(text, parts, subject=subject),
        parts=parts,
        html=rich,
        headers={"content-language": (language,)} if language else {},
    )


def _line_ends(data: bytes) -> bytes:
    """Old Macintosh line ends made LF; the mail is copied only then."""
    if b"\r" in data[:4096] and b"\n" not in data[:4096]:
        data = data.replace(b"\r", b"\n")
    return data.removeprefix(b"\xef\xbb\xbf")


def _addresses(fields: headers.Fields, name: str) -> tuple[Address, ...]:
    return tuple(address for raw in fields.get(name, ()) for address in headers.addresses(raw))


def _message_id(values: Mapping[str, tuple[str, ...]], data: bytes) -> str:
    for value in values.get("message-id", ()):
        for found in headers.message_ids(value):
            return found
        bare = re.sub(r"[<>\s]", "", value)
        if 0 < len(bare) < 900:
            return f"<{bare}>"
    return _synthetic_id(data)


def _synthetic_id(data: bytes) -> str:
    return f"<{hashlib.sha256(data).hexdigest()}@no-message-id.invalid>"


def _references(values: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """References first, In-Reply-To last: the newest ancestor stands at the end."""
    found = [
        *headers.message_ids(" ".join(values.get("references", ()))),
        *headers.message_ids(" ".join(values.get("in-reply-to", ()))),
    ]
    return tuple(reversed(dict.fromkeys(reversed(found))))


def _with_enclosed(text: str, marks: tuple[Mark, ...], enclosed: list[str]) -> tuple[str, tuple[Mark, ...]]:
    """Mails forwarded as attachments stand under the text, as if they had been forwarded inline."""
    for whole in enclosed[:_MAX_ENCLOSED]:
        text = f"{text.rstrip()}\n\n" if text.strip() else ""
        start = len(text)
        text = f"{text}{_FORWARDED}\n{whole}\n"
        marks = (*marks, Mark(kind="forwarded", start=start, end=len(text)))
    return text, marks
