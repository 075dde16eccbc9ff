"""`triage demo`: the main job from nothing."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run
from triage.cli.demo import CONFIG


def test_the_demo_tells_what_happened_to_each_mail(triage: Run, tmp_path: Path) -> None:
    """Every sample mail stands in the table, letters lie in the folder, and the cases are there to look at.

    What an earlier demonstration left is cleared away, and nothing else that has come to lie beside it.
    """
    (tmp_path / "show" / "letters").mkdir(parents=True)
    (tmp_path / "show" / "config.toml").write_text(CONFIG, encoding="utf-8")
    for name in ("triage.db", "letters/99-old@x.example.eml", "letters/notes.txt", "thesis.txt"):
        (tmp_path / "show" / name).write_text("years of work", encoding="utf-8")
    ran = triage("demo", "--folder", "show")
    assert ran.code == 0, ran.err
    for name in ("01-en-double-charge", "07-en-copy-request", "11-en-out-of-office", "16-en-customer-writes-again"):
        assert name in ran.out
    assert "duplicate" in ran.out
    assert "auto_reply" in ran.out
    listed = triage("--config", "show/config.toml", "cases", "list")
    assert listed.code == 0
    assert "DSP-" in listed.out
    assert not (tmp_path / "show" / "letters" / "99-old@x.example.eml").exists()
    assert (tmp_path / "show" / "letters" / "notes.txt").exists()
    assert (tmp_path / "show" / "thesis.txt").exists()


@pytest.mark.parametrize("folder", ["mine", "."])
@pytest.mark.parametrize("option", [[], ["--keep"]])
@pytest.mark.parametrize("config", ['# ours\n[database]\nurl = "sqlite:///triage.db"\n', "", None])
def test_the_demo_does_not_touch_a_folder_of_somebody_else(
    triage: Run, tmp_path: Path, folder: str, option: list[str], config: str | None
) -> None:
    """A folder that it did not mark is refused, be it a site in production."""
    place = tmp_path / folder
    files = {"triage.db": "cases", "letters/01-a@x.example.eml": "a letter", "secrets/imap": "t0psecret"}
    if config is not None:
        files["config.toml"] = config
    for name, content in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(content, encoding="utf-8")
    ran = triage("demo", "--folder", folder, *option)
    assert ran.code == 2
    assert "--folder" in ran.err
    assert ran.err.count("\n") == 1
    assert {name: (place / name).read_text(encoding="utf-8") for name in files} == files


def test_the_demo_refuses_a_file_for_a_folder(triage: Run, tmp_path: Path) -> None:
    """One line."""
    (tmp_path / "mine").write_text("years of work", encoding="utf-8")
    ran = triage("demo", "--folder", "mine")
    assert ran.code == 2
    assert "mine: Not a directory" in ran.err


def test_a_demo_that_could_not_start_may_be_tried_again(
    triage: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its folder is known from the first moment: here the servers are not installed at first."""
    monkeypatch.setattr("triage.demo.servers._START_SECONDS", 0)
    for _ in range(2):
        ran = triage("demo", "--folder", "show")
        assert ran.code == 2
        assert "billing-dispute-triage[demo]" in ran.err
