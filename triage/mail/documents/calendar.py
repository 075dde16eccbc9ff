"""Calendar entries (iCalendar, RFC 5545) → their words, one property a line."""

import re

from triage.mail.charset import decode
from triage.mail.documents import MAX_TEXT

_LINE = re.compile(r"^(SUMMARY|DESCRIPTION|LOCATION|COMMENT|DTSTART|ORGANIZER)[^:\n]*:(.*)$", re.M)


def read(content: bytes, charset: str | None) -> tuple[str, str]:
    """Subject, text, place, time and who invites."""
    unfolded = re.sub(r"\r?\n[ \t]", "", decode(content[: 4 * MAX_TEXT], charset))
    lines = (f"{name.title()}: {value.strip()}" for name, value in _LINE.findall(unfolded))
    return "\n".join(lines).replace("\\n", "\n").replace("\\,", ",").replace("\\;", ";"), ""
