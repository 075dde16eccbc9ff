"""Finds the files that old programs write into the text itself: by uuencode (POSIX) or yEnc (yenc.org, draft 1.3).

Only what has the first line, the lines and the last line of a file is taken for one; all else is text. Each byte is
looked at a few times at most.
"""

import binascii
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

#: the first line of a file
BEGIN = re.compile(rb"^(?:begin(?P<base64>-base64)? [0-7]{3,4}|(?P<yenc>=ybegin)) (?P<told>[^\r\n]{1,500})\r?\n", re.M)
#: what the lines are made of; encoders write 45 bytes a line, the count allows for 63
_UU_LINE = re.compile(rb"([ -`]{0,90})\t{0,9}\r?\n")
_BASE64_LINE = re.compile(rb"([A-Za-z0-9+/=]{1,100})[ \t]{0,9}(?:\r?\n|\Z)")
_UU_END = re.compile(rb"end[ \t]{0,9}(?:\r?\n|\Z)")
#: no line of data begins so: the "y" would not have been escaped
_Y_LINE = re.compile(rb"^=y([a-z]+)([^\r\n]*)(?:\r?\n|\Z)", re.M)
_Y_FIELD = re.compile(rb"\b(size|part|p?crc32)=([0-9A-Fa-f]{1,12})\b")
_Y_SHIFTED = bytes((byte - 42) % 256 for byte in range(256))


@dataclass(frozen=True, kw_only=True)
class EncodedFile:
    """A file within a text; `start` and `end` are bytes of the text."""

    name: bytes
    start: int
    end: int
    #: None where it cannot be decoded: damaged, or one part of several
    content: bytes | None
    #: bytes of the file
    size: int


def find(data: bytes) -> Iterator[EncodedFile]:
    """The files in the bytes of a text, in order and without overlaps."""
    position = 0
    while begin := BEGIN.search(data, position):
        read = _yencoded if begin["yenc"] else _base64 if begin["base64"] else _uuencoded
        found = read(data, begin)
        position = found.end if found else begin.end()
        if found:
            yield found


def _uuencoded(data: bytes, begin: re.Match[bytes]) -> EncodedFile | None:
    """Lines, a line of no bytes, which some leave out, and `end`."""
    out, sound = bytearray(), True
    position = begin.end()
    while line := _UU_LINE.match(data, position):
        position = line.end()
        decoded = _uu_line(line[1] or b"`")
        if decoded == b"":
            break
        # one character more than the count asks for: some encoders write a checksum
        sound = sound and decoded is not None and len(line[1]) <= 2 + (len(decoded) + 2) // 3 * 4
        out += decoded or b""
    end = _UU_END.match(data, position)
    if end is None or position == begin.end():
        return None
    return _file(begin, end.end(), bytes(out) if sound else None, len(out))


def _base64(data: bytes, begin: re.Match[bytes]) -> EncodedFile | None:
    """Lines, and `====`."""
    position = begin.end()
    while line := _BASE64_LINE.match(data, position):
        position = line.end()
        if line[1] == b"====":
            raw = data[begin.end() : line.start()]
            try:
                content = binascii.a2b_base64(raw)
            except binascii.Error:
                return _file(begin, position, None, len(raw) * 3 // 4)
            return _file(begin, position, content, len(content))
    return None


def _yencoded(data: bytes, begin: re.Match[bytes]) -> EncodedFile | None:
    """Perhaps a `=ypart` line, lines of data, and `=yend` with the size and often the checksum."""
    fields, named, name = begin["told"].partition(b"name=")
    start = begin.end()
    line = _Y_LINE.match(data, start)
    if line and line[1] == b"part":
        start = line.end()
    last = _Y_LINE.search(data, start)
    if not named or not last or last[1] != b"end":
        return None
    told = {**dict(_Y_FIELD.findall(fields)), **dict(_Y_FIELD.findall(last[2]))}
    out = _unescaped(data[start : last.start()])
    whole = b"part" not in told and told.get(b"size", b"") == b"%d" % len(out)
    checksum = told.get(b"pcrc32") or told.get(b"crc32")
    sound = whole and (checksum is None or int(checksum, 16) == zlib.crc32(out))
    return _file(begin, last.end(), out if sound else None, len(out), name)


def _unescaped(lines: bytes) -> bytes:
    first, *others = lines.replace(b"\r", b"").replace(b"\n", b"").split(b"=")
    pieces = [first, *(bytes([(other[0] - 64) % 256]) + other[1:] for other in others if other)]
    return b"".join(pieces).translate(_Y_SHIFTED)


def _file(begin: re.Match[bytes], end: int, content: bytes | None, size: int, name: bytes | None = None) -> EncodedFile:
    return EncodedFile(name=(name or begin["told"]).strip(), start=begin.start(), end=end, content=content, size=size)


def from_uuencode(raw: bytes) -> bytes:
    """The lines between `begin` and `end` decoded, bad lines as far as they go."""
    lines = (line for line in raw.splitlines() if not line.startswith(b"begin ") and line not in (b"end", b"`", b""))
    return b"".join(_uu_line(line) or b"" for line in lines)


def _uu_line(line: bytes) -> bytes | None:
    """The bytes of a line, None when it is none."""
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        pass
    try:
        # Some encoders pad the line or count one byte too many.
        return binascii.a2b_uu(line[: (((line[0] - 32) & 63) * 4 + 5) // 3])
    except binascii.Error:
        return None
