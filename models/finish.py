r"""From a trained folder to the one that ships: int8 graph, calibration, thresholds, digests, scores.

    python -m models.finish models/work/all models/dispute-e5 --version 1 \
        --held-out models/work/without-*/held-out.jsonl

Calibration and thresholds come from what models said of hands that they were not trained on (`--leave-out`).
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from transformers import AutoModel

from models.export import export
from models.train import PREFIX
from triage.understanding.calibration import choose_thresholds, fit_calibration
from triage.understanding.classify import Words
from triage.understanding.evaluate import Labelled, Report, report
from triage.understanding.findings import REASONS, Verdict
from triage.understanding.heads import NONE, Calibration, sigmoid, softmax
from triage.understanding.models import (
    CONFIG,
    GRAPH,
    HEADS,
    TOKENIZER,
    Bands,
    Description,
    Honest,
    digest,
    write_description,
)

Said = dict[str, Any]


def read_held_out(paths: Sequence[Path]) -> list[Said]:
    """The lines that training wrote of mails that it had left out."""
    return [json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines()]


def calibrate(said: Sequence[Said]) -> Calibration:
    """Calibration over all folds together."""
    known = [row for row in said if row["label"] in REASONS]
    return fit_calibration(
        np.array([row["score"] for row in said]),
        np.array([float(row["label"] != NONE) for row in said]),
        np.array([row["reasons"] for row in known]),
        np.array([REASONS.index(row["label"]) for row in known]),
    )


def verdict(row: Said, calibration: Calibration, model: str) -> Verdict:
    """The verdict that a calibrated model would have given."""
    reasons = softmax(np.array(row["reasons"]) / calibration.temperature)
    return Verdict(
        probability=sigmoid(calibration.scale * row["score"] + calibration.shift),
        reasons=dict(zip(REASONS, map(float, reasons), strict=True)),
        model=model,
    )


def crossed(said: Sequence[Said], model: str) -> Report:
    """The report on held-out mails, each fold calibrated and cut by thresholds from the other folds."""
    folds = sorted({row["fold"] for row in said})
    mails, verdicts = [], []
    for fold in folds:
        others = [row for row in said if row["fold"] != fold] or list(said)
        calibration = calibrate(others)
        for row in said:
            if row["fold"] == fold:
                words = Words(subject="", reply="", language=row["language"])
                label = row["label"] if row["label"] in REASONS else NONE
                mails.append(Labelled(words=words, label=label, also=tuple(row["also"])))
                verdicts.append(verdict(row, calibration, model))
    return report(mails, verdicts, model=model, thresholds=thresholds_of(said, calibrate(said))[0])


def thresholds_of(said: Sequence[Said], calibration: Calibration) -> tuple[Any, Any]:
    """Thresholds on calibrated probabilities, and those probabilities."""
    probabilities = np.array([verdict(row, calibration, "").probability for row in said])
    return choose_thresholds(probabilities, np.array([float(row["label"] != NONE) for row in said])), probabilities


def copy_weights(trained: Path, folder: Path) -> None:
    """Write everything that training made, the graph in 8 bits."""
    folder.mkdir(parents=True, exist_ok=True)
    export(AutoModel.from_pretrained(trained, local_files_only=True, add_pooling_layer=False), folder / GRAPH)
    for name in (TOKENIZER, HEADS, CONFIG, "training.json"):
        (folder / name).write_bytes((trained / name).read_bytes())


def finish(folder: Path, *, version: str, held_out: Sequence[Path]) -> Report:
    """Write model.toml beside the weights; answers the report on the held-out mails."""
    said = read_held_out(held_out)
    calibration = calibrate(said)
    thresholds, _ = thresholds_of(said, calibration)
    found = crossed(said, f"{folder.name} {version}")
    scores = {
        "auc": found.overall.auc,
        "auto_precision": found.overall.precision,
        "auto_recall": found.overall.recall,
        "reached": found.overall.reached,
        "reason_macro_f1": found.macro_f1,
        "ece": found.ece,
        "mails": float(found.overall.count),
    }
    described = Description(
        name=folder.name,
        version=version,
        window=256,
        prefix=PREFIX,
        thresholds=Bands(auto=thresholds.auto, review=thresholds.review),
        calibration=Honest(
            scale=round(calibration.scale, 5),
            shift=round(calibration.shift, 5),
            temperature=round(calibration.temperature, 4),
        ),
        files={name: digest(folder / name) for name in (GRAPH, TOKENIZER, HEADS, CONFIG)},
        scores={name: round(value, 4) for name, value in scores.items() if value is not None},
    )
    write_description(folder, described)
    return found


def main() -> None:
    """Command line."""
    import sys

    from triage.understanding.charts import describe, reliability_svg

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trained", type=Path, help="folder that models.train wrote")
    parser.add_argument("folder", type=Path, help="folder that ships")
    parser.add_argument("--version", required=True)
    parser.add_argument("--calibrate", action="store_true", help="leave the weights that are there as they are")
    parser.add_argument("--held-out", type=Path, nargs="+", required=True)
    options = parser.parse_args()
    if not options.calibrate:
        copy_weights(options.trained, options.folder)
    found = finish(options.folder, version=options.version, held_out=options.held_out)
    (options.folder / "reliability.svg").write_text(reliability_svg(found), encoding="utf-8")
    sys.stdout.write(describe(found))


if __name__ == "__main__":
    main()
