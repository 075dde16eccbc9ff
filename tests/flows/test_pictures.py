"""What OCR reads in attached pictures: people see it, and nothing is decided by it."""

import json
from collections.abc import Sequence
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from furnished import TwinHouse, World, mail, scripted

from tests.cli.conftest import Run
from tests.cli.conftest import triage as triage
from triage import daemon, on_request
from triage.config.settings import OcrSettings
from triage.errors import ConfigError
from triage.house import House
from triage.mail.message import Message
from triage.mail.pictures import PictureReader, Transcript
from triage.testing import InMemoryOcr
from triage.understanding.findings import Understanding
from triage.understanding.understand import Understander

BILL = "Invoice number\tINV-100\nInvoice date\t3 May 2026\nTotal due\t£92.50"


def with_photos(words: str, *names: str, message_id: str = "<1@example.org>") -> bytes:
    """A complaint with pictures."""
    made = message_from_bytes(mail(words, message_id=message_id), policy=default)
    assert isinstance(made, EmailMessage)
    for name in names:
        made.add_attachment(b"picture", maintype="image", subtype="jpeg", filename=name)
    return made.as_bytes()


class SeeingHouse(TwinHouse):
    """A house with a reader of pictures."""

    def __init__(self, world: World, pictures: PictureReader | None) -> None:
        super().__init__(world)
        self.understander = Understander(own=self.own, classifier=None, extractor=self.extractor, pictures=pictures)

    def understand(self, messages: Sequence[Message]) -> Sequence[Understanding]:
        """As scripted, and what the pictures say."""
        return [self.with_details(message, scripted(message, self)) for message in messages]


def arrives(house: TwinHouse, content: bytes) -> None:
    """A mail comes in, and everything that follows from it happens."""
    house.world.mailboxes["support"].put(content, arrived=house.now())
    house.settle()


def test_what_is_read_stands_in_the_case_and_is_marked(world: World) -> None:
    """With the name of the attachment, for the agent who has the picture before them."""
    with SeeingHouse(world, InMemoryOcr(bill_jpg=BILL)) as house:
        arrives(house, with_photos("I was charged twice, see the photo.", "bill.jpg"))
        record = house.desk.case.record
    found = {(each["kind"], each["value"], each["currency"], each["attachment"]) for each in record["findings"]}
    assert found == {
        ("invoice", "INV-100", None, "bill.jpg"),
        ("date", "2026-05-03", None, "bill.jpg"),
        ("amount", "92.50", "GBP", "bill.jpg"),
    }
    assert all(each["ocr"] and each["where"] == "attachment" for each in record["findings"])
    [attachment] = record["attachments"]
    assert (attachment["filename"], attachment["ocr"]) == ("bill.jpg", True)
    assert "read by OCR" in attachment["note"]


def test_nothing_is_decided_or_written_by_it(world: World) -> None:
    """Queue, books and letter do not know the number, and the decision is that of the mail with its photo unread."""
    with SeeingHouse(world, InMemoryOcr(bill_jpg=BILL)) as house:
        arrives(house, with_photos("I was charged twice, see the photo.", "bill.jpg"))
        case, [book, _] = house.desk.case, house.desk.books
        seen = house.world.relay.deliveries[0].content
    assert (case.line.state, case.line.invoices, case.line.amount) == ("open", (), None)
    assert (list(book.invoices), book.amount) == ([], None)
    assert b"INV-100" not in seen
    with SeeingHouse(World(url=f"{world.url}-2"), None) as blind:
        arrives(blind, with_photos("I was charged twice, see the photo.", "bill.jpg"))
        assert blind.desk.case.record["decision"] == case.record["decision"]


def test_a_number_that_ocr_read_joins_no_case(world: World) -> None:
    """A misread digit would put a customer's complaint where nobody looks for it."""
    with SeeingHouse(world, InMemoryOcr(bill_jpg=BILL)) as house:
        arrives(house, mail("I was charged twice for INV-100."))
        arrives(house, with_photos("I was charged for nothing.", "bill.jpg", message_id="<2@example.org>"))
        assert len(house.desk.cases) == 2
        arrives(house, mail("I was charged, I say: INV-100!", message_id="<3@example.org>"))
        assert len(house.desk.cases) == 2


class Asked:
    """A reader of pictures that counts how many it is asked for."""

    def __init__(self) -> None:
        self.pictures = 0

    def read(self, message: Message) -> Sequence[Transcript]:
        """Nothing."""
        self.pictures += sum(each.picture is not None for each in message.attachments)
        return ()


