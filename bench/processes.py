"""Several readers on one PostgreSQL: does reading scale until the cores are full? Rules only, mail in memory.

The server itself notes who waits for a lock longer than 50 ms, and how many transactions there were.

python -m bench.processes --mails 2000 --readers 1 2 4
"""

import os
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import psycopg

from bench.common import house_of_twins, mails, options, tell, workplace, write_config
from tests.servers import postgres
from triage import pipeline

#: PostgreSQL notes a wait that lasts as long as this, in ms
_LONG = 50


def note_long_waits(url: str) -> None:
    """Have the server write every long wait for a lock into its log."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"ALTER SYSTEM SET deadlock_timeout = '{_LONG}ms'")
        connection.execute("ALTER SYSTEM SET log_lock_waits = on")
        connection.execute("SELECT pg_reload_conf()")


def transactions(url: str) -> int:
    """How many transactions this database has seen."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("SELECT pg_stat_clear_snapshot()")
        row = connection.execute(
            "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
    return int(row[0]) if row else 0


def long_waits(log: Path) -> int:
    """How many long waits stand in the log."""
    return log.read_text(encoding="utf-8", errors="replace").count("still waiting for")


def fill(config: Path, count: int) -> None:
    """Keep so many mails, unread."""
    house, mailbox = house_of_twins(config)
    with house:
        for content in mails(count):
            mailbox.put(content, arrived=datetime.now(UTC))
        pipeline.collect(house)


def read(config: Path, begin: float) -> tuple[int, float, float]:
    """Read until nothing waits: how many, from when and until when; begins together with the others."""
    house, _ = house_of_twins(config)
    with house:
        house.understand([pipeline.parse(content) for content in mails(40)])
        _ = house.policy, house.templates, house.lint_rules
        time.sleep(max(0.0, begin - time.time()))
        begun = time.time()
        count = pipeline.read(house)
        return count, begun, time.time()


def main() -> None:
    """Command line."""
    parser = options(__doc__, mails=600)
    parser.add_argument("--readers", type=int, nargs="+", default=[1, 2, 4], help="numbers of processes to compare")
    chosen = parser.parse_args()
    rows: list[dict[str, Any]] = []
    with workplace() as folder, postgres(folder / "postgres") as server:
        for readers in chosen.readers:
            place = folder / str(readers)
            place.mkdir()
            url = server.database()
            note_long_waits(url)
            config = write_config(place, database=url)
            fill(config, chosen.mails)
            before, waited = transactions(url), long_waits(server.folder / "log")
            begin = time.time() + 10 + 5 * readers
            with ProcessPoolExecutor(readers, mp_context=get_context("spawn")) as pool:
                done = list(pool.map(read, [config] * readers, [begin] * readers))
            assert sum(count for count, _, _ in done) == chosen.mails
            seconds = max(end for _, _, end in done) - min(begun for _, begun, _ in done)
            rows.append(
                {
                    "readers": readers,
                    "mails/s": chosen.mails / seconds,
                    "transactions": transactions(url) - before,
                    f"lock waits over {_LONG} ms": long_waits(server.folder / "log") - waited,
                }
            )
    for row in rows:
        row["against one"] = row["mails/s"] / rows[0]["mails/s"]
    tell({"cores": os.cpu_count() or 1, "reading side by side": rows}, as_json=chosen.json)


if __name__ == "__main__":
    main()
