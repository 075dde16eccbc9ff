"""What stays out of the memory of a program that does not use it."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from triage.imports import without

UNUSED = ("torch", "spacy.cli", "cel.cli", "typer", "pygments", "rich.traceback")


def test_who_reads_mail_loads_nothing_that_only_people_at_a_terminal_see() -> None:
    """The house opens and phrases are read without torch, command lines of libraries, and colours for code."""
    script = (
        "import sys\n"
        "from triage.house import shipped\n"
        "from triage.cases.routing import load_routing\n"
        "from triage.understanding.rules import load_patterns\n"
        "load_routing(shipped('rules') / 'routing.toml')\n"
        "assert load_patterns(shipped('rules')).lexicon.read('wrong invoice', 'en').hits\n"
        f"print(*(name for name in {UNUSED} if name in sys.modules))"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr, ended.stdout.strip()) == (0, "", "")


def test_a_module_left_out_can_be_imported_afterwards() -> None:
    """A stand-in is there for what is imported beside it, and for nobody later."""
    sys.modules.pop("this", None)
    with without({"this": SimpleNamespace(s="stand-in")}):
        import this

        assert this.s == "stand-in"
    assert "this" not in sys.modules


def test_none_stands_for_a_module_that_is_not_installed() -> None:
    """A library that asks whether another is there hears that it is not."""
    sys.modules.pop("this", None)
    with without({"this": None}), pytest.raises(ImportError):
        import this  # noqa: F401


def test_a_module_that_is_loaded_already_stays() -> None:
    """Who has loaded it keeps it."""
    with without({"subprocess": None}):
        assert sys.modules["subprocess"] is subprocess
    assert sys.modules["subprocess"] is subprocess
