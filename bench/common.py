"""What the measurements share: mails out of the training corpus, servers, a configuration, and how a result is told."""

import argparse
import json
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from imapclient import IMAPClient

from models.corpus_read import CorpusMail, read_corpus
from triage import log
from triage.config.settings import load_settings
from triage.house import House
from triage.testing import InMemoryMailbox, InMemoryRelay

P = ParamSpec("P")
R = TypeVar("R")

DESK = "support@desk.example"
CORPUS = Path(__file__).parent.parent / "models" / "corpus"
#: of ten mails one was written by a machine, as in a real inbox
_AUTOMATIC_EVERY = 10
_CONFIG = """\
[database]
url = "{database}"

[[mailbox]]
name = "support"
host = "127.0.0.1"
port = {imap_port}
security = "none"
username = "{user}"
password = "{password}"
address = "{desk}"
idle = false

[relay]
host = "127.0.0.1"
port = {smtp_port}
security = "none"
username = ""

[letters]
sender = "Support <{desk}>"
acknowledge = "auto"
journal = "off"
caps = {{ per_hour = 1000000, per_sender_per_day = 1000 }}

[model]
backend = "{backend}"

[log]
level = "error"
"""


def options(description: str | None, *, mails: int) -> argparse.ArgumentParser:
    """A command line with what every measurement takes."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mails", type=int, default=mails, help=f"how many mails (default {mails})")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of words")
    return parser


def tell(result: Mapping[str, Any], *, as_json: bool) -> None:
    """Print a result: one JSON object, or a line for each figure and a table for each list of rows."""
    if as_json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        if isinstance(value, list):
            _print_table(name, value)
        else:
            print(f"{name:<46} {_figure(value)}")


def _print_table(name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    print(f"\n{name}")
    columns = list(rows[0]) if rows else []
    cells = [columns, *([_figure(row[column]) for column in columns] for row in rows)]
    widths = [max(len(line[at]) for line in cells) for at in range(len(columns))]
    for line in cells:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _figure(value: Any) -> str:
    return (
        f"{value:.3g}"
        if isinstance(value, float) and abs(value) < 100
        else f"{value:.0f}"
        if isinstance(value, float)
        else str(value)
    )


# mails


@cache
def corpus() -> tuple[CorpusMail, ...]:
    """The mails of the training corpus, in an order of no meaning that is always the same."""
    mails = read_corpus(CORPUS)
    random.Random(1).shuffle(mails)  # noqa: S311 - an order, no secret
    return tuple(mails)


def mails(count: int, *, since: datetime | None = None) -> Iterator[bytes]:
    """So many mails as a server has them, each from a sender of its own; beyond the corpus its texts come again."""
    begun = since or datetime.now(UTC) - timedelta(hours=1)
    for number in range(count):
        yield _mail(number, corpus()[number % len(corpus())], begun + timedelta(seconds=number % 3600))


def _mail(number: int, source: CorpusMail, sent: datetime) -> bytes:
    message = EmailMessage()
    name = parseaddr(source.sender)[0] or f"Writer {number}"
    message["From"] = Address(name.encode("ascii", "replace").decode(), f"writer{number}", "mail.example")
    message["To"] = DESK
    message["Subject"] = " ".join(source.subject.split())
    message["Date"] = format_datetime(sent)
    message["Message-ID"] = f"<{number}.{source.id}@mail.example>"
    if number % _AUTOMATIC_EVERY == 0:
        message["Auto-Submitted"] = "auto-replied"
    # the same words again would be a copy
    again = f"\n\n-- \n{number}\n" if number >= len(corpus()) else "\n"
    message.set_content(source.body + again)
    return message.as_bytes()


# servers


@contextmanager
def mailbox(folder: Path, contents: Sequence[bytes]) -> Iterator[tuple[str, int, str, str]]:
    """An IMAP server with these mails: its name, port, user and password.

    Dovecot where it is installed, else the demonstration's pymap.
    """
    # not at the top: what they bring along would stand in the memory that others measure
    from tests.servers import PASSWORD, USER, dovecot
    from triage.demo import servers as embedded

    if shutil.which("dovecot", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin"):
        with dovecot(folder) as server:
            _fill(server.port, USER, PASSWORD, contents)
            yield "Dovecot", server.port, USER, PASSWORD
        return
    with embedded.imap_server() as port:
        _fill(port, embedded.USER, embedded.PASSWORD, contents)
        yield "pymap (Dovecot is not installed)", port, embedded.USER, embedded.PASSWORD


def _fill(port: int, user: str, password: str, contents: Sequence[bytes]) -> None:
    with IMAPClient("127.0.0.1", port=port, ssl=False, timeout=30) as client:
        client.login(user, password)
        for content in contents:
            client.append("INBOX", content.replace(b"\n", b"\r\n"), msg_time=datetime.now(UTC))


def write_config(folder: Path, **values: object) -> Path:
    """A configuration of the program; what is not named does not matter."""
    defaults: dict[str, object] = {
        "database": f"sqlite:///{folder}/triage.db", "imap_port": 1, "smtp_port": 1, "user": "nobody",
        "password": "nothing", "desk": DESK, "backend": "none",
    }  # fmt: skip
    path = folder / "config.toml"
    path.write_text(_CONFIG.format(**{**defaults, **values}), encoding="utf-8")
    return path


def open_house(config: Path) -> House:
    """The program's parts under a configuration; it keeps quiet."""
    log.set_up("error", "text")
    return House(load_settings(config))


def house_of_twins(config: Path) -> tuple[House, InMemoryMailbox]:
    """The same with a mailbox and a relay in memory, so that only our own work counts; and that mailbox."""
    house = open_house(config)
    twin = InMemoryMailbox(house.mailboxes()[0].account)
    vars(house).update(_mailboxes=(twin,), relay=InMemoryRelay())
    return house, twin


@contextmanager
def workplace() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        yield Path(folder)


# measuring


def apart(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Do it in a process of its own, so that nothing done before counts."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *args, **kwargs).result()


def resident() -> float:
    """Resident memory of this process, in MB of a million bytes."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
