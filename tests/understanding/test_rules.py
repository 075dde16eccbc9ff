"""The rule files load, say what is wrong with them, and cannot stall a mail."""

import shutil
import time
from pathlib import Path

import pytest

from triage.errors import RulesError
from triage.understanding.findings import LANGUAGES, REASONS
from triage.understanding.rules import learned_shapes, load_patterns, shape

RULES = Path(__file__).parents[2] / "rules"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of our rules that a test may break."""
    for path in RULES.glob("*.toml"):
        shutil.copy(path, tmp_path)
    return tmp_path


def test_our_rules_cover_every_reason_in_every_language() -> None:
    """No language is poorer than another."""
    patterns = load_patterns(RULES)
    for language in LANGUAGES:
        named = {phrase.reason for phrase in patterns.phrases if phrase.language == language}
        assert named >= set(REASONS) - {"other"}
    assert all(phrase.weight < 0 for phrase in patterns.phrases if phrase.group.startswith("against."))


def test_the_version_changes_with_the_files(folder: Path) -> None:
    """The record can tell which rules were in force."""
    before = load_patterns(folder).version
    path = folder / "phrases.toml"
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert load_patterns(folder).version != before


@pytest.mark.parametrize(
    ("name", "old", "new", "complaint"),
    [
        ("phrases.toml", "weight = 2.2", 'weight = "much"', r"phrases.toml:\d+: dispute.contest.weight"),
        ("phrases.toml", "[reason.wrong_amount]", "[reason.wrong_sum]", "unknown reasons: wrong_sum"),
        ("phrases.toml", "weight = -3.2", "weight = 3.2", "wrong sign"),
        ("invoices.toml", 'example = "RE-771903"', 'example = "hello"', "does not match its example"),
        ("invoices.toml", "[labels.invoice]", "[labels.invoices]", "invoices.toml"),
        ("amounts.toml", "[money.before]\nen = [", "[money.before]\nen = [1, ", r"amounts.toml:\d+: money.before.en.0"),
        ("amounts.toml", "[signs.en]", "[signs.en", "amounts.toml: "),
        ("weights.toml", "[disputed.yes]", "[disputed.maybe]", "weights.toml"),
    ],
)
def test_a_mistake_is_named_with_file_and_key(folder: Path, name: str, old: str, new: str, complaint: str) -> None:
    """An admin is told what to mend, and where."""
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RulesError) as caught:
        load_patterns(folder)
    assert pytest.importorskip("re").search(complaint, "\n".join(caught.value.problems))


def test_all_mistakes_are_told_at_once(folder: Path) -> None:
    """Nobody wants to mend one, start, and meet the next."""
    (folder / "phrases.toml").write_text("bias = true", encoding="utf-8")
    (folder / "invoices.toml").unlink()
    with pytest.raises(RulesError) as caught:
        load_patterns(folder)
    text = "\n".join(caught.value.problems)
    assert "phrases.toml" in text
    assert "invoices.toml: cannot be read" in text


def test_no_pattern_can_run_for_ever() -> None:
    """A pattern that would blow up elsewhere is linear here."""
    greedy = shape("invoice", "(a+)+b")
    start = time.process_time()
    assert greedy.compiled.search("a" * 50_000) is None
    assert time.process_time() - start < 1


def test_the_style_of_a_house_is_learned_from_its_ledger() -> None:
    """Seen often enough, a style is a shape; a plain number never is."""
    numbers = [f"ACME/{year}/{number:05d}" for year in (2025, 2026) for number in range(5)] + ["12345"] * 9 + ["odd-1"]
    [learned] = learned_shapes(numbers)
    assert learned.compiled.search("about ACME/2024/99999, please")
    assert not learned.compiled.search("about ACME/2024/9999, please")
