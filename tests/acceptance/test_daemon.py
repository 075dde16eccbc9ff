"""The process itself: started as users start it, against real servers, and ended as machines end it."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from furnished import DESK, mail
from servers import PASSWORD, USER, Dovecot, Postgres, Sink, dovecot, end, fill, small_disk, smtp_sink, wait_until

from triage.store.store import Store
from triage.store.views import LetterLine

pytestmark = pytest.mark.server
COMPLAINT = "You have charged me twice for invoice INV-{number}. Please refund the duplicate charge of 49.90 EUR."


class Site:
    """A configured site: servers, a folder with config.toml, and the processes that run there."""

    def __init__(self, folder: Path, server: Dovecot, sink: Sink, url: str) -> None:
        self.folder, self.server, self.sink, self.url = folder, server, sink, url
        self.started: list[subprocess.Popen[bytes]] = []
        (folder / "config.toml").write_text(f"""\
[database]
url = "{url}"

[[mailbox]]
name = "support"
host = "127.0.0.1"
port = {server.port}
security = "none"
username = "{USER}"
password = "{PASSWORD}"
address = "{DESK}"
poll_seconds = 1

[relay]
host = "127.0.0.1"
port = {sink.port}
security = "none"
timeout_seconds = 5

[model]
backend = "none"
auto_threshold = 0.5
review_threshold = 0.3

