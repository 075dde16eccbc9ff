"""The daemon: clocks that call the walks, watchers that wake them early, and a clean stop.

Each walk has one clock (an APScheduler job); a walk that is woken while it runs, runs once more afterwards. IMAP IDLE
wakes `collect`, new mails wake `read`, new letters wake `deliver`; the clock is the guarantee. SIGTERM and SIGINT end
it within seconds: what was begun is finished or rolled back, and the next start goes on from there.
"""

import contextlib
import faulthandler
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Literal, get_args

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from triage import pipeline
from triage.errors import DatabaseError, MailboxError, TriageError
from triage.house import House
from triage.log import get_logger
from triage.mail.mailbox import Mailbox
from triage.store.dialect import is_postgres, listen, one_daemon
from triage.store.retention import Forgotten

Walk = Literal["collect", "read", "deliver", "look_again"]
WALKS: tuple[Walk, ...] = get_args(Walk)

log = get_logger()

#: seconds between looks at what nobody may have told us of
_READ_SECONDS = 5
_DELIVER_SECONDS = 5
_DIARY_SECONDS = 30
_RETENTION_SECONDS = 24 * 3600
#: seconds between tries to watch a mailbox that failed: doubled each time, up to the last
_WATCH_AGAIN = (1, 300)
#: a watch that lasted so long had a connection that worked
_LIVED_SECONDS = 10
#: a mail that hangs its reader so long ends the process; the next one reads it alone, and at last sets it aside
_READING_SECONDS = 600
#: its file descriptor: whatever sys.stderr is just now
_STANDARD_ERROR = 2
#: how late a signal is heard at most
_HEAR_SECONDS = 1
#: how long a stop waits for the walks in hand
_STOP_SECONDS = 8


