"""The README tells the truth: every command in it is run here, against servers on loopback."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Ran, Run
from tests.cli.conftest import triage as triage
from tests.understanding.test_learn import moved
from triage.cli.demo import CONFIG, DESK
from triage.demo import servers

ROOT = Path(__file__).parent.parent
INVOICES = "Invoice No,Date,Total,Currency\nINV-2026-4471,2026-03-01,40.00,EUR\n"
PAYMENTS = "payment id,invoice,date,amount\nP1,INV-2026-4471,2026-03-02,40.00\n"
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> list[str]:
    """Every line of every shell block, comments left out."""
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    lines = [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


@pytest.fixture
def site(triage: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """A folder with a config whose servers are running and whose sample mails have been read."""
    monkeypatch.setenv("TRIAGE_MODEL__AUTO_THRESHOLD", "0.9")
    outbox = tmp_path / "letters"
    outbox.mkdir()
    with servers.imap_server() as imap_port, servers.smtp_server(outbox, DESK, imap_port) as smtp_port:
        text = CONFIG.format(folder=tmp_path, desk=DESK, imap_port=imap_port, smtp_port=smtp_port)
        (tmp_path / "config.toml").write_text(text, encoding="utf-8")
        (tmp_path / "invoices.csv").write_text(INVOICES, encoding="utf-8")
        (tmp_path / "payments.csv").write_text(PAYMENTS, encoding="utf-8")
        rows = [{"text": mail.words.reply, "label": mail.label} for mail in moved()]
        (tmp_path / "labelled.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        mails = sorted((Path(servers.__file__).parent / "mails").glob("*.eml"))
        (tmp_path / "complaint.eml").write_bytes(mails[0].read_bytes())
        for mail in mails:
            servers.deliver(imap_port, mail.read_bytes())
        assert triage("once").code == 0
        yield triage


def reference(site: Run, state: str) -> str:
    """A case in this state."""
    found = re.findall(r"DSP-\d{4}-\d{6}-\d", site("cases", "list", "--json", "--state", state).out)
    assert found
    return found[0]


def without_case(site: Run) -> str:
    """The Message-ID of a mail that was taken for no dispute."""
    lines = [json.loads(line) for line in site("account", "--json").out.splitlines()]
    return str(next(line["message_id"] for line in lines if line["outcome"] == "taken" and line["case"] is None))


def as_typed(site: Run, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ran:
    """A README line as its reader would type it: with a case of theirs, in their folder."""
    words = shlex.split(command)[1:]
    if words[0] == "model":
        # a model of a few words stands in for the shipped one, which takes a minute to learn
        monkeypatch.setenv("TRIAGE_MODEL__BACKEND", "onnx")
        monkeypatch.setenv("TRIAGE_MODEL__PATH", str(ROOT / "tests" / "understanding" / "tiny"))
    else:
        monkeypatch.setenv("TRIAGE_MODEL__BACKEND", "none")
    if words[0] == "retention":
        monkeypatch.setenv("TRIAGE_RETENTION__MAILS_MONTHS", "6")
        monkeypatch.setenv("TRIAGE_RETENTION__KEY", "k" * 32)
    wanted = "review" if words[0] == "review" else "resolved" if "reopen" in words else "open"
    words = [reference(site, wanted) if word.startswith("DSP-") else word for word in words]
    words = [without_case(site) if word.startswith("<") else word for word in words]
    if words == ["run"]:
        return run_daemon(tmp_path)
    if words == ["init"]:
        answers = ["new.toml", "--address", "support@example.com", "--host", "imap.example.com"]
        return site("init", *answers, "--password-file", "secret", "--relay-host", "smtp.example.com", "--zone", "UTC")
    return site(*words)


def run_daemon(folder: Path) -> Ran:
    """`triage run`, ended by SIGTERM once it has started."""
    environment = os.environ | {"TRIAGE_LOG__LEVEL": "info"}
    process = subprocess.Popen(
        [sys.executable, "-m", "triage", "run"],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    said = ""
    while '"started"' not in said and (line := process.stderr.readline()):
        said += line
    process.send_signal(signal.SIGTERM)
    _, rest = process.communicate(timeout=60)
    return Ran(code=process.returncode, out="", err=said + rest)


def test_every_command_of_the_readme_works(site: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of the page, on one site, each ends well."""
    failed = []
    for command in commands():
        if not command.startswith("triage "):
            continue
        ran = as_typed(site, command, tmp_path, monkeypatch)
        # account and doctor end with 1 where they have something to say, which is their work
        allowed = {0, 1} if command.split()[1] in ("account", "doctor") else {0}
        if ran.code not in allowed or "Traceback" in ran.err:
            failed.append(f"{command}: {ran.code}\n{ran.err[-600:]}")
    assert not failed, "\n\n".join(failed)


def test_the_two_first_commands_are_targets_of_the_makefile() -> None:
    """`make demo` and `make test` exist; continuous integration runs the second, test_demo the first."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for command in commands():
        if command.startswith("make "):
            assert re.search(rf"^{command.split()[1]}:", makefile, re.MULTILINE), command


def test_files_that_the_readme_links_exist() -> None:
    """A reader who clicks arrives."""
    missing = [link for link in re.findall(r"\]\(([^)#:]+)\)", README) if not (ROOT / link).exists()]
    assert not missing
