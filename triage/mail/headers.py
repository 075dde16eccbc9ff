"""Header blocks, read with tolerance: fields, encoded words, parameters, addresses, dates, message ids.

The standard library raises on some of what arrives here (python/cpython issues 94306, 105802, 117849) and is slow on
the rest, so fields are cut and decoded by small linear readers of our own. Nothing in this module raises for what a
sender wrote, except that a header block beyond all honest size is a `MailTooComplex`.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz
from urllib.parse import unquote_to_bytes

from triage.errors import MailTooComplex
from triage.mail.charset import clean, decode, repair, without_controls

#: bytes of one header block, and fields in it; the largest honest ones are far below
MAX_BYTES = 1_000_000
MAX_FIELDS = 4_000
#: ids in References that are kept, the newest; addresses of one field
_MAX_IDS = 200
_MAX_ADDRESSES = 2_000

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:(.*(?:\n[ \t].*)*)(?:\n|\Z)")
_BLANK_LINE = re.compile(rb"\n\r?\n")
_MBOX_LINE = re.compile(rb">?From [^\n]*\n")
_FOLD = re.compile(r"\r?\n[ \t]*|\r")

Fields = dict[str, list[bytes]]


@dataclass(frozen=True, kw_only=True)
class Address:
    """A display name and an address (RFC 5322 mailbox); the address is lower-cased, "" when unreadable."""

    name: str = ""
    address: str = ""


def read_fields(data: bytes, start: int, end: int) -> tuple[Fields, int]:
    """The fields of the header block at `start`, lower-cased name → raw values, and where the body begins."""
    while True:
        junk = _MBOX_LINE.match(data, start, end)
        if junk:
            start = junk.end()
        elif data.startswith((b"\n", b"\r\n"), start, end) and _FIELD.match(data, _after_line(data, start, end), end):
            start = _after_line(data, start, end)
        else:
            break
    if data.startswith((b"\n", b"\r\n"), start, end):
        return {}, _after_line(data, start, end)
    blank = _BLANK_LINE.search(data, start, end)
    stop, body = (blank.start() + 1, blank.end()) if blank else (end, end)
    if stop - start > MAX_BYTES:
        raise MailTooComplex(f"a header block of {stop - start} bytes")
    fields: Fields = {}
    count, position = 0, start
    while position < stop:
        found = _FIELD.match(data, position, stop)
        if found is None:
            following = _after_line(data, position, stop)
            if not _junk_between_fields(data, position, following, stop):
                return fields, position
            position = following
            continue
        count += 1
        if count > MAX_FIELDS:
            raise MailTooComplex(f"more than {MAX_FIELDS} header fields")
        fields.setdefault(found[1].decode("ascii").lower(), []).append(found[2])
        position = found.end()
    return fields, body


def _after_line(data: bytes, position: int, end: int) -> int:
    newline = data.find(b"\n", position, end)
    return end if newline < 0 else newline + 1


def _junk_between_fields(data: bytes, position: int, following: int, stop: int) -> bool:
    """A line that is no field: junk when fields go on after it, else the body has begun without an empty line."""
    return data[position:following].isspace() or _FIELD.match(data, following, stop) is not None


# ---------------------------------------------------------------------------------------------------- values


def text_of(raw: bytes, *, charset: str | None = None) -> str:
    """A field's value as text: unfolded, encoded words decoded, 8-bit bytes read by `charset` or by evidence."""
    text = raw.decode("ascii") if raw.isascii() else decode(raw, charset)
    text = _FOLD.sub(" ", text).strip()
    if "=?" in text:
        text = decode_words(text)
    return text if text.isascii() and text.isprintable() else _readable(text)


def _readable(text: str) -> str:
    return clean(without_controls(repair(text)))


#: RFC 2047 section 2; spaces inside and a missing "?=" at the very end are forgiven
_WORD = re.compile(r"=\?([^?\s=]{1,60})\?([bBqQ])\?(.*?)(?:\?=|\?$|$)", re.S)


