"""Memory of the daemon's parts: what loading them takes, and whether it stays flat over many mails.

python -m bench.memory --mails 2000            # the model
python -m bench.memory --mails 100000 --only none
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.common import apart, house_of_twins, mails, options, resident, tell, workplace, write_config

#: mails between two looks
_CHUNK = 200


#: mails that are understood before they are counted
_FIRST = 40


def measure(folder: Path, backend: str, count: int) -> dict[str, Any]:
    """Seconds and memory of what is loaded, then memory every so many mails, which lie in the folder."""
    rows = []
    before = resident()

    def load(what: str, work: Callable[[], object]) -> None:
        nonlocal before
        begun = time.perf_counter()
        work()
        seconds, now = time.perf_counter() - begun, resident()
        rows.append({"part": what, "seconds": seconds, "MB": now - before, "in all": now})
        before = now

    house, mailbox = house_of_twins(write_config(folder, backend=backend))
    load("database", lambda: house.store)
    load("model", lambda: house.classifier)
    load("rules", lambda: (house.policy, house.patterns, house.templates, house.lint_rules))
    from triage import pipeline

    load("first mails", lambda: house.understand([pipeline.parse(_mail(folder, number)) for number in range(_FIRST)]))
    grown = []
    done = 0
    while done < count:
        for number in range(done, min(done + _CHUNK, count)):
            mailbox.put(_mail(folder, number), arrived=datetime.now(UTC))
        pipeline.collect(house)
        done += pipeline.read(house)
        pipeline.deliver(house)
        # what was collected is the server's memory and not ours
        mailbox.mails.clear()
        house.relay.deliveries.clear()  # type: ignore[union-attr]  # the twin
        grown.append({"mails": done, "MB": resident()})
    house.close()
    steps = max(1, len(grown) // 10)
    late = [row["MB"] for row in grown[len(grown) // 2 :]]
    return {
        "memory at the end, MB": resident(),
        "growth over the second half, MB": late[-1] - late[0],
        "what loading takes": rows,
        "memory over mails": [*grown[::steps], grown[-1]],
    }


def _mail(folder: Path, number: int) -> bytes:
    return (folder / f"{number}.eml").read_bytes()


def main() -> None:
    """Command line."""
    parser = options(__doc__, mails=600)
    parser.add_argument("--only", choices=["none", "onnx"], default="onnx", help="back end (default onnx, the model)")
    chosen = parser.parse_args()
    with workplace() as folder:
        # written here: the texts that mails are made of would stand in the memory that is measured
        for number, content in enumerate(mails(max(chosen.mails, _FIRST))):
            (folder / f"{number}.eml").write_bytes(content)
        tell(apart(measure, folder, chosen.only, chosen.mails), as_json=chosen.json)


if __name__ == "__main__":
    main()
