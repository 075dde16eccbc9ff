"""Mistakes at the keyboard, Ctrl-C, and readers that go away: a line and an exit code, never a traceback."""

import os
import pty
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.cli.conftest import Run

TRIAGE = (sys.executable, "-m", "triage")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("bogus", "No such command 'bogus' (see triage --help)"),
        ("--bogus", "No such option: --bogus"),
        ("-c", "'-c' requires an argument"),
        ("cases bogus", "No such command 'bogus' (see triage cases --help)"),
        ("letters retry abc", "Invalid value for 'LETTER'"),
        ("letters retry", "Missing argument 'LETTER'"),
        ("cases resolve DSP-2026-000001-1 upheld", "Missing option '--root-cause' (see triage cases resolve --help)"),
        ("cases list --limit 0", "Invalid value for '--limit'"),
    ],
)
def test_a_mistake_in_the_words_is_one_line_and_exit_code_2(triage: Run, words: str, said: str) -> None:
    """It says what is wrong, and which page tells the right words."""
    ran = triage(*words.split())
    assert ran.code == 2
    assert said in ran.err
    assert ran.err.count("\n") == 1
    assert not ran.out


@pytest.mark.parametrize("words", ["", "cases"])
def test_a_group_alone_shows_its_help(triage: Run, words: str) -> None:
    """Nothing was asked, which is a mistake of its own, and told by the help."""
    ran = triage(*words.split())
    assert ran.code == 2
    assert "Usage: triage" in ran.out
    assert not ran.err


def test_help_that_was_asked_for_is_no_mistake(triage: Run) -> None:
    """Exit code 0."""
    ran = triage("cases", "resolve", "--help")
    assert ran.code == 0
    assert "--root-cause" in ran.out


def test_ctrl_c_at_a_question_ends_quietly(tmp_path: Path) -> None:
    """Exit code 130, as shells have it; nothing is written."""
    master, terminal = pty.openpty()
    process = subprocess.Popen(
        [*TRIAGE, "init"],
        cwd=tmp_path,
        stdin=terminal,
        stdout=terminal,
        stderr=subprocess.PIPE,
        text=True,
        # tests that a shell has started in the background have theirs ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    os.close(terminal)
    asked = b""
    while b"customers write to" not in asked:
        asked += os.read(master, 1000)
    try:
        # readline does not notice one that comes in the moment before it waits; then a person presses again
        for _ in range(12):
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(5)
                break
        _, said = process.communicate(timeout=1)
    finally:
        process.kill()
        os.close(master)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", ["--version", "cases list", "ledger status --json"])
def test_a_reader_that_goes_away_is_no_fault(triage: Run, tmp_path: Path, words: str) -> None:
    """`triage … | head`: exit code 0, and not a word."""
    assert triage("migrate").code == 0
    reader, writer = os.pipe()
    os.close(reader)
    environment = os.environ | {"TRIAGE_MODEL__BACKEND": "none", "TRIAGE_LOG__LEVEL": "error"}
    with os.fdopen(writer, "wb") as output:
        ran = subprocess.run(
            [*TRIAGE, *words.split()], cwd=tmp_path, env=environment, stdout=output, stderr=subprocess.PIPE, check=False
        )
    assert (ran.returncode, ran.stderr) == (0, b"")
