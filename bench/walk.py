"""The whole walk against a floor: real IMAP → SQLite → SMTP, with the shipped model and with rules only.

The floor does the same errands without a thought: it fetches with imapclient, parses with the standard library, keeps
each mail in SQLite, and hands as many answers to smtplib, with a commit for each. Both work through the same mails on
the same servers, each in a process of its own; what is measured begins when the program is loaded.

    python -m bench.walk --mails 500
"""

import email
import email.policy
import smtplib
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from email.message import EmailMessage
from pathlib import Path
from threading import Lock
from typing import Any
from unittest.mock import patch

from imapclient import IMAPClient

from bench.common import DESK, apart, mailbox, mails, open_house, options, resident, tell, workplace, write_config
from tests.servers import smtp_sink
from triage import pipeline
from triage.house import House
from triage.understanding import understand
from triage.understanding.classify import Transformer
from triage.understanding.extract import Extractor
from triage.understanding.understand import Understander

#: the walk waits for the threads that understand; their own steps say what they do
WAITING = "wait for readers"
#: step → where its function stands; a step's time counts what is within it and no other step
STEPS: Mapping[str, tuple[object, str]] = {
    "collect": (pipeline, "collect"),
    "read (commits, claims)": (pipeline, "read"),
    "parse": (pipeline, "parse"),
    WAITING: (House, "understand"),
    "language": (understand, "language_of"),
    "rules and findings": (Extractor, "extract"),
    "model: verdicts": (Understander, "_score"),
    "model: evidence": (Understander, "with_evidence"),
    "model: network": (Transformer, "_rows"),
    "look up what is known": (pipeline, "known_about"),
    "decide": (pipeline, "_decided"),
    "write down": (pipeline, "record"),
    "compose letters": (House, "write"),
    "deliver": (pipeline, "deliver"),
}


class Stopwatch:
    """Seconds by step, of all threads together."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._lock = Lock()
        self._inner: defaultdict[int, list[float]] = defaultdict(list)

    def timed(self, step: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, its time counted under the step without that of the steps within it."""
        from threading import get_ident

        def run(*args: Any, **kwargs: Any) -> Any:
            inner = self._inner[get_ident()]
            inner.append(0.0)
            begun = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                whole = time.perf_counter() - begun
                within = inner.pop()
                if inner:
                    inner[-1] += whole
                with self._lock:
                    self.seconds[step] += whole - within

        return run


@contextmanager
def watched(watch: Stopwatch) -> Iterator[None]:
    """All steps timed."""
    with ExitStack() as stack:
        for step, (place, name) in STEPS.items():
            stack.enter_context(patch.object(place, name, watch.timed(step, getattr(place, name))))
        yield


def walk(config: Path) -> dict[str, Any]:
    """One round of the program over everything in the mailbox, loaded before the clock starts."""
    with open_house(config) as house:
        _load(house)
        watch = Stopwatch()
        begun, begun_cpu = time.perf_counter(), time.process_time()
        with watched(watch):
            pipeline.collect(house)
            pipeline.read(house)
            sent = pipeline.deliver(house)
        seconds, cpu = time.perf_counter() - begun, time.process_time() - begun_cpu
        read = len(list(house.store.books.lines()))
    return {
        "mails": read, "letters": sent, "seconds": seconds, "cpu": cpu, "memory": resident(),
        "steps": dict(watch.seconds),
    }  # fmt: skip


def _load(house: House) -> None:
    _ = house.store, house.policy, house.templates, house.lint_rules
    house.understand([pipeline.parse(content) for content in mails(40)])