def test_pictures_of_mails_that_dispute_nothing_are_not_read(world: World) -> None:
    """Reading takes seconds a picture, and nobody would look at what comes of it."""
    asked = Asked()
    with SeeingHouse(world, asked) as house:
        arrives(house, with_photos("Look at my cat.", "cat.jpg"))
        assert (house.desk.outcomes, asked.pictures) == (["taken"], 0)


def test_a_person_who_confirms_does_not_wait_for_pictures(world: World) -> None:
    """They are read once, with the mail; the letter that a yes sends goes by none."""
    asked = Asked()
    with SeeingHouse(world, asked) as house:
        arrives(house, with_photos("Perhaps this is too much, see the photo.", "bill.jpg"))
        assert (house.desk.case.line.state, asked.pictures) == ("review", 1)
        on_request.confirm(house, house.desk.case.line.reference, actor="ana")
        assert (house.desk.case.line.state, asked.pictures) == ("open", 1)


def test_a_picture_that_stays_unread_holds_up_nothing(world: World) -> None:
    """The mail is acknowledged as if it had none; the case says what was not read."""
    with SeeingHouse(world, InMemoryOcr()) as house:
        arrives(house, with_photos("I was charged twice, see the photo.", "bomb.jpg"))
        assert house.desk.letter.state == "sent"
        [attachment] = house.desk.case.record["attachments"]
    assert (attachment["note"], attachment["ocr"]) == ("not read: it is damaged", False)


def test_the_case_view_says_what_ocr_read(world: World, triage: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """`triage cases show`: where each finding comes from, and which picture stayed unread."""
    with SeeingHouse(world, InMemoryOcr(bill_jpg=BILL)) as house:
        arrives(house, with_photos("I was charged twice, see the photos.", "bill.jpg", "other.jpg"))
        reference = house.desk.case.line.reference
    monkeypatch.setenv("TRIAGE_DATABASE__URL", world.url)
    told = triage("cases", "show", reference).out
    assert "“INV-100” = INV-100, in attachment bill.jpg, read by OCR" in told
    assert "other.jpg: not read: it is damaged" in told


def test_explain_says_what_ocr_read(triage: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In words and as JSON, with the text, in which each finding stands where it says."""
    path = tmp_path / "photo.eml"
    path.write_bytes(with_photos("You have charged me twice, please refund one payment. See the photo.", "bill.jpg"))
    monkeypatch.setattr(House, "ocr", InMemoryOcr(bill_jpg=BILL))
    told = triage("explain", str(path)).out
    assert "bill.jpg (image/jpeg) read by OCR" in told
    assert "“INV-100” = INV-100, in attachment bill.jpg, read by OCR" in told
    answer = json.loads(triage("explain", "--json", str(path)).out)
    [attachment] = answer["message"]["attachments"]
    assert attachment["ocr_text"] == BILL
    unsure = [each for each in answer["findings"] if each.get("ocr")]
    assert {each["kind"] for each in unsure} == {"invoice", "date", "amount"}
    assert all(BILL[each["start"] : each["end"]] == each["text"] for each in unsure)


def test_explain_reads_no_pictures_where_nothing_is_decided(
    triage: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--fields findings` is for the quick look, without the model too."""
    path = tmp_path / "photo.eml"
    path.write_bytes(with_photos("You have charged me twice, please refund one payment. See the photo.", "bill.jpg"))
    monkeypatch.setattr(House, "ocr", InMemoryOcr(bill_jpg=BILL))
    assert json.loads(triage("explain", "--json", "--fields", "findings", str(path)).out)["findings"] == []


def test_ocr_without_its_extra_is_told_before_a_mail_is_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake of the operator's sets no mail aside."""
    monkeypatch.setattr("triage.house.is_installed", lambda: False)
    with TwinHouse(world) as house:
        house.settings = house.settings.model_copy(update={"ocr": OcrSettings(enabled=True)})
        house.world.mailboxes["support"].put(mail(), arrived=house.now())
        with pytest.raises(ConfigError, match="pip install"):
            daemon.once(house)
        assert house.desk.books == []


def test_the_doctor_says_whether_pictures_are_read(triage: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Off as a rule; switched on without the extra it is a failure that says what to do."""

    def said() -> tuple[bool, str]:
        lines = map(json.loads, triage("doctor", "--json").out.splitlines())
        return next((line["ok"], line["says"]) for line in lines if line["check"] == "ocr")

    assert said() == (True, "off: attached pictures are listed, not read")
    monkeypatch.setenv("TRIAGE_OCR__ENABLED", "true")
    monkeypatch.setattr("triage.house.is_installed", lambda: False)
    assert said() == (False, "ocr.enabled: rapidocr is missing: pip install 'billing-dispute-triage[ocr]'")
