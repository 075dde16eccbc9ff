"""`triage init`: a config to begin with."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from triage.config.settings import load_settings

ANSWERS = {"--address": "Support@Example.com", "--zone": "Europe/Madrid", "--host": "imap.example.com"}


def flags(**changed: str) -> list[str]:
    """The answers as options, some of them changed."""
    answers = ANSWERS | {f"--{name}": value for name, value in changed.items()}
    return [word for option in answers.items() for word in option]


def test_what_it_writes_is_a_configuration(triage: Run, tmp_path: Path) -> None:
    """Read back, it says what was answered."""
    assert triage("init", *flags()).code == 0
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "imap").write_text("t0psecret", encoding="utf-8")
    settings = load_settings(tmp_path / "config.toml")
    assert settings.mailbox[0].address == "support@example.com"
    assert settings.hours.zone == "Europe/Madrid"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"address": "foo"}, "'foo' is no address: write it like support@example.com"),
        ({"zone": "Mars/Olympus"}, "there is no time zone 'Mars/Olympus': write it like Europe/Madrid"),
    ],
)
def test_a_wrong_answer_is_told_before_anything_is_written(
    triage: Run, tmp_path: Path, changed: dict[str, str], said: str
) -> None:
    """One line, exit code 2."""
    ran = triage("init", *flags(**changed))
    assert ran.code == 2
    assert said in ran.err
    assert not (tmp_path / "config.toml").exists()


def test_a_wrong_answer_to_a_question_is_asked_for_again(tmp_path: Path) -> None:
    """On a terminal."""
    master, terminal = pty.openpty()
    command = [sys.executable, "-m", "triage", "init", *flags()[2:], "--password-file", "p", "--relay-host", "r"]
    process = subprocess.Popen(command, cwd=tmp_path, stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    os.write(master, b"foo\nsupport@example.com\n")
    said = b""
    while b"Wrote" not in said:
        said += os.read(master, 1000)
    assert process.wait(timeout=60) == 0
    os.close(master)
    assert b"'foo' is no address" in said
    assert 'address = "support@example.com"' in (tmp_path / "config.toml").read_text(encoding="utf-8")
