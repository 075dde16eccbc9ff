"""The keeper of the program that reads pictures: whatever that program does, the mail goes on without it."""

import os
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from servers import wait_until

from triage.errors import ConfigError
from triage.mail.attachments import Attachment
from triage.mail.message import Message
from triage.mail.pictures import Ocr

#: a reader of pictures that does what the picture says
OBEDIENT = """
import json, os, struct, sys, time
def answer(data):
    sys.stdout.buffer.write(struct.pack(">I", len(data)) + data)
    sys.stdout.buffer.flush()
answer(json.dumps({"ready": "obedient 1.0"}).encode())
while len(head := sys.stdin.buffer.read(8)) == 8:
    length, seconds = struct.unpack(">II", head)
    said = sys.stdin.buffer.read(length).decode("latin-1")
    if said == "hang":
        time.sleep(600)
    if said == "die":
        os._exit(3)
    if said == "noise":
        os.write(1, b"\\xff" * 5000)
    if said == "flood":
        answer(b" " * 50_000_000)
    if said.startswith("answer "):
        answer(said[7:].encode())
        continue
    answer(json.dumps({"text": f"{os.getpid()} {said} {sorted(os.environ)}", "note": ""}).encode())
"""
#: one that never takes a picture
DEAF = 'import struct, time, os; os.write(1, struct.pack(">I", 13) + b\'{"ready": ""}\'); time.sleep(600)'
DAMAGED = 'import struct, os; os.write(1, struct.pack(">I", 29) + b\'{"failed": "a model is gone"}\')'


def mail(*pictures: str | bytes) -> Message:
    """A mail with these pictures."""
    contents = [each.encode("latin-1") if isinstance(each, str) else each for each in pictures]
    attachments = tuple(
        Attachment(filename="bill.jpg", content_type="image/jpeg", size=len(each), picture=lambda each=each: each)
        for each in contents
    )
    return Message(message_id="<1@example.org>", attachments=attachments)


def reader(program: str = OBEDIENT, **options: float) -> Ocr:
    """A keeper of this program."""
    return Ocr(program=[sys.executable, "-c", program], **{"seconds": 60, **options})  # type: ignore[arg-type]


@pytest.fixture
def ocr() -> Iterator[Ocr]:
    """A keeper of the obedient program."""
    made = reader()
    yield made
    made.close()


def process_of(text: str) -> int:
    """The process that has answered."""
    return int(text.split()[0])


def is_zombie(process: int) -> bool:
    return "\nState:\tZ" in Path(f"/proc/{process}/status").read_text()


def is_gone(process: int) -> bool:
    return not Path(f"/proc/{process}").exists()


def test_pictures_are_read_in_their_order_by_one_process(ocr: Ocr) -> None:
    """Other attachments are passed over; each transcript says which attachment it is of."""
    message = mail("first", "second")
    plain = Attachment(filename="a.txt", content_type="text/plain", size=1, text="a")
    first, second = message.attachments
    read = ocr.read(Message(message_id="<1@example.org>", attachments=(first, plain, second)))
    assert [(each.attachment, each.text.split()[1]) for each in read] == [(0, "first"), (2, "second")]
    assert process_of(read[0].text) == process_of(read[1].text) != os.getpid()


def test_a_mail_without_pictures_starts_nothing() -> None:
    """Sites that never get one pay nothing: here the program would not even start."""
    assert Ocr(program=["/nowhere/at/all"]).read(mail()) == ()


def test_the_program_is_given_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch, ocr: Ocr) -> None:
    """Passwords may stand there, and a picture may be an attack."""
    monkeypatch.setenv("TRIAGE_RELAY__PASSWORD", "t0psecret")
    [read] = ocr.read(mail("x"))
    assert "TRIAGE" not in read.text


def test_a_reader_that_takes_too_long_is_killed() -> None:
    """Its picture stays unread, and so do those behind it; the next mail has a new reader."""
    slow = reader(seconds=1)
    hung = slow.read(mail("hang", "second"))
    assert [each.text for each in hung] == ["", ""]
    assert [each.note for each in hung] == [
        "not read: it takes more than 1 seconds",
        "not read: the mail's pictures take more than 1 seconds",
    ]
    slow.close()


