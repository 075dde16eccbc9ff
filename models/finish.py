r"""From a trained folder to the one that ships: int8 graph, calibration, thresholds, digests, scores.

    python -m models.finish models/passes/all models/dispute-e5 --version 1 --rows train.jsonl.gz \
        --held-out models/passes/without-*/held-out.jsonl --ordinary tarn --ordinary crag --ordinary holm --times 4

The counter of words is learned here. How much it counts beside the network, calibration and thresholds come from
what both said of hands that they were not trained on: the lines in the trained folder itself, and those of earlier ones
(`--held-out`). Hands that write as mail comes in are named with `--ordinary`: wherever the lines of their mails stand,
each counts so many `--times`, beside the hands that were written to be hard. For lines of hands that were written only
since, see `--epochs 0` of `models.train`.
"""

import argparse
import json
import sys
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import AutoModel

from models.examples import Example, from_corpus, from_rows
from models.export import export
from models.reader import PREFIX
from models.terms import fit as fit_terms
from models.train import HELD_OUT
from triage.errors import OperatorError
from triage.understanding.calibration import choose_thresholds, fit_calibration
from triage.understanding.classify import TERMS_SCALE, Thresholds, Words, heading, text_of
from triage.understanding.evaluate import Labelled, Report, report
from triage.understanding.findings import REASONS, Verdict
from triage.understanding.heads import NONE, Calibration, LinearHeads, sigmoid, softmax
from triage.understanding.models import (
    CONFIG,
    GRAPH,
    HEADS,
    SENSE_HEAD,
    TERMS,
    TOKENIZER,
    Bands,
    Description,
    Honest,
    digest,
    write_description,
)
from triage.understanding.network import Floats, Ids, OnnxNetwork, TorchEncoder
from triage.understanding.regression import fit_binary

Said = dict[str, Any]
#: mails that tell what rounding does
SETTLED_BY = 200


