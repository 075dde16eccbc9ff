"""Letters as files: what is wrong with one is said when it is loaded."""

import shutil
from pathlib import Path

import pytest

from triage.errors import RulesError
from triage.letters.templates import load_templates

SHIPPED = Path(__file__).parents[2] / "rules" / "letters"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the English letter, to be broken."""
    shutil.copytree(SHIPPED / "acknowledgement.en", tmp_path / "acknowledgement.en")
    return tmp_path / "acknowledgement.en"


@pytest.mark.parametrize(
    ("file", "text", "problem"),
    [
        ("body.txt", "Hello {{ nam }}", r"body\.txt: unknown: nam"),
        ("body.html", "<p>\n{% if name %}</p>", r"body\.html, line 2"),
        ("subject.txt", "{{ reference | nosuch }}", r"subject\.txt.*nosuch"),
        ("words.toml", "reasons = 1", r"words\.toml: reasons"),
        ("words.toml", "[reasons]\n[missing]\n", r"\[reasons\] lacks duplicate_charge"),
        ("words.toml", "[reasons", r"is not TOML"),
    ],
)
def test_a_mistake_is_named_with_its_file(folder: Path, file: str, text: str, problem: str) -> None:
    """Staff edit these files: each mistake is found before a customer meets it."""
    (folder / file).write_text(text, encoding="utf-8")
    with pytest.raises(RulesError, match=problem):
        load_templates(folder.parent)


def test_a_missing_file_is_named(folder: Path) -> None:
    """Every letter has all of its files."""
    (folder / "body.html").unlink()
    with pytest.raises(RulesError, match=r"body\.html: cannot be read"):
        load_templates(folder.parent)


def test_all_mistakes_are_named_at_once(folder: Path) -> None:
    """One run of the check shows everything."""
    (folder / "body.txt").write_text("{{ nam }}", encoding="utf-8")
    (folder / "body.html").write_text("{{ adress }}", encoding="utf-8")
    with pytest.raises(RulesError) as caught:
        load_templates(folder.parent)
    assert len(caught.value.problems) == 2


def test_a_template_cannot_reach_into_python(folder: Path) -> None:
    """The sandbox holds for whoever may edit letters but not the machine."""
    (folder / "subject.txt").write_text("{{ reference.__class__.__mro__ }}", encoding="utf-8")
    template = load_templates(folder.parent).get("acknowledgement", "en")
    with pytest.raises(Exception, match="unsafe"):
        template.subject.render({"reference": "x"})


def test_a_folder_without_letters_says_so(tmp_path: Path) -> None:
    """A wrong path is not an empty set of letters."""
    with pytest.raises(RulesError, match="no letters there"):
        load_templates(tmp_path)
