"""Labelled mails are read as mails are, and every bad line is named."""

from pathlib import Path

import pytest
from furnished import mail

from triage.errors import OperatorError
from triage.understanding.labelled import read_labelled


def test_json_lines_are_read_as_explain_reads_them(tmp_path: Path) -> None:
    """A text or a path, subject and language where wanted; quoted words are left out."""
    (tmp_path / "mails").mkdir()
    (tmp_path / "mails" / "one.eml").write_bytes(mail("I was charged twice.", subject="My bill"))
    path = tmp_path / "mails.jsonl"
    path.write_text(
        '{"id": "a", "text": "You charged me twice.\\n\\n> earlier words", "label": "duplicate_charge", '
        '"also": ["other"]}\n\n'
        '{"path": "mails/one.eml", "label": "dispute"}\n'
        '{"text": "<p>Danke für alles</p>", "content_type": "text/html", "subject": "Hallo", "language": "de", '
        '"label": "none"}\n'
        '{"text": "b", "language": "xx", "label": "none"}\n',
        encoding="utf-8",
    )
    first, second, third, fourth = read_labelled(path)
    assert (first.id, first.label, first.also, first.words.reply) == (
        "a", "duplicate_charge", ("other",), "You charged me twice.",
    )  # fmt: skip
    assert (second.id, second.words.subject, second.words.reply) == ("line 3", "My bill", "I was charged twice.")
    assert second.is_dispute
    assert (third.words.subject, third.words.reply, third.words.language) == ("Hallo", "Danke für alles", "de")
    assert (fourth.words.language, fourth.is_dispute) == ("other", False)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_folder_of_mails_has_a_file_of_labels(tmp_path: Path, delimiter: str) -> None:
    """As a spreadsheet writes it, with a byte order mark and either delimiter."""
    (tmp_path / "one.eml").write_bytes(mail("I was charged twice."))
    rows = [("file", "label", "also"), ("one.eml", "wrong_amount", "other unexpected_fee")]
    text = "\r\n".join(delimiter.join(row) for row in rows)
    (tmp_path / "labels.csv").write_text(text, encoding="utf-8-sig")
    [found] = read_labelled(tmp_path)
    assert (found.id, found.label, found.also) == ("one.eml", "wrong_amount", ("other", "unexpected_fee"))
    assert found.words.language == "en"


def test_every_bad_line_is_named(tmp_path: Path) -> None:
    """With file and line, all at once, in their order."""
    path = tmp_path / "mails.jsonl"
    path.write_text(
        '{"text": "a"}\n{"text": "b", "label": "nonsense"}\nno json\n[]\n{"label": "none"}\n'
        '{"text": 1, "label": "none"}\n'
        '{"path": "absent.eml", "label": "none"}\n{"text": "c", "label": "other", "also": "other"}\n',
        encoding="utf-8",
    )
    with pytest.raises(OperatorError, match="8 bad lines") as caught:
        read_labelled(path)
    assert [problem.split(":")[1] for problem in caught.value.problems] == list("12345678")
    assert caught.value.problems[0] == f"{path}:1: lacks 'label'"
    assert "absent.eml: No such file" in caught.value.problems[6]


def test_every_bad_row_of_a_folder_is_named(tmp_path: Path) -> None:
    """The same for its labels."""
    (tmp_path / "labels.csv").write_text("file,label\nabsent.eml,none\n", encoding="utf-8")
    with pytest.raises(OperatorError) as caught:
        read_labelled(tmp_path)
    assert caught.value.problems == (f"{tmp_path / 'labels.csv'}:2: absent.eml: No such file or directory",)


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "cannot be read: No such file"), (b"\xff\xfe\xfa", "is not UTF-8"), (b"\n\n", "has no labelled mails")],
)
def test_a_file_that_is_none_is_one_clear_line(tmp_path: Path, content: bytes | None, why: str) -> None:
    """What, where and why."""
    path = tmp_path / "mails.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(OperatorError, match=why):
        read_labelled(path)


def test_a_folder_without_labels_is_one_clear_line(tmp_path: Path) -> None:
    """And so is one whose labels lack their headings."""
    with pytest.raises(OperatorError, match=r"labels\.csv cannot be read"):
        read_labelled(tmp_path)
    (tmp_path / "labels.csv").write_text("one.eml,none\n", encoding="utf-8")
    with pytest.raises(OperatorError, match="must name the columns file and label"):
        read_labelled(tmp_path)
