"""`triage demo`: the main job from nothing."""

from pathlib import Path

from tests.cli.conftest import Run


def test_the_demo_tells_what_happened_to_each_mail(triage: Run, tmp_path: Path) -> None:
    """Every sample mail stands in the table, letters lie in the folder, and the cases are there to look at."""
    ran = triage("demo", "--folder", "show")
    assert ran.code == 0, ran.err
    for name in ("01-en-double-charge", "07-en-copy-request", "11-en-out-of-office", "16-en-customer-writes-again"):
        assert name in ran.out
    assert "duplicate" in ran.out
    assert "auto_reply" in ran.out
    listed = triage("--config", "show/config.toml", "cases", "list")
    assert listed.code == 0
    assert "DSP-" in listed.out


def test_the_demo_does_not_touch_a_folder_of_somebody_else(triage: Run, tmp_path: Path) -> None:
    """A folder that it did not write is refused."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work", encoding="utf-8")
    ran = triage("demo", "--folder", "mine")
    assert ran.code == 2
    assert (tmp_path / "mine" / "thesis.txt").exists()