[letters]
sender = "Example Support <{DESK}>"
""")

    def start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start `triage run`, or another command."""
        command = [sys.executable, "-m", "triage", "--config", "config.toml", *(arguments or ("run",))]
        log = (self.folder / f"log-{len(self.started)}").open("wb")
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}
        process = subprocess.Popen(command, cwd=self.folder, env=environment, stdout=log, stderr=log)
        log.close()
        self.started.append(process)
        return process

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end; what it says goes nowhere but into the answer."""
        command = [sys.executable, "-m", "triage", "--config", "config.toml", *arguments]
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    def says(self, at: int = -1) -> str:
        """What a process has said, on both outputs."""
        return (self.folder / f"log-{at % len(self.started)}").read_text(encoding="utf-8")

    def wait_for(self, words: str, process: "subprocess.Popen[bytes] | None" = None) -> None:
        """Wait until a process, the one started last where none is named, says something."""
        at = self.started.index(process) if process is not None else -1
        wait_until(lambda: words in self.says(at), f"it does not say {words!r}: {self.says(at)[-2000:]}", 240)

    def complaints(self, numbers: range) -> None:
        """Complaints arrive, one a customer."""
        self.server.put(
            *(
                mail(COMPLAINT.format(number=n), sender=f"c{n}@example.org", message_id=f"<{n}@example.org>")
                for n in numbers
            )
        )

    def letters(self) -> list[LetterLine]:
        """Every letter in the books."""
        store = Store(self.url)
        try:
            return list(store.outbox.lines(limit=1000)) if store.version() else []
        finally:
            store.close()

    def refusal(self) -> str:
        """Why a mailbox is not let in; "" when all are."""
        store = Store(self.url)
        try:
            return "; ".join(alarm.why for alarm in store.alarms.open() if alarm.kind == "mailbox")
        finally:
            store.close()

    def alarms(self) -> list[str]:
        """The kinds of open alarms."""
        store = Store(self.url)
        try:
            return [alarm.kind for alarm in store.alarms.open()]
        finally:
            store.close()

    def settled(self, count: int) -> bool:
        """Whether all these complaints have a letter that has come to an end, and each copy has told of its letter."""
        letters = self.letters()
        return len(letters) == count and all(
            letter.state in ("sent", "in_doubt")
            and (letter.state == "sent") == (self.sink.reached(letter.recipient) == 1)
            for letter in letters
        )

    def settle(self, count: int, seconds: float = 240) -> None:
        """Wait until they have settled; fails the test where they do not."""
        wait_until(lambda: self.settled(count), lambda: f"they do not settle: {self.state()}", seconds)

    def state(self) -> str:
        """What there is where they do not settle: letters, alarms, and the last words of each process."""
        letters = [f"{x.recipient} {x.state} ({x.why}), taken {self.sink.reached(x.recipient)}" for x in self.letters()]
        words = [self.says(at)[-2000:] for at in range(len(self.started))]
        return "\n".join([*letters, f"alarms: {self.alarms()}", self.refusal(), *words])

    def read(self) -> int:
        """How many mails have been read."""
        store = Store(self.url)
        try:
            return sum(1 for _ in store.books.lines())
        finally:
            store.close()

    def check(self, count: int) -> None:
        """Nothing lost, nothing twice."""
        store = Store(self.url)
        lines = list(store.books.lines())
        store.close()
        assert max(Counter((line.uidvalidity, line.uid) for line in lines).values()) == 1
        opened = Counter(line.message_id for line in lines if line.opened)
        assert opened == Counter(f"<{number}@example.org>" for number in range(count))
        sent = Counter(recipients[0] for _, recipients in self.sink.taken)
        assert max(sent.values()) == 1
        for letter in self.letters():
            assert (letter.state == "sent") == (sent[letter.recipient] == 1), letter


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    """One Dovecot for this module."""
    # not in pytest's own folder: a second run of pytest, as it starts, closes that to the server's user
    with TemporaryDirectory(prefix="triage-") as folder, dovecot(Path(folder) / "dovecot") as running:
        yield running


@pytest.fixture
def site(server: Dovecot, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Site]:
    """An empty mailbox, a relay, and a database of the kind that the test asks for."""
    url = f"sqlite:///{tmp_path}/triage.db"
    if getattr(request, "param", "") == "postgres":
        cluster: Postgres = request.getfixturevalue("postgres_server")
        url = cluster.database()
    with server.connected() as client:
        # in each folder: the copy of a letter that was filed away is proof of it
        for _, _, folder in client.list_folders():
            client.select_folder(folder)
            if uids := client.search("ALL"):
                client.delete_messages(uids)
                client.expunge()
    with ExitStack() as stack:
        if getattr(request, "param", "") == "small disk":
            stack.enter_context(small_disk(tmp_path, 8))
        sink = stack.enter_context(smtp_sink(DESK, server.put))
        site = Site(tmp_path, server, sink, url)
        yield site
        for process in site.started:
            end(process)


@pytest.mark.timeout(1200)  # a stalled machine makes letters wait for their third try, minutes later
@pytest.mark.parametrize("site", ["sqlite", "postgres"], indirect=True)
def test_killed_at_any_moment_it_loses_nothing_and_sends_nothing_twice(site: Site) -> None:
    """kill -9 while mails come, are read and answered; the next start goes on from there."""
    dice = random.Random(7)  # noqa: S311 - seeded moments, no secrets
    count = 12
    site.sink.delay = 0.1
    site.complaints(range(count))
    for _ in range(3):
        process = site.start()
        site.wait_for('"started"')
        time.sleep(dice.uniform(0.3, 2.5))
        end(process, signal.SIGKILL)
    site.start()
    site.settle(count, 600)
    site.check(count)
    assert sum(letter.state == "in_doubt" for letter in site.letters()) <= 3


#: who does what, one process each: two that do all, and three that share the work
EACH_ALL = (("run",), ("run",))
SPLIT = (
    ("run", "--only", "collect"),
    ("run", "--only", "read"),
    ("run", "--only", "deliver", "--only", "look_again"),
)


def kill_in_turn(site: Site, roles: Sequence[Sequence[str]], *, count: int, kills: int, seed: int) -> None:
    """Mails come in portions; after each, at a seeded point of the work, a process is killed and started again."""
    dice = random.Random(seed)  # noqa: S311 - seeded points, no secrets
    site.sink.delay = 0.02
    processes = [site.start(*role) for role in roles]
    for process in processes:
        site.wait_for('"started"', process)
    portions = [range(count * at // kills, count * (at + 1) // kills) for at in range(kills)]
    for portion in portions:
        progress = dice.choice([site.read, lambda: len(site.sink.taken)])
        point = progress() + dice.randint(1, len(portion))
        site.complaints(portion)
        # what a process does right after a letter or a commit is the moment that counts
        wait_until(lambda: progress() >= point, "the work stands still", 300)  # noqa: B023
        time.sleep(dice.uniform(0, 0.1))
        victim = dice.randrange(len(processes))
        end(processes[victim], signal.SIGKILL)
        processes[victim] = site.start(*roles[victim])
    site.settle(count, 600)
    site.check(count)
    assert sum(letter.state == "in_doubt" for letter in site.letters()) <= kills
    for process in processes:
        site.wait_for('"started"', process)
        assert end(process, signal.SIGTERM) == 0


@pytest.mark.timeout(1200)  # a machine that does other things starts nine processes slowly
@pytest.mark.parametrize("roles", [EACH_ALL, SPLIT], ids=["each-all", "split"])
@pytest.mark.parametrize("site", ["postgres"], indirect=True)
def test_processes_that_share_the_work_are_killed_and_nothing_is_lost_or_sent_twice(
    site: Site, roles: Sequence[Sequence[str]]
) -> None:
    """kill -9 of one of several on PostgreSQL, again and again: the others and its successor go on from there."""
    kill_in_turn(site, roles, count=18, kills=3, seed=3)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("roles", [EACH_ALL, SPLIT], ids=["each-all", "split"])
@pytest.mark.parametrize("site", ["postgres"], indirect=True)
def test_the_same_for_longer(site: Site, roles: Sequence[Sequence[str]], seed: int) -> None:
    """Three hundred mails and thirty kills."""
    kill_in_turn(site, roles, count=300, kills=30, seed=seed)


def test_sigterm_ends_it_within_seconds_and_a_second_one_is_refused_before(site: Site) -> None:
    """A clean stop with exit code 0; the second daemon on the same file is told why, with exit code 2."""
    process = site.start()
    site.wait_for('"started"')
    assert site.start().wait(60) == 2
    assert f"process {process.pid}" in site.says()
    assert "Traceback" not in site.says()
    assert end(process, signal.SIGTERM) == 0


#: runs triage, and sends SIGTERM at the moment when the main thread has taken the lock of an event to wait for it
BREAKING_IN = """
import os, signal, sys, threading
from triage.cli import main

