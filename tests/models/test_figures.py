"""The scripts that measure the corpus measure what they say."""

import xml.etree.ElementTree as ET
from datetime import date
from pathlib import Path

import pytest

from models.corpus_read import CorpusMail
from models.evidence_check import MODEL, falls
from models.examples import from_corpus
from models.figures import CORPUS, table, write_section
from triage.understanding.models import open_model


def needs_trainer() -> None:
    """Skip where the trainer's libraries are absent."""
    for library in ("sklearn", "torch"):
        pytest.importorskip(library, reason=f"{library} is not installed: it comes with the trainer's libraries")


def mail(body: str, *, hand: str = "one", label: str = "none") -> CorpusMail:
    """A mail of the corpus whose labels do not matter."""
    return CorpusMail(
        id=body[:8], hand=hand, path=Path("x.txt"), line=1, language="en", label=label, kind="", also=(), subject="",
        sender="", sent=date(2026, 6, 15), body=body, amounts=(), dates=(), identifiers=(), disputed=None,
    )  # fmt: skip


def test_a_section_takes_the_place_of_its_earlier_version(tmp_path: Path) -> None:
    """And leaves the others alone."""
    page = tmp_path / "FIGURES.md"
    for name, text in (("a", "first"), ("b", "other"), ("a", "second")):
        write_section(name, text, page)
    content = page.read_text(encoding="utf-8")
    assert ("first" in content, "second" in content, "other" in content) == (False, True, True)
    assert content.index("second") < content.index("other")


def test_a_table_gives_shares_to_three_places() -> None:
    """Counts stay whole, and what cannot be said is a dash."""
    assert table(("x", "y"), [("a", 0.12345), ("b", 7), ("c", None)]).splitlines()[2:] == [
        "| a | 0.123 |", "| b | 7 |", "| c | – |",
    ]  # fmt: skip


def test_a_template_with_other_numbers_is_the_same_template() -> None:
    """Numbers count as one word, so that slots are seen through."""
    needs_trainer()
    from models.diversity import repeated

    slots = [
        mail(f"please refund the amount of {amount} for invoice {number}")
        for amount, number in (("9", "8"), ("12.50", "4711"))
    ]
    assert repeated(slots) == 1
    assert repeated([slots[0], mail("an other writer says it in words that nobody else has")]) == 0


def test_a_short_cut_that_is_there_is_found() -> None:
    """Disputes that alone shout are told by their marks; a corpus in which all do alike is not."""
    needs_trainer()
    from models.diversity import outward, short_cut

    texts = [(f"words about a bill {'more ' * at}", at % 2 == 0, hand) for at in range(40) for hand in ("one", "two")]
    shouting = [mail(t + "!!!" * d, hand=h, label="other" if d else "none") for t, d, h in texts]
    even = [mail(t + "!!!", hand=h, label="other" if d else "none") for t, d, h in texts]
    assert min(value for _, value in short_cut(shouting, outward)) > 0.95
    assert max(value for _, value in short_cut(even, outward)) < 0.7


def test_the_curve_is_a_picture_with_words() -> None:
    """Well-formed SVG, a line for each hand and one for their mean."""
    needs_trainer()
    from models.curve import curve_svg

    picture = curve_svg({"east": [0.8, 0.85, 0.9, 0.95], "west": [0.7, 0.8, 0.9, 0.9]}, [100, 200, 400, 800], "words")
    root = ET.fromstring(picture)  # noqa: S314 -- we wrote it
    names = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert names.count("polyline") == 3
    assert "mean 0.750 with 100 mails, 0.925 with 800" in picture


def test_evidence_of_the_shipped_model_is_the_reason() -> None:
    """Without it the score falls, and further than without any other words, on disputes that nothing learned from."""
    disputes = [example for example in from_corpus(CORPUS.parent / "exam") if example.dispute]
    found = falls(open_model(MODEL), disputes[:: len(disputes) // 33])
    assert len(found) >= 25
    assert sum(fall.all > 0 for fall in found) >= 0.9 * len(found)
    assert sum(fall.all > fall.elsewhere for fall in found) >= 0.85 * len(found)
