"""A mail's bytes → the tree of its parts (RFC 2045, 2046), within bounds.

Parts are places in the one buffer that came in; nothing is copied until somebody asks for the content of a part, so a
50 MB attachment that nobody reads costs nothing. Broken structure is read as the sender most likely meant it; only
structure beyond every honest mail (depth, number of parts, size of headers) is a `MailTooComplex`.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from triage.errors import MailTooComplex
from triage.mail import headers
from triage.mail.encoded import from_uuencode

#: bounce chains and forwarded forwards nest; an honest mail stays below these
MAX_DEPTH = 24
MAX_PARTS = 5_000
#: decoded bytes of a part that is opened
MAX_OPENED = 32 * 1024 * 1024
#: RFC 2046 section 5.1.1 allows 70 characters
_MAX_BOUNDARY = 1_000

_REST_OF_DELIMITER = re.compile(rb"(--)?[ \t]*(?:\r?\n|\Z)")
#: where no boundary is declared, the first line that looks like one
_GUESSED_BOUNDARY = re.compile(rb"^--([^\s-][^\s]{5,69})[ \t]*\r?\n[Cc]ontent-", re.M)
_SPACE = re.compile(rb"\s+")
#: a mail within the mail
_ENCLOSED = frozenset({"message/rfc822", "message/global", "message/news"})
_CODINGS = frozenset({"base64", "quoted-printable", "uuencode", "x-uuencode", "x-uue"})


@dataclass(slots=True, kw_only=True)
class Entity:
    """One MIME part: its header fields, its type, and where its body lies."""

    data: bytes
    fields: headers.Fields
    #: "text/plain", lower case
    content_type: str
    parameters: dict[str, str]
    start: int
    end: int
    children: list["Entity"] = field(default_factory=list)

    @property
    def maintype(self) -> str:
        return self.content_type.partition("/")[0]

    @property
    def charset(self) -> str | None:
        return self.parameters.get("charset")

    @property
    def disposition(self) -> str:
        """RFC 2183: "inline", "attachment" or ""."""
        return headers.parameters(self._raw("content-disposition"))[0]

    @property
    def filename(self) -> str | None:
        """As the sender named it, without folders; None when it has no name."""
        given = headers.parameters(self._raw("content-disposition"))[1].get("filename") or self.parameters.get("name")
        return plain_name(given) if given else None

    @property
    def coding(self) -> str:
        raw = self._raw("content-transfer-encoding")
        name = raw.partition(b";")[0].strip(b" \t\r\n\"'").decode("ascii", "replace").lower()
        return name if name in _CODINGS else ""

    def content(self, most: int | None = None) -> bytes:
        """The body, decoded; what does not decode is taken as it stands. With `most`, no more than so many bytes."""
        # No coding needs more than three characters a byte, and line breaks.
        end = self.end if most is None else min(self.end, self.start + 4 * most)
        return self._decoded(self.start, end)[:most]

    def _decoded(self, start: int, end: int) -> bytes:
        coding = self.coding
        if coding == "base64":
            return _base64_body(memoryview(self.data)[start:end])
        raw = self.data[start:end]
        if coding == "quoted-printable":
            return binascii.a2b_qp(raw)
        return from_uuencode(raw) if coding else raw

    @property
    def is_huge(self) -> bool:
        """Too large to be unwrapped or opened: no honest document or enclosed mail is."""
        return self.end - self.start > MAX_OPENED * 3 // 2

    def size(self) -> int:
        """Bytes of the decoded body; estimated to a few bytes without decoding where it is base64."""
        length = self.end - self.start
        if self.coding == "base64":
            breaks = self.data.count(b"\n", self.start, self.end) + self.data.count(b"\r", self.start, self.end)
            return max(0, (length - breaks) * 3 // 4 - self.data.count(b"=", max(self.start, self.end - 6), self.end))
        return len(self.content()) if self.coding else length

    def walk(self) -> Iterator["Entity"]:
        """This part and all below it, in order."""
        yield self
        for child in self.children:
            yield from child.walk()

    def _raw(self, name: str) -> bytes:
        values = self.fields.get(name)
        return values[0] if values else b""


def plain_name(name: str) -> str | None:
    """A file name without folders or control characters; None when nothing is left."""
    last = re.split(r"[/\\]", name)[-1] or name
    return "".join(c for c in last if c.isprintable()).strip() or None


class Reader:
    """Reads one mail, enclosed mails included, and counts what it reads."""

    def __init__(self) -> None:
        self.parts = 0
        self.problems: list[str] = []

    def read(
        self, data: bytes, start: int = 0, end: int | None = None, *, default: str = "text/plain", depth: int = 0
    ) -> Entity:
        """The part that begins with a header block at `start`."""
        self.parts += 1
        if self.parts > MAX_PARTS:
            raise MailTooComplex(f"more than {MAX_PARTS} parts")
        if depth > MAX_DEPTH:
            raise MailTooComplex(f"parts nested more than {MAX_DEPTH} deep")
        end = len(data) if end is None else end
        fields, body = headers.read_fields(data, start, end)
        content_type, parameters = _content_type(fields, default)
        entity = Entity(data=data, fields=fields, content_type=content_type, parameters=parameters, start=body, end=end)
        if entity.maintype == "multipart":
            self._read_multipart(entity, depth)
        elif content_type in _ENCLOSED or _is_mail_file(entity):
            self._read_enclosed(entity, depth)
        return entity

    def _read_enclosed(self, entity: Entity, depth: int) -> None:
        data, start, end = entity.data, entity.start, entity.end
        if entity.coding:
            if entity.is_huge:
                return
            # RFC 2046 section 5.2.1 forbids encoding an enclosed mail; Exchange and web mailers do it.
            data = entity.content()
            start, end = 0, len(data)
        if data[start:end].strip():
            entity.children = [self.read(data, start, end, depth=depth + 1)]

    def _read_multipart(self, entity: Entity, depth: int) -> None:
        boundary = entity.parameters.get("boundary", "").encode("utf-8", "surrogateescape")
        places = _between(entity, boundary) if 0 < len(boundary) <= _MAX_BOUNDARY else []
        if not places:
            guess = _GUESSED_BOUNDARY.search(entity.data, entity.start, entity.end)
            places = _between(entity, guess[1]) if guess else []
            self.problems.append("the multipart boundary is missing or wrong")
        if not places:
            entity.content_type = "text/plain"
            return
        default = "message/rfc822" if entity.content_type == "multipart/digest" else "text/plain"
        for start, end in places:
            entity.children.append(self.read(entity.data, start, end, default=default, depth=depth + 1))


def _is_mail_file(entity: Entity) -> bool:
    """Programs that know no message/rfc822 attach a mail as a file of no type."""
    return entity.content_type == "application/octet-stream" and (entity.filename or "").lower().endswith(".eml")


def _between(entity: Entity, boundary: bytes) -> list[tuple[int, int]]:
    """Where the parts between the delimiter lines lie (RFC 2046 section 5.1.1); a missing last line is forgiven."""
    data, delimiter = entity.data, b"--" + boundary
    places: list[tuple[int, int]] = []
    opened: int | None = None
    position = data.find(delimiter, entity.start, entity.end)
    while position >= 0:
        after = position + len(delimiter)
        rest = _REST_OF_DELIMITER.match(data, after, entity.end)
        if rest and (position == entity.start or data[position - 1] == 0x0A):
            if opened is not None:
                places.append((opened, max(opened, _before_line_break(data, position))))
                if len(places) > MAX_PARTS:
                    raise MailTooComplex(f"more than {MAX_PARTS} parts")
            opened = None if rest[1] else rest.end()
            if rest[1]:
                break
            after = rest.end()
        position = data.find(delimiter, after, entity.end)
    if opened is not None and opened < entity.end:
        places.append((opened, entity.end))
    return places


def _before_line_break(data: bytes, position: int) -> int:
    """The line break before a delimiter belongs to the delimiter."""
    position -= 1
    return position - 1 if position > 0 and data[position - 1] == 0x0D else position


_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")


def _content_type(fields: headers.Fields, default: str) -> tuple[str, dict[str, str]]:
    raw = fields.get("content-type")
    if not raw:
        return default, {}
    value, parameters = headers.parameters(raw[0])
    value = value.replace(" ", "")
    if _TYPE.fullmatch(value):
        return value, parameters
    found = _TYPE.search(value)
    if found:
        return found[0], parameters
    # "text", "plain", "multipart": RFC 2045 section 5.2 says text/plain; a boundary says more.
    return ("multipart/mixed" if "boundary" in parameters else "text/plain"), parameters


_PLAIN_WORDS = re.compile(rb"[A-Za-z]+ [A-Za-z]+ [A-Za-z]+ ")


def _base64_body(raw: memoryview) -> bytes:
    beginning = bytes(raw[:2_000])
    if _PLAIN_WORDS.search(beginning) and _PLAIN_WORDS.match(beginning.lstrip()[:200]):
        return bytes(raw)
    return headers.from_base64(raw)