def read_held_out(path: Path) -> list[Said]:
    """The lines that training wrote of mails that it had left out."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def repeated(said: Sequence[Said]) -> list[Said]:
    """Each mail as often as it counts."""
    return [row for row in said for _ in range(row["times"])]


def aligned(said: Sequence[Said], final: Sequence[Said]) -> list[Said]:
    """What an earlier network said of its held-out hands, on the scale of the one that ships.

    The last passes learn from hands that judged the pass before, and move all scores a little. Mails that neither has
    learned from, those of the examination, are in both: their scores are given the same mean and spread. Nobody asks
    here what these mails are.
    """
    ours = {row["id"]: row["score"] for row in final}
    both = [(row["score"], ours[row["id"]]) for row in said if row["id"] in ours]
    if len(both) < 2:
        return list(said)
    before, after = np.array(both).T
    grown = after.std() / before.std()
    return [row | {"score": float((row["score"] - before.mean()) * grown + after.mean())} for row in said]


def heard(
    trained: Path,
    earlier: Sequence[Path],
    examples: Sequence[Example],
    *,
    ordinary: Collection[str] = (),
    times: int = 1,
) -> list[Said]:
    """What this network and earlier ones said of those examples that they had left out.

    A mail of the hands in `ordinary` counts so many times. Raises OperatorError where one of them has no lines.
    """
    known = {example.id for example in examples}
    final = read_held_out(trained / HELD_OUT)
    others = [path for path in earlier if path.resolve() != (trained / HELD_OUT).resolve()]
    lines = [*final, *(row for path in others for row in aligned(read_held_out(path), final))]
    said = [row | {"times": times if row["fold"] in ordinary else 1} for row in lines if row["id"] in known]
    if missing := sorted(set(ordinary) - {row["fold"] for row in said}):
        files = ", ".join(map(str, (trained / HELD_OUT, *others)))
        raise OperatorError(f"--ordinary: {files} has no lines of {', '.join(missing)}: name hands that were left out")
    return said


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """How much the counter of words counts beside the network: for the verdict, and for the reason."""

    dispute: float
    reason: float

    def over(self, heads: LinearHeads) -> LinearHeads:
        """The heads of the network, with weights for the scores of the terms behind those for its vector."""
        beside = np.eye(len(REASONS) + 1, dtype=np.float32) / TERMS_SCALE
        return LinearHeads(
            dispute=np.concatenate([heads.dispute, beside[0] * self.dispute]).astype(np.float32),
            dispute_bias=heads.dispute_bias,
            reason=np.hstack([heads.reason, beside[1:] * self.reason]).astype(np.float32),
            reason_bias=heads.reason_bias,
        )


def mix(said: Sequence[Said], terms: Floats) -> Mixture:
    """The mixture that is likeliest to be right; `terms` are mails × outputs of the counter, in the order of `said`."""
    disputes = np.array([float(row["label"] != NONE) for row in said])
    scores = np.column_stack([[row["score"] for row in said], terms[:, 0]])
    (network, counter), _ = fit_binary(scores, disputes, np.ones(len(said), np.float32), penalty=1e-4)
    known = [at for at, row in enumerate(said) if row["label"] in REASONS]
    right = (np.arange(len(known)), np.array([REASONS.index(said[at]["label"]) for at in known]))
    of_network = np.array([said[at]["reasons"] for at in known])
    losses = {
        share: min(
            -np.log(softmax((of_network + share * terms[known, 1:]) / heat)[right] + 1e-9).sum()
            for heat in np.geomspace(0.25, 4.0, 31)
        )
        for share in np.arange(0, 4.01, 0.2)
    }
    reason = min(losses, key=lambda share: losses[share])
    return Mixture(dispute=max(float(counter / network), 0.0), reason=float(reason))


def mixed(said: Sequence[Said], terms: Floats, mixture: Mixture) -> list[Said]:
    """What both say together."""
    return [
        row
        | {
            "score": row["score"] + mixture.dispute * float(of[0]),
            "reasons": list(np.array(row["reasons"]) + mixture.reason * of[1:]),
        }
        for row, of in zip(said, terms, strict=True)
    ]


def counted(said: Sequence[Said], examples: Sequence[Example], tokenizer: Tokenizer) -> Floats:
    """What a counter that has not learned from the held-out hands says of their mails."""
    folds = {row["fold"] for row in said}
    terms = fit_terms([example for example in examples if example.fold not in folds], tokenizer)
    texts = {example.id: text_of(example.words) for example in examples}
    return terms.scores([texts[row["id"]] for row in said])


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
        calibration = calibrate(repeated(others))
        for row in said:
            if row["fold"] == fold:
                words = Words(subject="", reply="", language=row["language"])
                label = row["label"] if row["label"] in REASONS else NONE
                mails.append(Labelled(words=words, label=label, also=tuple(row["also"])))
                verdicts.append(verdict(row, calibration, model))
    every = repeated(said)
    return report(mails, verdicts, model=model, thresholds=thresholds_of(every, calibrate(every)))


def thresholds_of(said: Sequence[Said], calibration: Calibration) -> Thresholds:
    """Thresholds on calibrated probabilities."""
    probabilities = np.array([verdict(row, calibration, "").probability for row in said])
    return choose_thresholds(probabilities, np.array([float(row["label"] != NONE) for row in said]))


def copy_weights(trained: Path, folder: Path) -> None:
    """Write everything that training made, the graph in 8 bits."""
    folder.mkdir(parents=True, exist_ok=True)
    export(AutoModel.from_pretrained(trained, local_files_only=True, add_pooling_layer=False), folder / GRAPH)
    for name in (TOKENIZER, SENSE_HEAD, CONFIG, "training.json"):
        (folder / name).write_bytes((trained / name).read_bytes())


def settled(heads: LinearHeads, trained: Path, folder: Path, examples: Sequence[Example]) -> LinearHeads:
    """The heads for the rounded weights: what rounding does to all mails alike is taken back."""
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    # two threads wait for one another where the machine has other work
    torch.set_num_threads(1)
    networks = (TorchEncoder(trained), OnnxNetwork(folder / GRAPH))
    shift = np.zeros_like(heads.dispute)
    ours = [example for example in examples if example.source == "corpus"]
    chosen = ours[:: max(len(ours) // SETTLED_BY, 1)]
    for example in chosen:
        text = f"{heading(PREFIX, example.words.subject)} {example.words.reply}"
        ids: Ids = np.array([tokenizer.encode(text).ids[:256]], np.int64)
        meant, said = (network.run(ids, np.ones_like(ids))[0] for network in networks)
        shift += (meant - said) / np.float32(len(chosen))
    return replace(
        heads,
        dispute_bias=heads.dispute_bias + float(heads.dispute @ shift),
        reason_bias=heads.reason_bias + heads.reason @ shift,
    )


def finish(trained: Path, folder: Path, *, version: str, examples: Sequence[Example], said: Sequence[Said]) -> Report:
    """Write terms, heads and model.toml beside the graph; answers the report on what was `heard` of the examples."""
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    of_terms = counted(said, examples, tokenizer)
    often = np.repeat(np.arange(len(said)), [row["times"] for row in said])
    mixture = mix(repeated(said), of_terms[often])
    said = mixed(said, of_terms, mixture)
    fit_terms(examples, tokenizer).save(folder / TERMS)
    heads = settled(LinearHeads.load(trained / HEADS, Calibration()), trained, folder, examples)
    mixture.over(heads).save(folder / HEADS)
    fitted = calibrate(repeated(said))
    calibration = Calibration(
        scale=round(fitted.scale, 5), shift=round(fitted.shift, 5), temperature=round(fitted.temperature, 4)
    )
    thresholds = thresholds_of(repeated(said), calibration)
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
        calibration=Honest(**asdict(calibration)),
        files={name: digest(folder / name) for name in (GRAPH, TOKENIZER, HEADS, SENSE_HEAD, TERMS, CONFIG)},
        scores={name: round(value, 4) for name, value in scores.items() if value is not None},
    )
    write_description(folder, described)
    return found


def main(arguments: Sequence[str]) -> None:
    """Command line."""
    from triage.understanding.charts import describe, reliability_svg

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trained", type=Path, help="folder that models.train wrote")
    parser.add_argument("folder", type=Path, help="folder that ships")
    parser.add_argument("--version", required=True)
    parser.add_argument("--calibrate", action="store_true", help="leave the weights that are there as they are")
    parser.add_argument("--rows", type=Path, help="gzipped JSON lines of the licensed sources")
    parser.add_argument(
        "--held-out", type=Path, nargs="*", action="extend", default=[], help="what earlier networks said of their own"
    )
    parser.add_argument("--ordinary", action="append", default=[], help="hand that writes as mail comes in")
    parser.add_argument("--times", type=int, default=1, help="how often each of its mails counts")
    parser.add_argument("--corpus", type=Path, default=Path(__file__).parent / "corpus")
    options = parser.parse_args(arguments)
    if options.times < 1 or (options.times > 1 and not options.ordinary):
        parser.error("--times: say with --ordinary whose mails count several times")
    examples = from_corpus(options.corpus) + (from_rows(options.rows) if options.rows else [])
    try:
        said = heard(
            options.trained, options.held_out, examples, ordinary=options.ordinary, times=options.times,
        )  # fmt: skip
    except (OperatorError, OSError) as error:
        parser.error(str(error))
    if not options.calibrate:
        copy_weights(options.trained, options.folder)
    found = finish(options.trained, options.folder, version=options.version, examples=examples, said=said)
    (options.folder / "reliability.svg").write_text(reliability_svg(found), encoding="utf-8")
    sys.stdout.write(describe(found))


if __name__ == "__main__":
    main(sys.argv[1:])
