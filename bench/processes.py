"""Several readers on one PostgreSQL: does reading scale until the cores are full? Rules only, mail in memory.

python -m bench.processes --mails 2000 --readers 1 2 4
"""

import os
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from bench.common import house_of_twins, mails, options, tell, workplace, write_config
from tests.servers import postgres
from triage import pipeline


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
            config = write_config(place, database=server.database())
            fill(config, chosen.mails)
            begin = time.time() + 10 + 5 * readers
            with ProcessPoolExecutor(readers, mp_context=get_context("spawn")) as pool:
                done = list(pool.map(read, [config] * readers, [begin] * readers))
            assert sum(count for count, _, _ in done) == chosen.mails
            seconds = max(end for _, _, end in done) - min(begun for _, begun, _ in done)
            rows.append({"readers": readers, "mails/s": chosen.mails / seconds})
    for row in rows:
        row["against one"] = row["mails/s"] / rows[0]["mails/s"]
    tell({"cores": os.cpu_count() or 1, "reading side by side": rows}, as_json=chosen.json)


if __name__ == "__main__":
    main()