def decode_words(text: str) -> str:
    """RFC 2047 encoded words decoded; words split within a character by their sender are joined first."""
    out: list[str] = []
    pending: list[bytes] = []
    charset = ""
    last = 0
    for found in _WORD.finditer(text):
        between = text[last : found.start()]
        label = found[1].partition("*")[0].lower()
        raw = _word_bytes(found[2], found[3])
        if pending and (between.strip() or label != charset):
            out.append(decode(b"".join(pending), charset))
            pending = []
        if (not pending and (between.strip() or not out)) or between.strip():
            out.append(between)
        charset = label
        pending.append(raw)
        last = found.end()
    if pending:
        out.append(decode(b"".join(pending), charset))
    out.append(text[last:])
    return _FOLD.sub(" ", "".join(out))


def _word_bytes(encoding: str, payload: str) -> bytes:
    raw = payload.encode("utf-8", "replace")
    if encoding in "bB":
        return from_base64(raw)
    return binascii.a2b_qp(raw.replace(b"_", b" ").replace(b"\n", b""))


_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")


def from_base64(raw: bytes | memoryview) -> bytes:
    """Base64 with foreign characters skipped and padding made up (RFC 2045 section 6.8); pieces are joined."""
    try:
        return binascii.a2b_base64(raw)
    except binascii.Error:
        pass
    digits = _NOT_BASE64.sub(b"", bytes(raw))
    if len(digits) % 4 == 1:
        digits = digits[:-1]
    return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))


# ------------------------------------------------------------------------------------------------ parameters

_PARAMETER = re.compile(r';\s*([^\s=;"]+)\s*=\s*("(?:\\.|[^"\\])*"?|[^;]*)', re.S)
_QUOTED_PAIR = re.compile(r"\\(.)", re.S)
_ESCAPED = re.compile(r'\\(["\\])')
_SECTION = re.compile(r"^([^*]+)(?:\*(\d{1,4}))?(\*)?$")
_MAX_PARAMETERS = 200


def parameters(raw: bytes) -> tuple[str, dict[str, str]]:
    """A structured field's value in lower case, and its parameters (RFC 2045 section 5.1, RFC 2231)."""
    text = _FOLD.sub(" ", raw.decode("ascii") if raw.isascii() else decode(raw))
    main = text.partition(";")[0].strip().lower()
    simple: dict[str, str] = {}
    sections: dict[str, list[tuple[int, bool, str]]] = {}
    for count, found in enumerate(_PARAMETER.finditer(text, len(text.partition(";")[0]))):
        if count == _MAX_PARAMETERS:
            break
        value = found[2].strip()
        if value.startswith('"'):
            # Only quotes and backslashes are escaped: Windows paths come with bare backslashes.
            value = _ESCAPED.sub(r"\1", value[1:].removesuffix('"')) if "\\" in value else value.strip('"')
        parts = _SECTION.match(found[1].lower())
        if parts and (parts[2] or parts[3]):
            sections.setdefault(parts[1], []).append((int(parts[2] or 0), bool(parts[3]), value))
        elif value or found[1].lower() not in simple:
            simple.setdefault(found[1].lower(), value)
    for name, pieces in sections.items():
        simple[name] = _joined(sorted(pieces, key=lambda piece: piece[0]))
    return main, {name: _parameter_text(value) for name, value in simple.items()}


def _joined(pieces: list[tuple[int, bool, str]]) -> str:
    """RFC 2231 sections 3 and 4: numbered pieces, the first may say charset and language."""
    charset, out = "", bytearray()
    encoded_any = False
    for number, encoded, value in pieces:
        if encoded:
            encoded_any = True
            if number == 0 and value.count("'") >= 2:
                charset, _, value = value.split("'", 2)
            out += unquote_to_bytes(value)
        else:
            out += value.encode("utf-8", "replace")
    return decode(bytes(out), charset) if encoded_any else out.decode("utf-8", "replace")


def _parameter_text(value: str) -> str:
    # RFC 2047 forbids encoded words here; Outlook, Gmail and many others write them all the same.
    return _readable(decode_words(value) if "=?" in value else value).strip()


# ------------------------------------------------------------------------------------------------- addresses

