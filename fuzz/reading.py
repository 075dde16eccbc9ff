"""Feeds the mail room with bytes that a machine makes up: `python fuzz/reading.py TARGET FOLDER [libFuzzer options]`.

What proves interesting is kept in FOLDER, beside the seeds that are here. Needs atheris (`make fuzz` brings it). A
target fails when something else than `MailTooComplex` is raised, when a promise of `Message` is broken, or when one
input takes longer than libFuzzer's `-timeout`.
"""

import json
import sys
from collections.abc import Callable
from datetime import datetime

import atheris  # type: ignore[import-not-found]  # for those who fuzz only

with atheris.instrument_imports(include=["triage.mail"]):
    from triage.errors import MailTooComplex
    from triage.mail import attachments, automatic, documents, smime, tnef
    from triage.mail.body import divide, own_words
    from triage.mail.html import to_text
    from triage.mail.message import Message, parse

OWN = automatic.Own(addresses=frozenset({"support@desk.example"}), domains=frozenset({"desk.example"}))
#: the readers of attachments, each by a name that leads to it; PDFium is fuzzed by its makers
NAMES = ("a.docx", "a.xlsx", "a.odt", "a.ods", "a.rtf", "a.msg", "a.xml", "a.html", "a.ics", "a.csv")


def mail(data: bytes) -> None:
    """Whole mails."""
    try:
        message = parse(data)
    except MailTooComplex:
        return
    _check(message)
    found = automatic.recognise(message, OWN)
    assert found.suppress == (found.label != "human")
    assert found.why


def _check(message: Message) -> None:
    assert "".join(message.text[part.start : part.end] for part in message.parts) == message.text
    assert bool(message.reply) == bool(message.text.strip())
    assert message.message_id.startswith("<")
    assert message.message_id.endswith(">")
    assert message.date is None or isinstance(message.date, datetime)
    assert message.date is None or message.date.tzinfo is not None
    values = [message.text, message.reply, message.subject, message.sender.name, message.sender.address, message.html]
    values += [value for each in message.headers.values() for value in each]
    values += [value for each in message.attachments for value in (each.filename or "", each.text, each.note)]
    json.dumps(values, ensure_ascii=False).encode()
    assert not any("\0" in value for value in values)


def body(data: bytes) -> None:
    """Bodies, plain and HTML."""
    text = data.decode("utf-8", "replace")
    for subject in ("", "Fwd: Bill", "Re: Bill"):
        parts = divide(text, subject=subject)
        assert "".join(text[part.start : part.end] for part in parts) == text
        assert bool(own_words(text, parts, subject=subject)) == bool(text.strip())
    words, marks = to_text(text)
    assert all(0 <= mark.start <= mark.end <= len(words) for mark in marks)
    divide(words, marks)


def attachment(data: bytes) -> None:
    """Files of every kind that is read."""
    for name in NAMES:
        text, note = attachments.read_text(data, filename=name, content_type="application/octet-stream")
        assert isinstance(note, str)
        assert len(text) <= documents.MAX_TEXT
        text.encode()


def envelope(data: bytes) -> None:
    """winmail.dat and S/MIME."""
    smime.signed_content(data)
    unwrapped = tnef.unwrap(data)
    if unwrapped is not None:
        unwrapped.text.encode()
        assert all(isinstance(file.content, bytes) for file in unwrapped.files)


MAILS = ("fuzz/seeds/mail", "tests/corpus", "triage/demo/mails")
TARGETS: dict[str, tuple[Callable[[bytes], None], tuple[str, ...]]] = {
    "mail": (mail, MAILS),
    "body": (body, MAILS),
    "attachment": (attachment, ("fuzz/seeds/attachment",)),
    "envelope": (envelope, ("fuzz/seeds/envelope",)),
}


def main() -> None:
    """The target is the first argument; the others are libFuzzer's."""
    target, seeds = TARGETS[sys.argv.pop(1)]
    atheris.Setup([*sys.argv, *seeds], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
