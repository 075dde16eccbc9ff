"""`triage demo`: the main job on loopback, with nothing to configure."""

import threading
import time
from collections.abc import Mapping
from email import message_from_bytes, policy
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn

from triage import log
from triage.cli.common import app, err, out
from triage.config.settings import Settings, load_settings
from triage.daemon import Daemon
from triage.demo import servers
from triage.errors import OperatorError
from triage.house import House
from triage.store.views import BookLine, LetterLine

DESK = "support@shop.example"
_LIMIT_SECONDS = 180
CONFIG = """\
# Written by `triage demo`: the servers were its own and are gone, the cases are here to look at.
[database]
url = "sqlite:///{folder}/triage.db"

[[mailbox]]
name = "support"
host = "127.0.0.1"
port = {imap_port}
security = "none"
username = "support"
password = "demo"
address = "{desk}"
aliases = ["billing@shop.example"]
poll_seconds = 1

[relay]
host = "127.0.0.1"
port = {smtp_port}
security = "none"

[letters]
sender = "Shop Support <{desk}>"
contact = "+44 20 7946 0999"

[hours]
zone = "Europe/Madrid"

[log]
level = "error"
"""
#: the first line of our config, by which a folder of ours is known
_MARK = CONFIG[: CONFIG.index("\n") + 1]
#: what a demonstration leaves in its folder
_LEFT = ("letters/[0-9][0-9]-*.eml", "triage.db", "triage.db-shm", "triage.db-wal", "triage.db.lock-file")


@app.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Where cases and letters are left to look at.")] = Path("demo"),
    keep: Annotated[
        bool, typer.Option("--keep", help="Go on with what is in the folder instead of starting afresh.")
    ] = False,
) -> None:
    """The main job on loopback, with nothing to configure: its own IMAP and SMTP servers, sample mails, the daemon.

    Prints what happened to each mail and why, and leaves the cases to look at.
    """
    _prepare(folder, keep=keep)
    mails = sorted((Path(servers.__file__).parent / "mails").glob("*.eml"))
    outbox = folder / "letters"
    with servers.imap_server() as imap_port, servers.smtp_server(outbox, DESK, imap_port) as smtp_port:
        config = folder / "config.toml"
        text = CONFIG.format(folder=folder.resolve(), desk=DESK, imap_port=imap_port, smtp_port=smtp_port)
        config.write_text(text, encoding="utf-8")
        settings = load_settings(config)
        log.set_up(settings.log.level, settings.log.format)
        for mail in mails:
            servers.deliver(imap_port, mail.read_bytes())
        lines, letters = _run(settings, expected=len(mails))
    names: dict[str, list[str]] = {}
    for mail in mails:
        names.setdefault(_message_id(mail), []).append(mail.stem)
    _print(lines, letters, names)
    out.print(f"\nLetters: {escape(str(outbox))}/    Look on:")
    for words in (
        "cases list",
        "cases show " + next((line.case for line in lines if line.case), "DSP-…"),
        "review list",
        "report",
    ):
        out.print(f"  triage --config {escape(str(config))} {words}", soft_wrap=True)


def _prepare(folder: Path, *, keep: bool) -> None:
    """Mark the folder as ours, and clear away what an earlier demonstration left, unless that is to be kept."""
    try:
        if not _is_ours(folder):
            raise OperatorError(f"{folder} was not made by triage demo, and is left alone: name another with --folder")
        for name in () if keep else _LEFT:
            for file in list(folder.glob(name)):
                file.unlink()
        (folder / "letters").mkdir(parents=True, exist_ok=True)
        (folder / "config.toml").write_text(_MARK, encoding="utf-8")
    except OSError as error:
        raise OperatorError(f"{folder}: {error.strerror}") from error


def _is_ours(folder: Path) -> bool:
    """Whether an earlier demonstration wrote its config there, or nothing is there at all."""
    config = folder / "config.toml"
    if config.is_file():
        return config.read_text(encoding="utf-8", errors="replace").startswith(_MARK)
    return not folder.exists() or not any(folder.iterdir())


def _run(settings: Settings, *, expected: int) -> tuple[list[BookLine], tuple[LetterLine, ...]]:
    """The daemon, until every mail is in the books and every letter has gone out."""
    with House(settings) as house, _waiting():
        daemon = Daemon(house)
        watcher = threading.Thread(target=_stop_when_settled, args=(house, daemon, expected), daemon=True)
        watcher.start()
        daemon.run()
        return list(house.store.books.lines()), house.store.outbox.lines()


def _stop_when_settled(house: House, daemon: Daemon, expected: int) -> None:
    deadline = time.monotonic() + _LIMIT_SECONDS
    while time.monotonic() < deadline:
        lines = list(house.store.books.lines())
        letters = house.store.outbox.lines()
        copies = sum("copy of our own letter" in line.why for line in lines)
        sent = sum(letter.state == "sent" for letter in letters)
        if len(lines) - copies >= expected and sent == len(letters) and copies == sent:
            break
        time.sleep(0.2)
    daemon.stop()


def _waiting() -> Progress:
    progress = Progress(SpinnerColumn(), TextColumn("{task.description}"), console=err, transient=True)
    progress.add_task("the daemon reads, decides and answers …")
    return progress


def _message_id(mail: Path) -> str:
    return str(message_from_bytes(mail.read_bytes(), policy=policy.compat32)["Message-ID"])


def _print(lines: list[BookLine], letters: tuple[LetterLine, ...], names: Mapping[str, list[str]]) -> None:
    acknowledged = {letter.case: letter.language for letter in letters if letter.state == "sent"}
    for line in lines:
        if "copy of our own letter" in line.why:
            continue
        known = names.get(line.message_id or "", [])
        # a copy bears the same Message-ID: the first line is the first mail's
        name = known.pop(0) if known else line.message_id or "no Message-ID"
        done = f"{line.outcome}"
        if line.opened and line.case:
            done = (
                f"{line.case}, acknowledged in {acknowledged[line.case]}"
                if line.case in acknowledged
                else f"{line.case}, in review"
            )
        elif line.case:
            done = f"{line.outcome}, with {line.case}"
        found = " ".join(filter(None, (", ".join(line.invoices), line.amount)))
        out.print(
            f"[bold]{escape(name):<28}[/bold] {escape(done)}{f'  [dim]{escape(found)}[/dim]' if found else ''}",
            soft_wrap=True,
        )
        out.print(f"{'':<28} [dim]{escape(line.why)}[/dim]", soft_wrap=True)
