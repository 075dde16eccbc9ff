"""Reads winmail.dat: the envelope (TNEF, MS-OXTNEF) in which Exchange wraps attachments and rich text.

Only what a reader of mail needs: the attached files with their names, and the body where it is plain text or HTML.
Lengths are checked against the bytes that are there; what is cut short is returned as far as it goes.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from triage.mail.charset import decode

SIGNATURE = 0x223E9F78
_MAX_ATTRIBUTES = 5_000
_MAX_PROPERTIES = 5_000

#: attributes (MS-OXTNEF 2.1.3.3)
_BODY, _MESSAGE_PROPERTIES = 0x0002800C, 0x00069003
_NEW_ATTACHMENT, _TITLE, _DATA, _ATTACHMENT_PROPERTIES = 0x00069002, 0x00018010, 0x0006800F, 0x00069005
_CODEPAGE = 0x00069007
#: properties (MS-OXPROPS)
_P_BODY, _P_HTML, _P_LONG_NAME, _P_NAME, _P_DATA, _P_TYPE = 0x1000, 0x1013, 0x3707, 0x3704, 0x3701, 0x370E
#: sizes of property types of fixed length, padded to four bytes (MS-OXCDATA 2.11.1)
_FIXED = {
    0x0002: 4,
    0x0003: 4,
    0x0004: 4,
    0x0005: 8,
    0x0006: 8,
    0x0007: 8,
    0x000A: 4,
    0x000B: 4,
    0x0014: 8,
    0x0040: 8,
    0x0048: 16,
}
_STRING8, _UNICODE, _OBJECT, _BINARY = 0x001E, 0x001F, 0x000D, 0x0102
_MULTIPLE = 0x1000


@dataclass(frozen=True, kw_only=True)
class File:
    """A file that was wrapped."""

    filename: str | None
    content_type: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Unwrapped:
    """What was in the envelope."""

    text: str = ""
    html: str = ""
    files: tuple[File, ...] = ()


def unwrap(data: bytes) -> Unwrapped | None:
    """The content of a winmail.dat, None when it is not one."""
    if len(data) < 6 or struct.unpack_from("<I", data)[0] != SIGNATURE:
        return None
    text = html = ""
    charset = "cp1252"
    files: list[dict[str, bytes]] = []
    for tag, value in _attributes(data):
        if tag == _CODEPAGE and len(value) >= 4:
            charset = f"cp{struct.unpack_from('<I', value)[0]}"
        elif tag == _BODY:
            text = text or decode(value.rstrip(b"\0"), charset)
        elif tag == _MESSAGE_PROPERTIES:
            found = dict(_properties(value))
            text = text or decode(found.get(_P_BODY, b""), charset)
            html = html or decode(found.get(_P_HTML, b""), charset)
        elif tag == _NEW_ATTACHMENT:
            files.append({})
        elif files and tag == _TITLE:
            files[-1]["name"] = value.rstrip(b"\0")
        elif files and tag == _DATA:
            files[-1]["data"] = value
        elif files and tag == _ATTACHMENT_PROPERTIES:
            found = dict(_properties(value))
            for key, number in (("long", _P_LONG_NAME), ("short", _P_NAME), ("type", _P_TYPE), ("object", _P_DATA)):
                if number in found:
                    files[-1][key] = found[number]
    return Unwrapped(text=text, html=html, files=tuple(_file(parts, charset) for parts in files))


def _file(parts: dict[str, bytes], charset: str) -> File:
    name = decode(parts.get("long") or parts.get("short") or parts.get("name") or b"", charset).strip("\0 ")
    kind = decode(parts.get("type") or b"").strip("\0 ").lower()
    return File(
        filename=name or None,
        content_type=kind or "application/octet-stream",
        content=parts.get("data") or parts.get("object") or b"",
    )


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = 6
    for _ in range(_MAX_ATTRIBUTES):
        if position + 9 > len(data):
            return
        tag, length = struct.unpack_from("<II", data, position + 1)
        start = position + 9
        yield tag, data[start : start + length]
        position = start + length + 2


def _properties(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The MAPI properties of an attribute, number → value; strings as UTF-8 or in the mail's code page."""
    if len(data) < 4:
        return
    position = 4
    try:
        for _ in range(min(struct.unpack_from("<I", data)[0], _MAX_PROPERTIES)):
            kind, number = struct.unpack_from("<HH", data, position)
            position += 4
            if number >= 0x8000:
                position = _skip_name(data, position)
            count = 1
            base = kind & ~_MULTIPLE
            if kind & _MULTIPLE or base in (_STRING8, _UNICODE, _OBJECT, _BINARY):
                (count,) = struct.unpack_from("<I", data, position)
                position += 4
            value = b""
            for _ in range(min(count, _MAX_PROPERTIES)):
                value, position = _value(data, position, base)
            yield number, value
    except struct.error:
        return


def _skip_name(data: bytes, position: int) -> int:
    """A named property carries a GUID, and a number or a string."""
    (kind,) = struct.unpack_from("<I", data, position + 16)
    if kind == 0:
        return position + 24
    length = int(struct.unpack_from("<I", data, position + 20)[0])
    return position + 24 + length + (-length % 4)


def _value(data: bytes, position: int, kind: int) -> tuple[bytes, int]:
    fixed = _FIXED.get(kind)
    if fixed is not None:
        return data[position : position + fixed], position + fixed
    if kind not in (_STRING8, _UNICODE, _OBJECT, _BINARY):
        raise struct.error(f"property type {kind:#x}")
    (length,) = struct.unpack_from("<I", data, position)
    start = position + 4
    value = data[start : start + length]
    position = start + length + (-length % 4)
    if position > len(data) + 3:
        raise struct.error("cut short")
    if kind == _UNICODE:
        value = value.decode("utf-16-le", "replace").rstrip("\0").encode()
    elif kind == _STRING8:
        value = value.rstrip(b"\0")
    elif kind == _OBJECT:
        value = value[16:]  # the interface's GUID comes first
    return value, position
