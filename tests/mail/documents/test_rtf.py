"""Rich text is read as its reader sees it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.mail.attachments import read_text
from triage.mail.documents import MAX_TEXT, Unreadable, rtf


def shown(body: str) -> str:
    """The text of a document with this body."""
    return rtf.read(b"{\\rtf1\\ansi\\ansicpg1252 " + body.encode("latin-1") + b"}", None)[0]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (r"\pard Invoice F-2031\par Total 240,00\line", "Invoice F-2031\nTotal 240,00\n"),
        (r"{\header Invoice 7\par}Body", "Invoice 7\nBody"),
        (r"\trowd Fee\cell 40\cell\row", "Fee\t40\t\n"),
        (r"Caf\'e9 \'80 5", "Café € 5"),
        (r"\u8364\'80 5 \uc0\u8364 5", "€ 5 €5"),
        (r"\u-10179?\u-8704?", "😀"),
        (r"{\fonttbl{\f1\fcharset204 Arial;}}{\f1 \'d1\'f7\'b8\'f2}", "Счёт"),
        (r"{\b Total}: \{5\}\~EUR\endash", "Total: {5}\xa0EUR–"),
        (r"{\*\htmltag64 <p>}{\v secret}{\info{\title x}}{\pict abcd}{\stylesheet x}seen", "seen"),
        (r'{\field{\*\fldinst HYPERLINK "x"}{\fldrslt link}}', "link"),
        ("{\\object{\\*\\objdata 0105}}{\\pict\\bin6 }}}}}}}seen", "seen"),
    ],
)
def test_the_words_of_a_document(body: str, text: str) -> None:
    """Paragraphs, rows, code pages and Unicode; nothing that is not shown."""
    assert shown(body) == text


def test_it_is_known_by_type_name_and_first_bytes() -> None:
    """Programs label it in many ways."""
    content = rb"{\rtf1 Total 40}"
    for name, kind in (("a.rtf", "application/octet-stream"), (None, "text/rtf"), (None, "application/octet-stream")):
        assert read_text(content, filename=name, content_type=kind) == ("Total 40", "")


@pytest.mark.parametrize(
    ("content", "note"),
    [(b"words", "damaged"), (b"{\\rtf1" + b"{" * 2_000, "damaged")],
    ids=["not RTF", "groups without end"],
)
def test_hostile_documents_are_refused(content: bytes, note: str) -> None:
    """With a note."""
    with pytest.raises(Unreadable, match=note):
        rtf.read(content, None)


@pytest.mark.parametrize("part", [rb"\u65?", rb"\f1\fcharset204"], ids=["unicode", "fonts"])
def test_very_long_documents_are_read_in_part(part: bytes) -> None:
    """However little text their bytes come to."""
    text, note = read_text(b"{\\rtf1 " + part * 600_000 + b"}", filename="a.rtf", content_type="text/rtf")
    assert note == "only the beginning was read"
    assert len(text) <= MAX_TEXT


@given(st.lists(st.sampled_from([r"\par", r"\u", r"\u55357", r"\'e9", r"\bin", r"\bin-9", "{", "}", r"\*", r"\fonttbl",
    r"\f1", r"\fcharset204", r"\ansicpg99999", r"\uc-3", r"\v", "words", "\\", "\0"])))  # fmt: skip
def test_any_order_of_its_words_is_survived(parts: list[str]) -> None:
    """What comes out can be encoded."""
    text, note = read_text(b"{\\rtf1" + "".join(parts).encode(), filename="a.rtf", content_type="text/rtf")
    assert isinstance(note, str)
    text.encode()
