"""A host that vanishes without a word: no FIN, no RST, only silence. Its locks are free within a minute.

Needs Linux and root: the host is a network namespace, cut off by taking its address away.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from furnished import MONDAY, mail
from servers import Postgres, needed, wait_until

from triage.mail.message import RawMail
from triage.store.store import Store

pytestmark = [pytest.mark.server, pytest.mark.soak]

#: addresses for documentation (RFC 5737), of a net with room for two: they belong to nobody
HERE, THERE = "203.0.113.1", "203.0.113.2"
WITHIN = 75  # a minute, and what a loaded machine needs on top

#: holds a mailbox, a letter and a batch of mails, says so, and asks again when told to
HOLDER = """
import sys
from triage.store.store import Store
store = Store(sys.argv[1])
with store.books.collecting("support", "INBOX") as ours, store.books.unread(8) as batch:
    print("holds", ours, len(batch.mails), flush=True)
    sys.stdin.readline()
    try:
        store.books.waiting()
    except Exception as error:
        print("noticed", type(error).__name__, flush=True)
"""


def run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)


@contextmanager
def other_host() -> Iterator[str]:
    """A network namespace that reaches this machine over a cable of its own; gives its name."""
    ip, name = needed("ip"), f"triage{os.getpid()}"
    try:
        run(ip, "netns", "add", name)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"network namespaces are not allowed here: {error.stderr.decode().strip()}")
    with ExitStack() as stack:
        stack.callback(subprocess.run, [ip, "netns", "delete", name], capture_output=True)
        run(ip, "link", "add", f"{name}a", "type", "veth", "peer", "name", f"{name}b", "netns", name)
        stack.callback(subprocess.run, [ip, "link", "delete", f"{name}a"], capture_output=True)
        run(ip, "address", "add", f"{HERE}/30", "dev", f"{name}a")
        run(ip, "link", "set", f"{name}a", "up")
        run(ip, "-n", name, "address", "add", f"{THERE}/30", "dev", f"{name}b")
        run(ip, "-n", name, "link", "set", f"{name}b", "up")
        yield name


def cut_off(name: str) -> None:
    """From now on what is sent there is neither taken nor refused, and nothing comes from there."""
    run(needed("ip"), "-n", name, "address", "flush", "dev", f"{name}b")


@pytest.fixture
def server() -> Iterator[Postgres]:
    """A PostgreSQL that listens on the cable as well."""
    with TemporaryDirectory(prefix="triage-") as folder:
        server = Postgres(Path(folder) / "postgres", listen=f"127.0.0.1,{HERE}")
        server.create()
        with (server.folder / "data" / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {THERE}/32 trust\n")
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")


@pytest.fixture
def host() -> Iterator[str]:
    """The other host."""
    with other_host() as name:
        yield name


def test_a_host_that_vanishes_frees_its_locks_within_a_minute(host: str, server: Postgres) -> None:
    """Another takes over its mailbox and the mails that it had in hand; the lost host, if it lives, notices as soon."""
    url = server.database()
    store = Store(url)
    store.migrate()
    mails = [
        RawMail(
            mailbox="support", folder="INBOX", uidvalidity=1, uid=uid, arrived=MONDAY, content=mail(), size=len(mail())
        )
        for uid in (1, 2)
    ]
    store.books.keep(mails, now=MONDAY)
    command = [needed("ip"), "netns", "exec", host, sys.executable, "-c", HOLDER, url.replace("127.0.0.1", HERE)]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    assert holder.stdin is not None
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == "holds True 2\n"

        def held() -> bool:
            with store.books.collecting("support", "INBOX") as ours:
                return not ours

        def in_hand() -> bool:
            with store.books.unread(8) as batch:
                return not batch.mails

        assert held()
        assert in_hand()
        cut_off(host)
        begun = time.monotonic()
        holder.stdin.write("go on\n")
        holder.stdin.flush()
        wait_until(lambda: not held() and not in_hand(), "the vanished host still holds its locks", WITHIN)
        os.set_blocking(holder.stdout.fileno(), False)
        wait_until(
            lambda: "noticed" in holder.stdout.readline(), "it does not notice", WITHIN - time.monotonic() + begun + 20
        )
    finally:
        holder.kill()
        holder.wait()
        holder.stdin.close()
        holder.stdout.close()
        store.close()


def test_each_session_has_its_limits_on_both_ends(postgres_server: Postgres) -> None:
    """What frees the locks, as the server and the kernel see it."""
    store = Store(postgres_server.database())
    with store.engine.connect() as connection:
        said = {
            name: connection.exec_driver_sql(f"SHOW {name}").scalar()
            for name in (
                *("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count", "tcp_user_timeout"),
                "idle_in_transaction_session_timeout",
            )
        }
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        ours = driver.info.get_parameters()
    store.close()
    assert list(said.values()) == ["15", "5", "4", "40000", "5min"]
    assert (ours["keepalives_idle"], ours["tcp_user_timeout"]) == ("15", "40000")