class Clock:
    """One walk, wound up: runs when due or woken, never twice at once, and once more when woken meanwhile."""

    def __init__(
        self,
        name: str,
        walk: Callable[[], int],
        after: Callable[[], None] | None = None,
        recovered: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.name = name
        self._walk = walk
        self._after = after
        #: told, once the database can be used again, since when and why it could not
        self._recovered = recovered
        self._trouble = ""
        self._wanted = threading.Event()
        self._running = threading.Lock()
        #: when it last ended well, for health
        self.last_done: datetime | None = None

    def run(self) -> None:
        """Run now, unless it is running: then it will go round once more."""
        self._wanted.set()
        while self._wanted.is_set() and self._running.acquire(blocking=False):
            try:
                self._wanted.clear()
                self._once()
            finally:
                self._running.release()

    def _once(self) -> None:
        try:
            done = self._walk()
            if self._trouble:
                self._recovered(self._trouble)
                self._trouble = ""
            self.last_done = datetime.now(UTC)
        except DatabaseError as error:
            self._trouble = self._trouble or f"since {_now():%Y-%m-%d %H:%M} UTC {error}"
            log.error("walk_failed", walk=self.name, why=str(error))
        except TriageError as error:
            log.error("walk_failed", walk=self.name, why=str(error))
        except Exception:
            log.exception("walk_broke", walk=self.name)
        else:
            if done and self._after is not None:
                self._after()


class Daemon:
    """All clocks of one process."""

    def __init__(self, house: House, walks: Sequence[Walk] = WALKS) -> None:
        self._house = house
        self._walks = tuple(walks)
        self._stopped = threading.Event()
        #: a signal may break in while its own thread holds an event's lock; this queue alone bears that
        self._asked_to_stop: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(max_workers=8 + len(house.settings.mailbox))},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def run(self) -> bool:
        """Run until SIGTERM, SIGINT or `stop`; False when a walk did not end in time and still holds its thread.

        Raises AlreadyRunning for a second daemon on one SQLite file.
        """
        with one_daemon(self._house.store.engine):
            self._prepare()
            _take_up_copy(self._house)
            with self._signals():
                self._wind_up()
                log.info(
                    "started", walks=",".join(self._walks), model=self._house.model if "read" in self._walks else ""
                )
                self._wait_to_be_stopped()
                return self._wind_down()

    def stop(self) -> None:
        """End `run` soon; safe from any thread and from a signal."""
        self._asked_to_stop.put(None)

    def _wait_to_be_stopped(self) -> None:
        # a signal that comes just before a wait, or strikes another thread, does not end it: its handler runs after it
        while True:
            with contextlib.suppress(queue.Empty):
                self._asked_to_stop.get(timeout=_HEAR_SECONDS)
                return

    def _prepare(self) -> None:
        """Open everything that can be wrong before the first walk: a mistake is the operator's to hear of now."""
        house = self._house
        if "read" in self._walks:
            _open_for_reading(house)
        if "deliver" in self._walks and house.relay is None:
            log.warning("no_relay", why="letters will wait: config.toml has no [relay] section")
        if "look_again" in self._walks and house.settings.retention.is_set:
            _ = house.pseudonyms
        if "collect" in self._walks:
            house.mailboxes()

    def _wind_up(self) -> None:
        house = self._house
        stopped = self._stopped.is_set
        deliver = Clock("deliver", lambda: pipeline.deliver(house, stopped=stopped), recovered=self._recovered)
        after_reading = (lambda: self._wake(deliver)) if "deliver" in self._walks else None
        read = Clock("read", self._read, after=after_reading, recovered=self._recovered)
        diary = Clock("look_again", lambda: pipeline.look_again(house), recovered=self._recovered)
        # every clock starts by running once: what an earlier process left behind is taken up first
        for clock, seconds in ((read, _READ_SECONDS), (deliver, _DELIVER_SECONDS), (diary, _DIARY_SECONDS)):
            if clock.name in self._walks:
                self._scheduler.add_job(clock.run, "interval", seconds=seconds, id=clock.name, next_run_time=_now())
        if "look_again" in self._walks and house.settings.retention.is_set:
            retention = Clock("retention", self._forget, recovered=self._recovered)
            self._scheduler.add_job(
                retention.run, "interval", seconds=_RETENTION_SECONDS, id=retention.name, next_run_time=_now()
            )
        if "collect" in self._walks:
            self._wind_up_mailboxes(read)
        self._listen({"read": read, "deliver": deliver})
        self._scheduler.start()

    def _read(self) -> int:
        """Read what is kept; a guard outside of the interpreter ends a reading that would never end by itself."""
        done = 0
        while not self._stopped.is_set():
            faulthandler.dump_traceback_later(_READING_SECONDS, exit=True, file=_STANDARD_ERROR)
            try:
                count = pipeline.read_batch(self._house)
            finally:
                faulthandler.cancel_dump_traceback_later()
            if not count:
                break
            done += count
        return done

    def _forget(self) -> int:
        """What is past its time goes, once a day; a stop ends it between two batches."""
        house, total = self._house, Forgotten()
        for done in house.store.retention.run(house.past_time(), house.pseudonyms, now=house.now()):
            total += done
            if self._stopped.is_set():
                break
        if total.cases or total.mails:
            house.store.retention.give_back()
            log.info("forgotten", cases=total.cases, mails=total.mails, letters=total.letters)
        return total.cases + total.mails

    def _wind_up_mailboxes(self, read: Clock) -> None:
        polls = {settings.name: settings for settings in self._house.settings.mailbox}
        for mailbox in self._house.mailboxes():
            settings = polls[mailbox.account.name]
            name = f"collect {mailbox.account.name}/{mailbox.account.folder}"
            after = (lambda: self._wake(read)) if "read" in self._walks else None
            collect = partial(pipeline.collect_one, self._house, mailbox, stopped=self._stopped.is_set)
            clock = Clock(name, collect, after=after, recovered=self._recovered)
            self._scheduler.add_job(clock.run, "interval", seconds=settings.poll_seconds, id=name, next_run_time=_now())
            if settings.idle:
                watcher = Mailbox(mailbox.account)
                self._thread(name, partial(self._watch, watcher, clock))

    def _recovered(self, trouble: str) -> None:
        """A person is told of what could not be written down while it lasted."""
        now = self._house.now()
        self._house.store.alarms.call("database", "", f"until {now:%H:%M} UTC, {trouble}", now=now)

    def _wake(self, clock: Clock) -> None:
        if not self._stopped.is_set():
            with contextlib.suppress(RuntimeError):  # the scheduler is already being shut down
                self._scheduler.add_job(clock.run)

    def _watch(self, watcher: Mailbox, clock: Clock) -> None:
        """Wake the collector whenever the server speaks; a connection that fails is made again, later each time."""
        pause = _WATCH_AGAIN[0]
        while not self._stopped.is_set():
            begun = time.monotonic()
            try:
                if not watcher.watch(lambda: self._wake(clock), self._stopped.is_set):
                    log.info("no_idle", mailbox=watcher.account.name, why="the server has no IDLE: polling only")
                    return
            except MailboxError as error:
                log.warning("watch_failed", mailbox=watcher.account.name, why=str(error))
            # a connection that had lived is made again at once; one that ends as soon as it begins, later and later
            pause = _WATCH_AGAIN[0] if time.monotonic() - begun > _LIVED_SECONDS else min(pause * 2, _WATCH_AGAIN[1])
            self._stopped.wait(pause)
        watcher.close()

    def _listen(self, clocks: dict[str, Clock]) -> None:
        """Other processes tell of new work through PostgreSQL; on SQLite there are none."""
        wanted = {name: clock for name, clock in clocks.items() if name in self._walks}

        def hear() -> None:
            for name in listen(self._house.store.engine, tuple(wanted), self._stopped):
                if name in wanted:
                    self._wake(wanted[name])

        if wanted and is_postgres(self._house.store.engine):
            self._thread("listen", hear)

    def _thread(self, name: str, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _wind_down(self) -> bool:
        self._stopped.set()
        log.info("stopping")
        deadline = time.monotonic() + _STOP_SECONDS
        stopping = threading.Thread(target=self._scheduler.shutdown, kwargs={"wait": True}, daemon=True)
        stopping.start()
        for thread in (stopping, *self._threads):
            thread.join(max(0.0, deadline - time.monotonic()))
        log.info("stopped", clean=not stopping.is_alive())
        return not stopping.is_alive()

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """SIGTERM and SIGINT stop the daemon; the handlers that were there come back afterwards."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, lambda *_: self.stop()) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def once(house: House) -> dict[str, int]:
    """One round of all walks, then done: for cron and for tests. Raises AlreadyRunning beside a daemon on SQLite."""
    with one_daemon(house.store.engine):
        _open_for_reading(house)
        _take_up_copy(house)
        return {
            "collected": pipeline.collect(house),
            "read": pipeline.read(house),
            "delivered": pipeline.deliver(house),
            "looked_again": pipeline.look_again(house),
        }


def _open_for_reading(house: House) -> None:
    """Raises OperatorError for what would set aside every mail that is read."""
    _ = house.policy, house.understander, house.templates, house.lint_rules


def _take_up_copy(house: House) -> None:
    if house.store.take_up_copy(now=house.now()):
        log.warning("restored", why="letters that may have gone out since the copy was made wait in doubt")


def _now() -> datetime:
    return datetime.now(UTC)
