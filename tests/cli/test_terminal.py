"""A stranger's words on the agent's terminal: shown, never obeyed."""

import json
import re
from base64 import b64encode
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from triage.cli import common

#: clears the screen, turns red, rings, renames the window, the same in 8 bits, and turns the direction of writing
WORDS = "\x1b[2J\x1b[31mcharged\x07 twice\x1b]0;owned\x07\x9b31m for\u202e RE-4471\u2066"
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture
def mail(tmp_path: Path) -> Path:
    """A complaint whose subject, sender and words drive terminals."""
    encoded = f"=?utf-8?b?{b64encode(WORDS.encode()).decode()}?="
    path = tmp_path / "one.eml"
    path.write_bytes(
        f"From: {encoded} <ines.falk@kiesel.example>\nTo: support@shop.example\nSubject: {encoded}\n"
        f"Date: Tue, 03 Mar 2026 10:00:00 +0100\nMessage-ID: <one@kiesel.example>\n"
        f"Content-Type: text/plain; charset=utf-8\n\n"
        f"You charged me twice for invoice RE-4471: 40.00 EUR. {WORDS}\n".encode()
    )
    return path


def test_explain_shows_a_mail_without_what_drives_a_terminal(triage: Run, mail: Path) -> None:
    """In subject, name and own words."""
    ran = triage("explain", str(mail))
    assert ran.code == 0
    assert not OBEYED.findall(ran.out)
    assert "charged twice for RE-4471" in ran.out


def test_json_holds_the_same_characters_as_escapes(triage: Run, mail: Path) -> None:
    """A program reads the words as they were written, and a terminal is not driven by them either."""
    ran = triage("explain", "--json", str(mail))
    assert not OBEYED.findall(ran.out)
    assert WORDS in json.loads(ran.out)["message"]["text"]


def test_lines_tables_and_complaints_are_shown_clean(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever a command prints goes through one place."""
    common.out.print(f"[bold]subject[/bold] {WORDS}")
    common.table("Letters", ("subject",), [[WORDS]])
    common.err.print(WORDS)
    printed = capsys.readouterr()
    assert not OBEYED.findall(printed.out + printed.err)
    assert printed.out.count("charged twice for RE-4471") == 2
    assert "charged twice for RE-4471" in printed.err


def test_a_subject_is_shown_to_the_letter(capsys: pytest.CaptureFixture[str]) -> None:
    """Words between colons are no pictures."""
    common.out.print("ticket :bug: 7")
    assert "ticket :bug: 7" in capsys.readouterr().out
