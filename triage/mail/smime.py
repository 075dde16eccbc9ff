"""Looks into application/pkcs7-mime (S/MIME, RFC 8551): is it signed, and what is the mail inside; or is it encrypted?

The signature is not verified: this room reads mail, and trust comes from `authentication`. A small reader of BER is
enough, because the signed mail lies in the message as one OCTET STRING, or as a row of them (RFC 5652 section 5.2).
"""

from collections.abc import Iterator

_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_SEQUENCE, _OCTETS, _OCTETS_IN_PIECES, _OBJECT_ID, _EXPLICIT = 0x30, 0x04, 0x24, 0x06, 0xA0
_MAX_DEPTH = 12


def signed_content(data: bytes) -> bytes | None:
    """The mail inside an opaque signature; None when there is none (encrypted, certificates only, damaged)."""
    try:
        outer = _one(data, 0, len(data), _SEQUENCE)
        kind, wrapped = _two(data, *outer)
        if data[kind[1] : kind[2]] != _SIGNED_DATA:
            return None
        signed = _one(data, wrapped[1], wrapped[2], _SEQUENCE)
        for tag, start, end in _elements(data, *signed):
            if tag == _SEQUENCE:
                inner = list(_elements(data, start, end))
                if len(inner) == 2 and inner[0][0] == _OBJECT_ID and inner[1][0] == _EXPLICIT:
                    return b"".join(_octets(data, inner[1][1], inner[1][2], 0))
    except (IndexError, ValueError):
        pass
    return None


def _one(data: bytes, start: int, end: int, tag: int) -> tuple[int, int]:
    found = next(_elements(data, start, end), None)
    if found is None or found[0] != tag:
        raise ValueError("not CMS")
    return found[1], found[2]


def _two(data: bytes, start: int, end: int) -> list[tuple[int, int, int]]:
    found = list(_elements(data, start, end))[:2]
    if len(found) != 2:
        raise ValueError("not CMS")
    return found


def _elements(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Tag, start and end of the content of each element in a row (X.690); indefinite lengths end at 00 00."""
    while start < end:
        tag, content, stop, after = _header(data, start, end, 0)
        if tag == 0 and content == stop:
            return
        yield tag, content, stop
        start = after


def _header(data: bytes, start: int, end: int, depth: int) -> tuple[int, int, int, int]:
    """Tag, start and end of the content, and where the next element begins."""
    if depth > _MAX_DEPTH:
        raise ValueError("nested too deep")
    tag, length, position = data[start], data[start + 1], start + 2
    if tag & 0x1F == 0x1F:
        raise ValueError("long tags are not used in CMS")
    if length == 0x80:
        inner = position
        while data[inner : inner + 2] != b"\0\0":
            inner = _header(data, inner, end, depth + 1)[3]
        return tag, position, inner, inner + 2
    if length > 0x80:
        count = length & 0x7F
        length = int.from_bytes(data[position : position + count])
        position += count
    stop = position + length
    if stop > end:
        raise ValueError("cut short")
    return tag, position, stop, stop


def _octets(data: bytes, start: int, end: int, depth: int) -> Iterator[bytes]:
    if depth > _MAX_DEPTH:
        raise ValueError("nested too deep")
    for tag, content, stop in _elements(data, start, end):
        if tag == _OCTETS:
            yield data[content:stop]
        elif tag == _OCTETS_IN_PIECES:
            yield from _octets(data, content, stop, depth + 1)
