"""Documents → their text, one file a kind; `triage.mail.attachments` knows which file is of which kind.

Every reader takes the bytes and the charset of the part, and returns text and a note of what it left out. Each is
bounded in bytes, entries and what it unpacks, and none runs, fetches or follows anything.
"""

#: bytes of one document that is read, and characters of its text
MAX_BYTES = 32 * 1024 * 1024
MAX_TEXT = 200_000


class Unreadable(Exception):
    """This document cannot be read; the message says why."""


def check_size(content: bytes, what: str = "a document") -> None:
    """Raises Unreadable where there are more bytes than a document should have."""
    if len(content) > MAX_BYTES:
        raise Unreadable(f"not read: {what} of {len(content)} bytes")
