"""A network: int8 on ONNX Runtime with one thread against torch in 32 bits, and whether they agree.

Needs torch (see the extra "torch"); without it only the speed of ONNX Runtime is told. Torch reads the weights out of
the same graph, as they are after rounding; with `--trained` it has those that training wrote.

    python -m bench.network --mails 200
    python -m bench.network --mails 200 --model models/dispute-e5-small --trained models/passes/final
"""

import importlib.util
import time
from pathlib import Path
from typing import Any

import numpy as np

from bench.common import apart, corpus, options, resident, tell
from triage.house import SHIPPED_MODEL, shipped
from triage.understanding.classify import Words
from triage.understanding.models import Backend, open_model
from triage.understanding.network import Network, TorchEncoder

_TOKENS = 256
_TIMES = 10


def measure(folder: Path, backend: Backend, count: int, trained: Path | None = None) -> dict[str, Any]:
    """How long opening takes, the best time of a full window, and the verdicts on mails of the corpus."""
    if backend == "transformers":
        import torch

        torch.set_num_threads(1)
    before, begun = resident(), time.perf_counter()
    model = open_model(folder, backend=backend)
    opened, grown = time.perf_counter() - begun, resident() - before
    if trained is not None:
        vars(model)["_network"] = TorchEncoder(trained)
    verdicts = model.score([Words(subject=mail.subject, reply=mail.body) for mail in corpus()[:count]])
    return {
        "seconds": opened,
        "MB": grown,
        "ms": 1000 * _window(model._network),  # type: ignore[attr-defined]  # the network alone is what is compared
        "verdicts": [verdict.probability for verdict in verdicts],
        "thresholds": (model.thresholds.review, model.thresholds.auto),
    }


def _window(network: Network) -> float:
    ids = np.random.default_rng(1).integers(10, 20_000, (1, _TOKENS))
    mask = np.ones_like(ids)
    best = float("inf")
    for _ in range(_TIMES):
        begun = time.thread_time()
        network.run(ids, mask)
        best = min(best, time.thread_time() - begun)
    return best


def main() -> None:
    """Command line."""
    parser = options(__doc__, mails=100)
    parser.add_argument(
        "--model", type=Path, default=shipped("models") / SHIPPED_MODEL, help="folder (the shipped one)"
    )
    parser.add_argument("--trained", type=Path, help="folder that models.train wrote, for the weights in 32 bits")
    chosen = parser.parse_args()
    onnx = apart(measure, chosen.model, "onnx", chosen.mails)
    result = {
        "model opened in, s": onnx["seconds"], "model, MB": onnx["MB"],
        f"int8, {_TOKENS} tokens, ms of one thread": onnx["ms"],
    }  # fmt: skip
    if importlib.util.find_spec("torch") is None:
        result["torch"] = "not installed"
    else:
        torch = apart(measure, chosen.model, "transformers", chosen.mails, chosen.trained)
        bands = [np.digitize(each["verdicts"], each["thresholds"]) for each in (onnx, torch)]
        apart_ = np.abs(np.array(onnx["verdicts"]) - np.array(torch["verdicts"]))
        result |= {
            f"torch, 32 bits, {_TOKENS} tokens, ms of one thread": torch["ms"],
            "times faster than torch": torch["ms"] / onnx["ms"],
            "mails in the same band": float(np.mean(bands[0] == bands[1])),
            "verdicts apart at most": float(apart_.max()),
        }
    tell(result, as_json=chosen.json)


if __name__ == "__main__":
    main()
