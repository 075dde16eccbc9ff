"""Mails that Outlook has saved as files (msg; Microsoft, MS-OXMSG) → head, text, and the names of the files within."""

import struct
from datetime import UTC, datetime, timedelta
from itertools import islice

from triage.mail import html
from triage.mail.charset import decode
from triage.mail.documents import MAX_TEXT, Unreadable
from triage.mail.documents.compound import Compound

_MAX_FILES = 100
#: bytes of a value of the head
_MAX_VALUE = 4_000
_PROPERTIES = "__properties_version1.0"
_FILE = "__attach_version1.0_#"
#: properties (MS-OXPROPS)
_SUBJECT, _BODY, _HTML, _TO = 0x0037, 0x1000, 0x1013, 0x0E04
_SENDER, _SENDER_SMTP, _SENDER_ADDRESS, _ON_BEHALF_SMTP = 0x0C1A, 0x5D01, 0x0C1F, 0x5D02
_SENT, _DELIVERED, _CODE_PAGE, _HTML_CODE_PAGE = 0x0039, 0x0E06, 0x3FFD, 0x3FDE
_LONG_NAME, _SHORT_NAME, _DISPLAY_NAME = 0x3707, 0x3704, 0x3001
#: property types (MS-OXCDATA 2.11.1)
_STRING8, _UNICODE, _BINARY = 0x001E, 0x001F, 0x0102


def read(content: bytes, _: str | None) -> tuple[str, str]:
    """Sender, recipients, day, subject, the names of its files, and its text; what lies within is not opened."""
    mail = _Mail(Compound(content))
    head = {
        "From": mail.sender(),
        "To": mail.words(_TO),
        "Date": mail.sent(),
        "Subject": mail.words(_SUBJECT),
        "Attachments": ", ".join(files := mail.files()),
    }
    lines = [f"{label}: {' '.join(value.split())}" for label, value in head.items() if value]
    note = f"not opened within it: {', '.join(files)[:500]}" if files else ""
    return "\n".join([*lines, "", mail.text()]), note


class _Mail:
    """The properties of a saved mail; each is a stream named by its number and type, or 8 bytes of a common one."""

    def __init__(self, file: Compound) -> None:
        self.file = file
        self.top = file.children()
        if _PROPERTIES not in self.top:
            raise Unreadable("not read: it is no mail")
        raw = file.read(self.top[_PROPERTIES], 16 * 1_000 + 32)
        self.fixed = {number: raw[at + 8 : at + 16] for at, number in _numbers(raw)}

    def sender(self) -> str:
        name = self.words(_SENDER)
        found = (self.words(number) for number in (_SENDER_SMTP, _SENDER_ADDRESS, _ON_BEHALF_SMTP))
        # Exchange names its own people by a path in the directory.
        address = next((each for each in found if "@" in each), "")
        return f"{name} <{address}>" if name and address and name != address else address or name

    def sent(self) -> str:
        for number in (_SENT, _DELIVERED):
            ticks = int.from_bytes(self.fixed.get(number, b""), "little") // 10
            if 0 < ticks < 2**58:
                try:
                    day = datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=ticks)
                except OverflowError:
                    continue
                return f"{day:%Y-%m-%d %H:%M} UTC"
        return ""

    def text(self) -> str:
        words = self.words(_BODY, most=4 * MAX_TEXT)
        if words.strip():
            return words.replace("\r\n", "\n")
        markup = self.words(_HTML, most=html.MAX_HTML)
        raw = self._value(self.top, _HTML, _BINARY, html.MAX_HTML)
        return html.to_text(decode(raw, self._code_page(_HTML_CODE_PAGE)) if raw else markup)[0]

    def files(self) -> list[str]:
        """The names of the files and mails within, in the order in which they were attached."""
        names = []
        for storage in islice(sorted(name for name in self.top if name.startswith(_FILE)), _MAX_FILES):
            within = self.file.children(self.top[storage])
            found = (self.words(number, within=within) for number in (_LONG_NAME, _SHORT_NAME, _DISPLAY_NAME))
            names.append(" ".join(next(filter(None, found), "without a name").split())[:200])
        return names

    def words(self, number: int, *, within: dict[str, int] | None = None, most: int = _MAX_VALUE) -> str:
        streams = self.top if within is None else within
        wide = self._value(streams, number, _UNICODE, most)
        if wide:
            return wide.decode("utf-16-le", "replace").rstrip("\0").strip()
        return decode(self._value(streams, number, _STRING8, most), self._code_page(_CODE_PAGE)).strip()

    def _value(self, streams: dict[str, int], number: int, kind: int, most: int) -> bytes:
        stream = streams.get(f"__substg1.0_{number:04X}{kind:04X}")
        return b"" if stream is None else self.file.read(stream, most)

    def _code_page(self, number: int) -> str:
        page = int.from_bytes(self.fixed.get(number, b"")[:4], "little")
        return "utf-8" if page == 65001 else f"cp{page}" if page else "cp1252"


def _numbers(raw: bytes) -> list[tuple[int, int]]:
    """Where the properties of fixed length stand behind the header of a mail (2.4), and their numbers."""
    return [(at, struct.unpack_from("<H", raw, at + 2)[0]) for at in range(32, len(raw) - 15, 16)]
