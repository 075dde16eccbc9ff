"""Compound files (Microsoft, MS-CFB): the small file system in which Outlook keeps a mail.

Our own, for what is read here is hostile until checked: chains that run in a circle, sectors of any size and
directories without end stop where the bytes that are there stop. Other libraries take their lengths from the file.
"""

import struct
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from triage.mail.documents import Unreadable, check_size

_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
#: entries of the directory that are read, of 128 bytes each
_MAX_ENTRIES = 10_000
#: streams below this size lie in sectors of 64 bytes, within a stream of their own (2.2)
_CUTOFF, _MINI = 4096, 64
#: the numbers from here on are no sectors (2.1)
_LAST_SECTOR = 0xFFFFFFFA
_DAMAGED = "not read: it is damaged"


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """A storage (folder) or a stream (file), 2.6.1."""

    name: str
    left: int
    right: int
    child: int
    start: int
    size: int


class Compound:
    """The storages and streams of one file; opening raises Unreadable, what is cut short is read as far as it goes."""

    def __init__(self, content: bytes) -> None:
        check_size(content)
        self._content = content
        if len(content) < 512 or not content.startswith(_MAGIC):
            raise Unreadable(_DAMAGED)
        shift, mini_shift = struct.unpack_from("<HH", content, 30)
        if shift not in (9, 12) or mini_shift != 6:
            raise Unreadable(_DAMAGED)
        self._size = 1 << shift
        self._sectors = len(content) // self._size
        directory, _, _, mini_fat = struct.unpack_from("<IIII", content, 48)
        self._fat = self._table(self._fat_sectors())
        self._mini_fat = self._table(self._chain(mini_fat, self._fat))
        self._entries = self._directory(directory)
        self._mini_stream = self._joined(self._entries[0].start, self._entries[0].size)

    def children(self, storage: int = 0) -> dict[str, int]:
        """The names in a storage, each with its number; 0 is the root."""
        found: dict[str, int] = {}
        seen: set[int] = set()
        waiting = [self._entries[storage].child]
        while waiting:
            number = waiting.pop()
            if number < len(self._entries) and number not in seen:
                seen.add(number)
                entry = self._entries[number]
                found[entry.name] = number
                waiting += [entry.left, entry.right]
        return found

    def read(self, stream: int, most: int) -> bytes:
        """The bytes of a stream, `most` of them."""
        entry = self._entries[stream]
        size = min(entry.size, most)
        if entry.size >= _CUTOFF:
            return self._joined(entry.start, size)
        places = (number * _MINI for number in self._chain(entry.start, self._mini_fat, -(-size // _MINI)))
        return b"".join(self._mini_stream[at : at + _MINI] for at in places)[:size]

    def _sector(self, number: int) -> bytes:
        return self._content[(number + 1) * self._size : (number + 2) * self._size]

    def _joined(self, start: int, size: int) -> bytes:
        most = min(-(-size // self._size), self._sectors)
        return b"".join(map(self._sector, self._chain(start, self._fat, most)))[:size]

    def _chain(self, start: int, table: "array[int]", most: int | None = None) -> Iterator[int]:
        """The sectors of a stream; never more than the table has, so that a circle ends."""
        for _ in range(len(table) if most is None else min(most, len(table))):
            if start >= min(len(table), _LAST_SECTOR):
                return
            yield start
            start = table[start]

    def _fat_sectors(self) -> Iterator[int]:
        """Where the table of sectors lies: 109 places in the header, others in a chain of sectors (2.5)."""
        left = self._sectors
        places: Sequence[int] = struct.unpack_from("<109I", self._content, 76)
        (following,) = struct.unpack_from("<I", self._content, 68)
        while left > 0:
            for number in places:
                if number < self._sectors and left > 0:
                    left -= 1
                    yield number
            if following >= self._sectors:
                return
            left -= 1
            *places, following = _numbers(self._sector(following))

    def _table(self, sectors: Iterator[int]) -> "array[int]":
        table = array("I")
        for number in sectors:
            table.extend(_numbers(self._sector(number)))
            if len(table) > self._sectors * (self._size // _MINI):
                break
        return table

    def _directory(self, start: int) -> list[_Entry]:
        raw = self._joined(start, _MAX_ENTRIES * 128)
        entries = [_entry(raw[at : at + 128]) for at in range(0, len(raw) - 127, 128)]
        if not entries:
            raise Unreadable(_DAMAGED)
        return entries


def _numbers(sector: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(sector) // 4}I", sector[: len(sector) // 4 * 4])


def _entry(raw: bytes) -> _Entry:
    (length,) = struct.unpack_from("<H", raw, 64)
    left, right, child = struct.unpack_from("<III", raw, 68)
    start, size = struct.unpack_from("<II", raw, 116)
    name = raw[: max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
    return _Entry(name=name, left=left, right=right, child=child, start=start, size=size)
