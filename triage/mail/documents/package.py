"""The zip that office documents are (Open Packaging, OpenDocument), opened so that it cannot expand without end."""

import re
import zipfile
import zlib
from io import BytesIO

from triage.mail.documents import Unreadable, check_size

#: members that a document may have, and bytes that one and all together may unpack to
_MAX_MEMBERS = 10_000
_MAX_MEMBER = 24 * 1024 * 1024
_MAX_UNPACKED = 64 * 1024 * 1024
#: how members are packed; the other ways of a zip cannot be unpacked in pieces, and no office program uses them
_PACKED = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_DAMAGED = "not read: it is damaged or encrypted"


class Package:
    """The members of one document; opening and reading raise Unreadable."""

    def __init__(self, content: bytes) -> None:
        check_size(content)
        # Each member has this mark in the directory, which is read whole.
        if content.count(b"PK\x01\x02") > _MAX_MEMBERS:
            raise Unreadable("not read: it has more members than an honest document would")
        try:
            self._zip = zipfile.ZipFile(BytesIO(content))
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
            raise Unreadable(_DAMAGED) from error
        self._left = _MAX_UNPACKED

    def __contains__(self, name: str) -> bool:
        return name in self._zip.NameToInfo

    def numbered(self, pattern: str) -> list[str]:
        """The members whose name ends in a number, by it; the pattern's group is the number."""
        found = [match for name in self._zip.namelist() if (match := re.fullmatch(pattern, name))]
        return [match[0] for match in sorted(found, key=lambda match: int(match[1][:9]))]

    def read(self, name: str) -> bytes:
        """The bytes of one member."""
        most = min(_MAX_MEMBER, self._left)
        try:
            if self._zip.getinfo(name).compress_type not in _PACKED:
                raise Unreadable(_DAMAGED)
            with self._zip.open(name) as member:
                data = member.read(most + 1)
        except (KeyError, RuntimeError, OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
            raise Unreadable(_DAMAGED) from error
        if len(data) > most:
            raise Unreadable("not read: it unpacks to more than an honest document would")
        self._left -= len(data)
        return data
