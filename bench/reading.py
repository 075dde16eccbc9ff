"""Reading without the model, on one core: `explain` on whole mails, and the MIME reader against the standard library's.

python -m bench.reading --mails 1000
python -m bench.reading --folder mails/          # your own .eml files instead of the corpus
"""

import email
import email.policy
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.common import apart, mails, open_house, options, tell, workplace, write_config
from triage.mail.message import parse


def by_stdlib(content: bytes) -> str:
    """What the standard library makes of a mail: its headers, body and attachments, decoded."""
    try:
        message = email.message_from_bytes(content, policy=email.policy.default)
        headers = [str(value) for value in message.values()]
        parts = [part.get_content() for part in message.walk() if not part.is_multipart()]
        return f"{len(headers)} {len(parts)}"
    except Exception as error:  # noqa: BLE001 - it raises what it likes
        return f"failed: {type(error).__name__}"


def measure(folder: Path, contents: Sequence[bytes]) -> dict[str, Any]:
    """Mails a second of CPU time, the first of each kind left out."""
    from triage.cli.explain import Explainer
    from triage.explanation import FIELDS

    with open_house(write_config(folder)) as house:
        explainer = Explainer(house, FIELDS)

        def explain(content: bytes) -> str:
            return json.dumps(explainer.explain("1", parse(content)), ensure_ascii=False)

        explained = _rate(explain, contents)
    ours, theirs = _rate(parse, contents), _rate(by_stdlib, contents)
    return {
        "mails": len(contents),
        "explain without the model, mails/s of one core": explained,
        "MIME and own words, mails/s of one core": ours,
        "standard library (policy.default), mails/s": theirs,
        "ours against the standard library": ours / theirs,
        "mails on which the standard library fails": sum(by_stdlib(each).startswith("failed") for each in contents),
    }


def _rate(work: Callable[[bytes], object], contents: Sequence[bytes]) -> float:
    for content in contents[:60]:
        work(content)
    begun = time.process_time()
    for content in contents:
        work(content)
    return len(contents) / (time.process_time() - begun)


def main() -> None:
    """Command line."""
    parser = options(__doc__, mails=500)
    parser.add_argument("--folder", type=Path, help="read every .eml file under it")
    chosen = parser.parse_args()
    files = sorted(chosen.folder.rglob("*.eml")) if chosen.folder else []
    contents = [path.read_bytes() for path in files] or list(mails(chosen.mails))
    with workplace() as folder:
        tell(apart(measure, folder, contents), as_json=chosen.json)


if __name__ == "__main__":
    main()