def trace(frame, event, argument):
    if frame.f_code is threading.Condition.wait.__code__ and frame.f_locals.get("timeout") is None:
        sys.settrace(None)
        signal.raise_signal(signal.SIGTERM)
    return None

def started(line):
    if "started" in str(line):
        timer = threading.Timer(1, os.kill, (os.getpid(), signal.SIGTERM))
        timer.daemon = True
        timer.start()
        sys.settrace(trace)

import triage.daemon
plain = triage.daemon.log
class Heard:
    def __getattr__(self, name):
        return getattr(plain, name)
    def info(self, event, **more):
        plain.info(event, **more)
        if threading.current_thread() is threading.main_thread():
            started(event)
triage.daemon.log = Heard()
sys.exit(main())
"""


def test_a_sigterm_is_heard_even_while_the_daemon_lies_down_to_wait(site: Site) -> None:
    """No moment exists at which the signal's handler waits for a lock that its own thread holds."""
    command = [sys.executable, "-c", BREAKING_IN, "--config", "config.toml", "run"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, cwd=site.folder, env=environment, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert b"stopped" in done.stderr


#: runs triage, and has another thread than the main one struck by SIGTERM: nothing then wakes the main thread
ASTRAY = """
import signal, sys, threading, time
from triage.cli import main

def strike():
    while signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        time.sleep(0.1)
    time.sleep(2)
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

threading.Thread(target=strike, daemon=True).start()
sys.exit(main())
"""


def test_a_sigterm_that_does_not_wake_the_daemon_is_heard(site: Site) -> None:
    """So is one that comes between the last step before the wait and the wait itself."""
    command = [sys.executable, "-c", ASTRAY, "--config", "config.toml", "run"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, cwd=site.folder, env=environment, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert b"stopped" in done.stderr


@pytest.mark.parametrize("site", ["postgres"], indirect=True)
def test_two_processes_on_postgresql_share_the_work(site: Site) -> None:
    """Both run; each complaint is booked, opened and answered once."""
    first, second = site.start(), site.start()
    wait_until(lambda: '"started"' in site.says(0) and '"started"' in site.says(1), "they do not start", 240)
    site.complaints(range(20))
    site.settle(20)
    site.check(20)
    assert end(first, signal.SIGTERM) == end(second, signal.SIGTERM) == 0


def test_a_wrong_password_stops_one_mailbox_only_and_is_mended_without_a_restart(site: Site) -> None:
    """The others go on; the refused one is not tried at every poll, and is back as soon as its file is right."""
    secret = site.folder / "billing-password"
    secret.write_text("wrong")
    with (site.folder / "config.toml").open("a") as config:
        config.write(f"""
[[mailbox]]
name = "billing"
host = "127.0.0.1"
port = {site.server.port}
security = "none"
username = "{USER}"
password_file = "{secret}"
address = "billing@example.com"
poll_seconds = 1
""")
    site.start()
    site.complaints(range(2))
    site.settle(2)
    wait_until(lambda: "tried again from" in site.refusal(), "it is tried again and again", 240)
    secret.write_text(PASSWORD)
    wait_until(lambda: not site.refusal(), "it does not come back", 240)


@pytest.mark.parametrize("site", ["postgres"], indirect=True)
def test_it_goes_on_by_itself_when_its_database_has_been_away(site: Site, postgres_server: Postgres) -> None:
    """The server crashes under the daemon: doctor tells so, what came meanwhile is answered once, a person is told."""
    process = site.start()
    site.wait_for('"started"')
    site.complaints(range(3))
    site.settle(3)
    postgres_server.stop("immediate")
    try:
        site.complaints(range(3, 6))
        site.wait_for("walk_failed")
        assert site.start("doctor").wait(120) == 1
        assert "FAIL database" in site.says()
        assert "Traceback" not in site.says(0) + site.says(1)
    finally:
        postgres_server.start()
    site.settle(6)
    site.check(6)
    assert process.poll() is None
    assert site.alarms() == ["database"]


@pytest.mark.soak
@pytest.mark.parametrize("site", ["small disk"], indirect=True)
def test_it_goes_on_by_itself_when_its_disk_has_been_full(site: Site) -> None:
    """To the last byte, under its database and its log: what came meanwhile is answered once, a person is told."""
    process = site.start()
    site.wait_for('"started"')
    site.complaints(range(3))
    site.settle(3)
    filling = fill(site.folder)
    site.complaints(range(3, 30))
    time.sleep(10)
    examined = site.run("doctor")
    assert examined.returncode == 1
    assert "FAIL database" in examined.stdout
    assert "full" in examined.stdout
    assert "Traceback" not in examined.stdout + examined.stderr
    assert process.poll() is None
    filling.unlink()
    site.settle(30)
    site.check(30)
    assert site.alarms() == ["database"]
    assert process.poll() is None
    assert end(process, signal.SIGTERM) == 0


def test_what_is_wrong_with_the_database_is_one_clear_line(site: Site) -> None:
    """Exit code 2, the place and the reason, and no traceback."""
    (site.folder / "triage.db").write_text("this is no database, and long enough to be told so at once" * 20)
    assert site.start("once").wait(60) == 2
    assert "triage.db" in site.says()
    assert "not a database" in site.says()
    assert "Traceback" not in site.says()