def test_a_reader_that_takes_no_picture_is_killed() -> None:
    """A picture larger than a pipe holds does not hold us up."""
    deaf = reader(DEAF, seconds=1)
    [read] = deaf.read(mail(b"x" * 5_000_000))
    assert read.note == "not read: it takes more than 1 seconds"
    deaf.close()


def test_a_reader_that_died_between_two_mails_costs_no_picture(ocr: Ocr) -> None:
    """The kernel may have taken it where the machine was short of memory."""
    [first] = ocr.read(mail("first"))
    os.kill(process_of(first.text), signal.SIGKILL)
    wait_until(lambda: is_zombie(process_of(first.text)), "the program dies")
    [second] = ocr.read(mail("second"))
    assert second.text.split()[1] == "second"


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        ("die", "status 3"),
        ("noise", "nonsense"),
        ("flood", "nonsense"),
        ("answer no JSON", "nonsense"),
        ("answer [1, 2]", "nonsense"),
        ("answer {}", "nonsense"),
        ('answer {"text": 1, "note": ""}', "nonsense"),
        ("answer " + "[" * 100_000, "nonsense"),
    ],
)
def test_what_a_broken_reader_does_costs_one_picture(ocr: Ocr, picture: str, said: str) -> None:
    """The note says what happened, and another process reads the next picture."""
    before, broken, after = ocr.read(mail("first", picture, "second"))
    assert broken.text == ""
    assert broken.note.startswith("not read: ")
    assert said in broken.note
    assert process_of(before.text) != process_of(after.text)


def test_a_reader_that_cannot_start_is_told() -> None:
    """In the note of the picture, and by `check`, which `triage doctor` asks."""
    for program in (["/nowhere/at/all"], [sys.executable, "-c", DAMAGED], [sys.executable, "-c", ""]):
        broken = Ocr(program=program)
        [read] = broken.read(mail("x"))
        assert read.note.startswith("not read: ")
        with pytest.raises(ConfigError, match="ocr: "):
            broken.check()
        broken.close()
    damaged = reader(DAMAGED)
    with pytest.raises(ConfigError, match="a model is gone"):
        damaged.check()


def test_check_tells_what_reads(ocr: Ocr) -> None:
    """As the program calls itself."""
    assert ocr.check() == "obedient 1.0"


def test_no_more_pictures_of_a_mail_are_read_than_the_site_says() -> None:
    """The others are listed, and say so."""
    few = reader(most=1)
    first, second = few.read(mail("first", "second"))
    assert first.text
    assert second.note == "not read: one of more than 1 pictures"
    few.close()


def test_a_giant_picture_is_not_unpacked(ocr: Ocr) -> None:
    """Its size is known before its bytes are."""

    def unpack() -> bytes:
        raise AssertionError("unpacked")

    giant = Attachment(filename="x.png", content_type="image/png", size=40_000_000, picture=unpack)
    [read] = ocr.read(Message(message_id="<1@example.org>", attachments=(giant,)))
    assert read.note == "not read: too large"


def test_the_program_ends_when_no_picture_comes() -> None:
    """Its memory is given back; the next picture starts it again."""
    resting = reader(idle=0.2)
    [first] = resting.read(mail("first"))
    wait_until(lambda: is_gone(process_of(first.text)), "the program ends")
    [second] = resting.read(mail("second"))
    assert process_of(second.text) != process_of(first.text)
    resting.close()
    assert is_gone(process_of(second.text))


def test_threads_that_ask_at_once_get_their_own_answers(ocr: Ocr) -> None:
    """One picture is read at a time."""
    words = [f"word{number}" for number in range(20)]
    with ThreadPoolExecutor(8) as threads:
        read = list(threads.map(lambda word: ocr.read(mail(word))[0].text, words))
    assert [each.split()[1] for each in read] == words
    assert len({process_of(each) for each in read}) == 1


def test_what_is_read_is_text_that_can_be_kept(ocr: Ocr) -> None:
    """Control characters and lone surrogates go, as in every text of a mail."""
    [read] = ocr.read(mail('answer {"text": "a\\u0000b\\ud800", "note": ""}'))
    assert "\0" not in read.text
    read.text.encode()