#: bounded, because every quote that is never closed is looked for to the end
_PIECE = re.compile(
    r'"((?:\\.|[^"\\]){0,1000})"|<([^<>]*)>|\(((?:\\.|[^()\\]){0,1000})\)|([,;])|([^"<>(),;]+)|["<>()]', re.S
)
_COMMENT = re.compile(r"\((?:\\.|[^()\\]){0,1000}\)", re.S)
#: characters of an address field that are read
_MAX_ADDRESS_FIELD = 200_000


def addresses(raw: bytes) -> tuple[Address, ...]:
    """The mailboxes of an address field in order; names of groups and what cannot be read are passed over."""
    text = _FOLD.sub(" ", raw.decode("ascii") if raw.isascii() else decode(raw))[:_MAX_ADDRESS_FIELD]
    found: list[Address] = []
    for address in _mailboxes(text):
        if len(found) == _MAX_ADDRESSES:
            break
        found.append(address)
    return tuple(found)


def _mailboxes(text: str) -> Iterator[Address]:
    words: list[str] = []
    comment, route = "", ""
    for quoted, angle, remark, stop, plain in _PIECE.findall(text + ","):
        if stop:
            address = _mailbox(words, comment, route)
            if address:
                yield address
            words, comment, route = [], "", ""
        elif angle:
            route = route or angle
        elif remark:
            comment = comment or remark
        elif quoted:
            words.append(_QUOTED_PAIR.sub(r"\1", quoted))
        elif plain.startswith("@") and words:
            words[-1] = f"{words[-1].replace(' ', '')}{plain.strip()}"
        elif plain.strip():
            words.append(plain.strip())


def _mailbox(words: list[str], comment: str, route: str) -> Address | None:
    name = " ".join(words)
    if not route:
        bare = next((word for word in name.split() if "@" in word.strip("@")), None)
        if bare is None:
            name = name.rpartition(":")[2].strip()
            return Address(name=_name(name)) if name else None
        before, _, after = name.partition(bare)
        # "group:a@b": the name of a group is not part of its first member
        route = bare.rpartition(":")[2]
        name = f"{before.rpartition(':')[2]} {after}".strip() or comment
    elif ":" in name and '"' not in name and "=?" not in name:
        name = name.rpartition(":")[2].strip()
    return Address(name=_name(name or comment), address=_spec(route))


def _spec(route: str) -> str:
    """RFC 5322 addr-spec in lower case, without the obsolete source route."""
    spec = _COMMENT.sub("", route) if "(" in route else route
    spec = spec.strip()
    if spec.startswith("@") and ":" in spec:
        spec = spec.rpartition(":")[2]
    if "=?" in spec:
        spec = decode_words(spec)
    spec = "".join(spec.split()).removeprefix("mailto:").strip("'\"<>").lower()
    return clean(spec) if "@" in spec.strip("@") else ""


def _name(name: str) -> str:
    name = decode_words(name) if "=?" in name else name
    return _readable(" ".join(name.split()).strip("'\" "))


# ---------------------------------------------------------------------------------------------- dates and ids

_ID = re.compile(r"<[^<>\s]{1,990}>")
_BETWEEN_IDS = re.compile(r"[\s<>,;]+")


def message_ids(text: str) -> tuple[str, ...]:
    """Every id in a Message-ID, In-Reply-To or References value, with angle brackets, without repeats."""
    found = _ID.findall(text)
    if not found and "@" in text:
        found = [f"<{bare}>" for bare in _BETWEEN_IDS.split(text) if "@" in bare.strip("@") and len(bare) < 990]
    return tuple(dict.fromkeys(found[-_MAX_IDS:]))


def date(text: str) -> datetime | None:
    """A Date value with its zone (UTC where it names none), None when it cannot be read (RFC 5322 section 3.3)."""
    try:
        parsed = parsedate_tz(text[:200])
        if parsed is None:
            moment = datetime.fromisoformat(text.strip()[:40])
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        offset = parsed[9]
        zone = UTC if not offset else timezone(timedelta(seconds=offset))
        return datetime(*parsed[:5], min(parsed[5], 59), tzinfo=zone)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