def floor(imap_port: int, user: str, password: str, smtp_port: int, database: Path, answers: int) -> dict[str, Any]:
    """The same errands without a thought; `answers` is how many of the mails are answered."""
    begun, begun_cpu = time.perf_counter(), time.process_time()
    books = sqlite3.connect(database, isolation_level=None)
    books.executescript(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        "CREATE TABLE mail (id INTEGER PRIMARY KEY, uid INTEGER UNIQUE, message_id TEXT, sender TEXT, subject TEXT,"
        " body TEXT, raw BLOB, answered INTEGER DEFAULT 0);"
    )
    count = 0
    with IMAPClient("127.0.0.1", port=imap_port, ssl=False) as client, smtplib.SMTP("127.0.0.1", smtp_port) as relay:
        client.login(user, password)
        client.select_folder("INBOX", readonly=True)
        uids = client.search()
        for start in range(0, len(uids), 100):
            for uid, data in client.fetch(uids[start : start + 100], ["BODY.PEEK[]"]).items():
                raw = data[b"BODY[]"]
                message = email.message_from_bytes(raw, policy=email.policy.default)
                part = message.get_body(("plain", "html"))
                body = part.get_content() if part is not None else ""
                values = (uid, message["Message-ID"], message["From"], message["Subject"], body, raw)
                books.execute(
                    "INSERT INTO mail (uid, message_id, sender, subject, body, raw) VALUES (?, ?, ?, ?, ?, ?)",
                    [str(value) if isinstance(value, str) else value for value in values],
                )
                count += 1
                if count <= answers:
                    relay.send_message(_answer(message))
                    books.execute("UPDATE mail SET answered = 1 WHERE uid = ?", [uid])
    books.close()
    return {"mails": count, "seconds": time.perf_counter() - begun, "cpu": time.process_time() - begun_cpu}


def _answer(message: EmailMessage) -> EmailMessage:
    answer = EmailMessage()
    answer["From"], answer["To"] = DESK, str(message["From"])
    answer["Subject"], answer["In-Reply-To"] = f"Re: {message['Subject']}", str(message["Message-ID"])
    answer.set_content("Thank you for your message. We will look into it.\n")
    return answer


def measure(count: int, backends: list[str]) -> dict[str, Any]:
    """Rules only, the floor, and the model, over the same mails."""
    contents = list(mails(count))
    result: dict[str, Any] = {}
    letters = 0
    with workplace() as folder, mailbox(folder / "imap", contents) as (server, port, user, password):
        result["IMAP server"] = server
        for backend in backends:
            with smtp_sink(DESK) as sink:
                place = folder / backend
                place.mkdir()
                config = write_config(
                    place, imap_port=port, smtp_port=sink.port, user=user, password=password, backend=backend
                )
                found = apart(walk, config)
            assert found["mails"] == count, f"{found['mails']} of {count} mails in the books"
            letters = max(letters, found["letters"])
            result |= _lines(NAMES[backend], found)
        for name, answers in (("floor, as many letters", letters), ("floor, every mail answered", count)):
            with smtp_sink(DESK) as sink:
                found = apart(floor, port, user, password, sink.port, folder / f"{answers}.db", answers)
            result[f"{name}, mails/s"] = count / found["seconds"]
            result[f"{name}, CPU ms a mail"] = 1000 * found["cpu"] / count
            for backend in backends:
                ours = NAMES[backend]
                result[f"{ours}, against the {name}"] = result[f"{ours}, mails/s"] / result[f"{name}, mails/s"]
                # beside other work on the cores this is the steadier one
                used = result[f"{name}, CPU ms a mail"] / result[f"{ours}, CPU ms a mail"]
                result[f"{ours}, against the {name}, by CPU"] = used
    return result


NAMES = {"none": "rules only", "onnx": "with the model"}


def _lines(name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    steps: Mapping[str, float] = {step: spent for step, spent in found["steps"].items() if step != WAITING}
    whole = sum(steps.values())
    rows = [
        {"step": step, "ms a mail": 1000 * steps[step] / found["mails"], "share": steps[step] / whole}
        for step in STEPS
        if steps.get(step)
    ]
    lines = {
        f"{name}, mails/s": found["mails"] / found["seconds"],
        f"{name}, CPU ms a mail": 1000 * found["cpu"] / found["mails"],
        f"{name}, letters": found["letters"],
        f"{name}, memory at the end, MB": found["memory"],
    }
    if network := steps.get("model: network"):
        lines[f"{name}, share of time in the network"] = network / whole
    return {**lines, f"{name}: where the time goes": rows}


def main() -> None:
    """Command line."""
    parser = options(__doc__, mails=500)
    parser.add_argument("--only", choices=["none", "onnx"], help="one back end: rules only, or the model")
    options_ = parser.parse_args()
    tell(measure(options_.mails, [options_.only] if options_.only else ["none", "onnx"]), as_json=options_.json)


if __name__ == "__main__":
    main()
