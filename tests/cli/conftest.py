"""The command line as its user meets it: arguments in, output and exit code out, in this process."""

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from triage import cli
from triage.cli import common


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def triage(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run a command in an empty folder, with the phrases back end unless told otherwise."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRIAGE_MODEL__BACKEND", "none")
    monkeypatch.setenv("TRIAGE_LOG__LEVEL", "error")
    # wide and plain, whatever terminal the tests run in
    for console in (common.out, common.err):
        monkeypatch.setattr(console, "width", 200, raising=False)
        monkeypatch.setattr(console, "_color_system", None)

    def run(*words: str, stdin: str | bytes = b"") -> Ran:
        content = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "argv", ["triage", *words])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))
        # what was logged before, by no command
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        code = ended.value.code
        return Ran(code=code if isinstance(code, int) else int(code is not None), out=printed.out, err=printed.err)

    return run
