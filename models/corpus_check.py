"""Checks the corpus and prints what is in it: ``python -m models.corpus_check [FOLDER]``.

Exit code 1 when a mail cannot be read or its labels do not fit its text; every mistake is one line with file and line.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from models.corpus_read import CorpusError, CorpusMail, read_file
from triage.understanding.findings import LANGUAGES, REASONS

FOLDER = Path(__file__).parent / "corpus"
ROLES = frozenset({"disputed", "billed", "expected", "paid", "refund", "other"})
HOWS = frozenset({"stated", "difference", "sum"})
#: hosts that can never belong to anybody (RFC 2606), so that no mail of ours names a real one
_HOST = re.compile(r"@([\w.-]+\w)")
_SAFE_HOST = re.compile(r"(^|\.)(example|test|invalid|localhost)$|(^|\.)example\.(com|net|org)$", re.IGNORECASE)


@cache
def kinds() -> frozenset[str]:
    """What a mail that is no dispute may be instead, as the README beside the mails lists it."""
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    return frozenset(re.findall(r"\w+", readme.partition("Kinds of mail that is none:")[2]))


def mistakes_of(mail: CorpusMail) -> Iterator[str]:
    """What is wrong with the labels of one mail, in plain words."""
    if mail.language not in (*LANGUAGES, "other"):
        yield f"lang {mail.language!r} is not one of ours"
    if mail.label not in (*REASONS, "none"):
        yield f"label {mail.label!r} is no reason"
    if mail.is_dispute == bool(mail.kind):
        yield "kind belongs to mails with label none, and to all of them"
    if mail.kind and mail.kind not in kinds():
        yield f"kind {mail.kind!r} is unknown"
    for reason in mail.also:
        if reason not in REASONS or reason == mail.label:
            yield f"also {reason!r} is no other reason"
    if not mail.id.startswith(f"{mail.path.stem}-"):
        yield f"the id does not begin with the file's name {mail.path.stem!r}"
    if not mail.body.strip():
        yield "the body is empty"
    if mail.disputed and not mail.is_dispute:
        yield "disputed belongs to disputes only"
    if mail.disputed and mail.disputed.how not in HOWS:
        yield f"disputed: {mail.disputed.how!r} is none of {', '.join(sorted(HOWS))}"
    yield from _texts_missing(mail)
    for amount in mail.amounts:
        if amount.role not in ROLES:
            yield f"amount {amount.text!r}: {amount.role!r} is no role"
    for host in _HOST.findall(f"{mail.sender} {mail.body}"):
        if not _SAFE_HOST.search(host):
            yield f"the host {host!r} may be real: use .example or .test"


def _texts_missing(mail: CorpusMail) -> Iterator[str]:
    """Labels whose text does not stand in the mail, or not as often as it is labelled."""
    text = f"{mail.subject}\n{mail.body}"
    written = [*(amount.text for amount in mail.amounts), *(day.text for day in mail.dates)]
    written += [identifier for _, identifier in mail.identifiers]
    for words, times in Counter(written).items():
        found = text.count(words)
        if not found:
            yield f"{words!r} does not stand in subject or body"
        elif found < times:
            yield f"{words!r} is labelled {times} times and stands {found} times"


def repeated(mails: Iterable[CorpusMail]) -> Iterator[tuple[CorpusMail, str]]:
    """Mails whose id or whole body another mail has already."""
    ids: dict[str, CorpusMail] = {}
    bodies: dict[str, CorpusMail] = {}
    for mail in mails:
        if (first := ids.setdefault(mail.id, mail)) is not mail:
            yield mail, f"the id is taken by {first.path.name}:{first.line}"
        words = " ".join(mail.body.split())
        if (first := bodies.setdefault(words, mail)) is not mail:
            yield mail, f"the body is that of {first.id}"


def table(mails: Sequence[CorpusMail]) -> str:
    """Counts by hand and language, by label and language, and by kind."""
    languages = [*LANGUAGES, *(["other"] if any(mail.language == "other" for mail in mails) else [])]
    lines = []
    for title in ("hand", "label"):
        counts = Counter((getattr(mail, title), mail.language) for mail in mails)
        lines.append(f"{title:28s}" + "".join(f"{language:>7s}" for language in languages) + f"{'all':>7s}")
        for name in sorted({name for name, _ in counts}):
            row = [counts[name, language] for language in languages]
            lines.append(f"{name:28s}" + "".join(f"{count:7d}" for count in row) + f"{sum(row):7d}")
        lines.append("")
    kinds = Counter(mail.kind for mail in mails if mail.kind)
    lines.append("kinds: " + ", ".join(f"{kind} {count}" for kind, count in kinds.most_common()))
    identifiers = Counter(kind for mail in mails for kind, _ in mail.identifiers)
    roles = Counter(amount.role for mail in mails for amount in mail.amounts)
    lines.append("identifiers: " + ", ".join(f"{kind} {count}" for kind, count in identifiers.most_common()))
    lines.append("roles: " + ", ".join(f"{role} {count}" for role, count in roles.most_common()))
    lines.append(f"dates: {sum(len(mail.dates) for mail in mails)}")
    hows = Counter(mail.disputed.how for mail in mails if mail.disputed)
    lines.append("disputed amounts: " + ", ".join(f"{how} {count}" for how, count in hows.most_common()))
    lines.append(f"mails: {len(mails)}, disputes: {sum(mail.is_dispute for mail in mails)}")
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> int:
    """Print the mistakes and the table; 1 when there are mistakes."""
    folder = Path(arguments[0]) if arguments else FOLDER
    mails: list[CorpusMail] = []
    problems: list[str] = []
    for path in sorted(folder.glob("*.txt")):
        try:
            mails += read_file(path)
        except CorpusError as error:
            problems.append(str(error))
    for mail in mails:
        problems += [f"{mail.path.name}:{mail.line}: {mail.id}: {why}" for why in mistakes_of(mail)]
    problems += [f"{mail.path.name}:{mail.line}: {mail.id}: {why}" for mail, why in repeated(mails)]
    for problem in problems:
        sys.stdout.write(problem + "\n")
    sys.stdout.write(f"\n{table(mails)}\n{len(problems)} mistakes\n")
    return 1 if problems or not mails else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
