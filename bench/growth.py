"""What a mail costs as the books grow: the same walk on books of ten thousand mails and of a million.

The books are filled by SQL, a tenth of the mails with a case, and analysed. Then the walk goes through new mails, some
of them answers to old cases, with mailbox and relay in memory and rules only. Every statement that it sends is
explained afterwards: none may go through a whole table.

    python -m bench.growth --sizes 10000 1000000
    python -m bench.growth --postgres               # on a private PostgreSQL instead of SQLite
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event, text

from bench.common import apart, house_of_twins, mails, options, tell, workplace, write_config
from tests.servers import postgres
from triage import pipeline
from triage.store.dialect import is_postgres

#: one mail in so many has opened a case
_CASE_EVERY = 10
#: of the mails that are measured one in so many answers an old case
_ANSWER_EVERY = 10
#: tables that are small whatever the number of mails
_SMALL = ("alarm", "cursor", "switch", "attempt", "correction")

#: partial indexes, which hold only what waits
_SHORT_INDEXES = ("mail_unread", "mail_unfiled", "mail_quarantined")

_NUMBERS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)",
    "postgresql": "WITH n(i) AS (SELECT generate_series(1, :count))",
}
_AGO = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%S.000000', 'now', '-' || ((:count - i) / 8 + 3600) || ' seconds')",
    "postgresql": "now() - ((:count - i) / 8 + 3600) * interval '1 second'",
}
#: every column that is not named is null or has its default; values are as the walk writes them
_FILL = (
    """INSERT INTO mail (id, mailbox, folder, uidvalidity, uid, arrived, kept_at, size, truncated, digest, outcome,
           why, read_at, message_id, sender, subject, words_digest, label, band, language, case_id, opened, invoices,
           file_as)
       {numbers} SELECT i, 'support', 'INBOX', 1, i, {ago}, {ago}, 2000, {false}, 'digest-' || i, 'taken', '', {ago},
           '<old-' || i || '@mail.example>', 'customer' || (i / 3) || '@mail.example', 'An old mail ' || i,
           'words-' || i, 'human', 'none', 'en', CASE WHEN i % {every} = 0 THEN i / {every} END, i % {every} = 0,
           '[]', ''
       FROM n""",
    """INSERT INTO raw (mail_id, content) {numbers} SELECT i, {blob} FROM n""",
    """INSERT INTO record (mail_id, decided) {numbers} SELECT i, '{{}}' FROM n""",
    """INSERT INTO dispute_case (id, reference, state, reason, root_cause, resolution, priority, escalated, assignee,
           tags, customer, customer_name, language, subject, invoices, review_why, opened_at, updated_at)
       {numbers} SELECT i / {every}, 'DSP-2026-' || i, CASE WHEN i % 50 = 0 THEN 'new' ELSE 'closed' END,
           'wrong_amount', '', '', 'normal', {false}, '', '[]', 'customer' || (i / 3) || '@mail.example', '', 'en',
           'An old mail ' || i, '[]', '', {ago}, {ago} FROM n WHERE i % {every} = 0""",
    """INSERT INTO caseinvoice (case_id, invoice)
       {numbers} SELECT i / {every}, 'inv' || i FROM n WHERE i % {every} = 0""",
    """INSERT INTO mail_reference (message_id, case_id)
       {numbers} SELECT '<before-' || i || '@mail.example>', i / {every} FROM n WHERE i % {every} = 0""",
    """INSERT INTO participant (case_id, address)
       {numbers} SELECT i / {every}, 'customer' || (i / 3) || '@mail.example' FROM n WHERE i % {every} = 0""",
    """INSERT INTO letter (id, case_id, kind, state, recipient, journal, message_id, subject, language, template,
           content, why, attempts, created_at, sent_at)
       {numbers} SELECT i / {every}, i / {every}, 'acknowledgement', 'sent', 'customer' || (i / 3) || '@mail.example',
           '', '<letter-' || i || '@desk.example>', '', 'en', '', {blob}, '', 1, {ago}, {ago} FROM n
       WHERE i % {every} = 0""",
    """INSERT INTO event (case_id, at, actor, kind, text, detail)
       {numbers} SELECT i / {every}, {ago}, 'triage', 'opened', '', '{{}}' FROM n WHERE i % {every} = 0""",
    """INSERT INTO diary (case_id, kind, due, why, effect, start, step, state, outcome)
       {numbers} SELECT i / {every}, 'acknowledged', {ago}, '', 'alarm', {ago}, 0, 'done', '' FROM n
       WHERE i % {every} = 0""",
)


def fill(engine: Engine, count: int) -> None:
    """Old mails, a tenth of them with a closed or open case, by SQL alone."""
    postgres_ = is_postgres(engine)
    dialect = engine.dialect.name
    words = {
        "numbers": _NUMBERS[dialect], "ago": _AGO[dialect], "every": _CASE_EVERY,
        "false": "false" if postgres_ else "0", "blob": "decode('6d61696c', 'hex')" if postgres_ else "x'6d61696c'",
    }  # fmt: skip
    with engine.begin() as connection:
        for statement in _FILL:
            connection.execute(text(statement.format(**words)), {"count": count})
        if postgres_:
            for table in ("mail", "dispute_case", "letter", "event", "diary"):
                connection.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {count + 1})"))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE" if postgres_ else "ANALYZE"))


def contents(count: int, old: int) -> Iterator[bytes]:
    """New mails; some answer our letter about an old case."""
    for number, content in enumerate(mails(count)):
        case = old - (number * 7919 * _CASE_EVERY) % old
        answered = f"In-Reply-To: <letter-{case}@desk.example>\n".encode() if number % _ANSWER_EVERY == 1 else b""
        yield answered + content


def measure(folder: Path, database: str, old: int, count: int) -> dict[str, Any]:
    """Milliseconds a mail on books of that size, and the statements that went through a table."""
    folder.mkdir(exist_ok=True)
    house, mailbox = house_of_twins(write_config(folder, **({"database": database} if database else {})))
    with house:
        engine = house.store.engine
        begun = time.perf_counter()
        fill(engine, old)
        filled = time.perf_counter() - begun
        mailbox._next_uid = old + 1
        house.understand([pipeline.parse(content) for content in mails(40)])
        arriving = list(contents(count + 40, old))
        with watched(engine) as statements:
            _walk(house, mailbox, arriving[:40])
        begun, begun_cpu = time.perf_counter(), time.process_time()
        _walk(house, mailbox, arriving[40:])
        seconds, cpu = time.perf_counter() - begun, time.process_time() - begun_cpu
        scans = explained(engine, statements)
    return {
        "mails in the books": old, "filled in, s": filled, "ms a mail": 1000 * seconds / count,
        "CPU ms a mail": 1000 * cpu / count, "statements": len(statements), "through a table": len(scans),
        "scans": scans,
    }  # fmt: skip


def _walk(house: Any, mailbox: Any, arriving: list[bytes]) -> None:
    for content in arriving:
        mailbox.put(content, arrived=datetime.now(UTC))
    pipeline.collect(house)
    pipeline.read(house)
    pipeline.deliver(house)
    pipeline.look_again(house)


@contextmanager
def watched(engine: Engine) -> Iterator[dict[str, Any]]:
    """Each statement that is sent, with its values the first time."""
    seen: dict[str, Any] = {}

    def note(_c: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE")) and "alembic" not in statement:
            seen.setdefault(statement, values[0] if many else values)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def explained(engine: Engine, statements: dict[str, Any]) -> list[str]:
    """Statements that no index answers, each with the table that it goes through."""
    command = "EXPLAIN" if is_postgres(engine) else "EXPLAIN QUERY PLAN"
    found = []
    with engine.connect().execution_options(reading=True) as connection:
        for statement, values in statements.items():
            plan = [str(row[-1]) for row in connection.exec_driver_sql(f"{command} {statement}", values)]
            found += [f"{step.strip()}: {' '.join(statement.split())[:160]}" for step in plan if _is_scan(step)]
    return found


def _is_scan(step: str) -> bool:
    """Whether a step of a plan reads a table that grows from end to end."""
    words = step.replace("->", " ").split()
    if words[:1] == ["SCAN"]:
        # "(subquery-1)" is a value, "CONSTANT ROW" too
        return words[1] not in (*_SMALL, "CONSTANT", "n") and words[1][0] != "(" and words[-1] not in _SHORT_INDEXES
    return words[:2] == ["Seq", "Scan"] and words[3] not in _SMALL


def main() -> None:
    """Command line."""
    parser = options(__doc__, mails=400)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000], help="mails in the books")
    parser.add_argument("--postgres", action="store_true", help="a private PostgreSQL instead of SQLite")
    chosen = parser.parse_args()
    with workplace() as folder, ExitStack() as stack:
        server = stack.enter_context(postgres(folder / "postgres")) if chosen.postgres else None
        rows = [
            apart(measure, folder / str(size), server.database() if server else "", size, chosen.mails)
            for size in chosen.sizes
        ]
    scans = sorted({scan for row in rows for scan in row.pop("scans")})
    result: dict[str, Any] = {
        "largest against smallest, CPU a mail": rows[-1]["CPU ms a mail"] / rows[0]["CPU ms a mail"]
    }
    tell(
        {**result, "cost of a mail": rows, "statements through a table": [{"plan": scan} for scan in scans] or "none"},
        as_json=chosen.json,
    )


if __name__ == "__main__":
    main()
