"""Training keeps out the hands that it is told to keep out, and says so where there are none of that name."""

import os
from pathlib import Path

import pytest

if not os.environ.get("CI"):
    pytest.importorskip("torch", reason="torch is not installed: it comes with the trainer's libraries")

from models import train


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """One mail each of two hands."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    for hand in ("pier", "reef"):
        mail = f"=== {hand}-mails-en-001\nlang: en\nlabel: none\nsubject: bill\n---\nplease send me my bill\n"
        (folder / f"{hand}-mails-en.txt").write_text(mail, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--leave-out", "pier", "--leave-out", "peir"], "--leave-out: peir is no hand of {corpus} (pier, reef)"),
        (["--more", "reff"], "--more: reff is no hand of {corpus} (pier, reef)"),
        (["--leave-out", "clinc150"], "--leave-out: clinc150 is no hand of {corpus} (pier, reef)"),
        (["--rows", "rows.gz", "--leave-out", "clinc"], "--leave-out: clinc is no hand of {corpus} (pier, reef) and no "
         "source of rows (banking77, "),
        (["--rows", "rows.gz", "--more", "clinc150"], "--more: clinc150 is no hand of {corpus} (pier, reef)"),
        (["--leave-out", "pier", "--more", "pier"], "--more: pier is left out"),
    ],
)  # fmt: skip
def test_a_name_that_nobody_has_is_refused(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], told: str
) -> None:
    """Before anything is loaded: a hand that was meant to be kept out must not be trained on for a slip of the pen."""
    with pytest.raises(SystemExit) as stopped:
        train.main([*map(str, (tmp_path / "no-encoder", tmp_path / "none")), "--corpus", str(corpus), *options])
    assert stopped.value.code == 2
    assert told.format(corpus=corpus) in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "none").exists()
