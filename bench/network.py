"""The shipped network: int8 on ONNX Runtime with one thread against torch in 32 bits, and whether they agree.

Needs torch (see the extra "torch"); without it only the speed of ONNX Runtime is told.

    python -m bench.network --mails 200
"""

import importlib.util
import time
from typing import Any

import numpy as np

from bench.common import apart, corpus, options, resident, tell
from triage.house import SHIPPED_MODEL, shipped
from triage.understanding.classify import Words
from triage.understanding.models import Backend, open_model
from triage.understanding.network import Network

_TOKENS = 256
_TIMES = 10


def measure(backend: Backend, count: int) -> dict[str, Any]:
    """How long opening takes, the best time of a full window, and the verdicts on mails of the corpus."""
    if backend == "transformers":
        import torch

        torch.set_num_threads(1)
    before, begun = resident(), time.perf_counter()
    model = open_model(shipped("models") / SHIPPED_MODEL, backend=backend)
    opened, grown = time.perf_counter() - begun, resident() - before
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
    chosen = options(__doc__, mails=100).parse_args()
    onnx = apart(measure, "onnx", chosen.mails)
    result = {
        "model opened in, s": onnx["seconds"], "model, MB": onnx["MB"],
        f"int8, {_TOKENS} tokens, ms of one thread": onnx["ms"],
    }  # fmt: skip
    if importlib.util.find_spec("torch") is None:
        result["torch"] = "not installed"
    else:
        torch = apart(measure, "transformers", chosen.mails)
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
