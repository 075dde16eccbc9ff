"""Train the model that ships: fine-tune the encoder under its heads, on our corpus and on licensed rows.

    python -m models.train models/passes/encoder models/passes/dispute-e5 --rows train.jsonl.gz

First the heads are fitted on the frozen encoder, then both learn together: heads that know where they are going do not
tear up what the encoder knows. The last weights are an average over the second half of the training. `--leave-out`
keeps a hand or a source out; what the model says of it, and of models/exam, which is always left out, is written
(`held-out.jsonl`), and `models.finish` calibrates with that. `--epochs 0` stops after the heads. A folder that this
script wrote can be gone on with, for example with hands that are new: `--more HAND` takes them twice, `--share` only a
part of all that is known. What such a folder says of new hands before it learns them is asked with `--epochs 0` too,
which writes no more than `held-out.jsonl` then:

    python -m models.train models/passes/one models/passes/one-of-lea --epochs 0 --leave-out lea

Uses a GPU where there is one.
"""

import argparse
import copy
import json
import math
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from models.augment import augment
from models.corpus_read import hands
from models.examples import LICENSED, Example, from_corpus, from_rows
from models.marks import unmark
from models.net import Net, device, embed, pad, write
from models.reader import Reader, Text
from models.sampling import draw, reason_target, weight
from triage.errors import OperatorError
from triage.understanding.heads import Calibration, LinearHeads
from triage.understanding.models import HEADS, SENSE_HEAD
from triage.understanding.network import pool
from triage.understanding.regression import fit_binary, fit_reasons
from triage.understanding.senses import SENSES, SenseHead

#: what the net says of mails that it has not learned from, raw, one JSON object a line
HELD_OUT = "held-out.jsonl"
#: what the numbers' senses count in the loss beside the verdict
SENSE_SHARE = 3.0
#: what numbers count beside one another: days, and numbers that are nothing, are many and soon learned
SENSE_WEIGHTS = {"date": 0.3, "none": 0.3}
PENALTY = 0.003


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How to train."""

    epochs: int = 4
    #: tokens of one step
    tokens: int = 2600
    #: longest text; longer ones are cut at a place that changes from epoch to epoch
    window: int = 224
    #: the same for rows of other sources, which are long and many
    row_window: int = 160
    encoder_rate: float = 7e-5
    head_rate: float = 5e-4
    #: each layer learns this much slower than the one above it
    decay: float = 0.9
    #: lowest layers that stay as they are, as the word vectors do
    frozen: int = 3
    seed: int = 1
    #: hands that come twice an epoch, and the share of all else that does
    more: tuple[str, ...] = ()
    share: float = 1.0


def frozen_heads(net: Net, reader: Reader, examples: Sequence[Example]) -> LinearHeads:
    """Heads fitted on the encoder as it is."""
    rows = embed(net, [reader.ids(example.words) for example in examples])
    weights = np.array([weight(example) for example in examples], np.float32)
    disputes = np.array([example.dispute for example in examples], np.float32)
    dispute, dispute_bias = fit_binary(rows, disputes, weights, penalty=PENALTY)
    known = np.array([example.reason is not None for example in examples])
    truth = np.stack([reason_target(example) for example in examples])[known]
    reason, reason_bias = fit_reasons(rows[known], truth, weights[known], penalty=PENALTY)
    return LinearHeads(dispute=dispute, dispute_bias=dispute_bias, reason=reason, reason_bias=reason_bias)


def tune(net: Net, reader: Reader, examples: Sequence[Example], plan: Plan) -> None:
    """Fine-tune in place; the net ends with the average of its second half."""
    chance = random.Random(plan.seed)  # noqa: S311 -- to be repeated, not to be secret
    optimiser = torch.optim.AdamW(_groups(net, plan), weight_decay=0.01)
    steps = [batch for _ in range(plan.epochs) for batch in _epoch(reader, examples, plan, chance)]
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate(step / len(steps)))
    average: nn.Module | None = None
    taken, began = 0, time.monotonic()
    for number, batch in enumerate(steps):
        net.train()
        loss = _loss(net, [text for text, _ in batch], [example for _, example in batch])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if number >= len(steps) // 2 and number % 10 == 0:
            taken += 1
            average = _averaged(average, net, taken)
        if number % 50 == 0 or number == len(steps) - 1:
            seconds = time.monotonic() - began
            sys.stderr.write(f"step {number + 1} of {len(steps)}, loss {loss.item():.3f}, {seconds:.0f} s\n")
    if average is not None:
        net.load_state_dict(average.state_dict())


def _loss(net: Net, texts: Sequence[Text], examples: Sequence[Example]) -> torch.Tensor:
    ids, mask = pad([text.ids for text in texts], device(net))
    tokens = net.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
    vectors = pool(tokens, mask)
    weights = torch.tensor([weight(example) for example in examples], device=vectors.device)
    disputes = torch.tensor([float(example.dispute) for example in examples], device=vectors.device)
    # Nobody is quite sure of any label.
    wanted = disputes * 0.96 + 0.02
    plain = nn.functional.binary_cross_entropy_with_logits(net.dispute(vectors)[:, 0], wanted, reduction="none")
    loss = (plain * weights).sum() / weights.sum()
    known = [at for at, example in enumerate(examples) if example.reason is not None]
    if known:
        target = torch.from_numpy(np.stack([reason_target(examples[at]) for at in known])).to(vectors.device)
        reasons = nn.functional.cross_entropy(net.reason(vectors[known]), target, reduction="none")
        loss = loss + 0.6 * (reasons * weights[known]).sum() / weights.sum()
    numbers = [(at, number) for at, text in enumerate(texts) for number in text.numbers]
    if numbers:
        means = torch.stack([tokens[at, first:last].mean(0) for at, (first, last, _) in numbers])
        truth = torch.tensor([sense for _, (_, _, sense) in numbers], device=vectors.device)
        counts = torch.tensor([SENSE_WEIGHTS.get(sense, 1.0) for sense in SENSES], device=vectors.device)
        senses = nn.functional.cross_entropy(net.sense(means), truth, weight=counts, label_smoothing=0.05)
        loss = loss + SENSE_SHARE * senses
    return loss


def _epoch(
    reader: Reader, examples: Sequence[Example], plan: Plan, chance: random.Random
) -> Iterator[list[tuple[Text, Example]]]:
    """Batches of like length in random order; our corpus whole, of the other sources their quota."""
    drawn = draw(examples, chance, more=plan.more, share=plan.share)
    texts = []
    for example in drawn:
        window = plan.window if example.source == "corpus" else plan.row_window
        words, numbers = unmark(augment(example.marked or example.words, chance))
        texts.append((reader.text(words, numbers, chance, window), example))
    chance.shuffle(texts)
    batches: list[list[tuple[Text, Example]]] = []
    # Sorting within large chunks keeps the padding small and the batches different.
    for start in range(0, len(texts), 512):
        chunk = sorted(texts[start : start + 512], key=lambda item: len(item[0].ids))
        while chunk:
            count = max(plan.tokens // len(chunk[-1][0].ids), 1)
            batches.append(chunk[-count:])
            chunk = chunk[:-count]
    chance.shuffle(batches)
    yield from batches


def _groups(net: Net, plan: Plan) -> list[dict[str, object]]:
    """Parameters with their learning rates; what stays as it is, is told so."""
    layers = list(net.encoder.encoder.layer)
    for part in (net.encoder.embeddings, *layers[: plan.frozen]):
        part.requires_grad_(False)
    top = len(layers) - 1
    groups: list[dict[str, object]] = [
        {"params": list(layer.parameters()), "lr": plan.encoder_rate * plan.decay ** (top - at)}
        for at, layer in enumerate(layers)
        if at >= plan.frozen
    ]
    heads = [*net.dispute.parameters(), *net.reason.parameters()]
    senses = list(net.sense.parameters())
    return [*groups, {"params": heads, "lr": plan.head_rate}, {"params": senses, "lr": 4 * plan.head_rate}]


def _rate(progress: float) -> float:
    """Up over the first tenth, then down along a cosine, not quite to nothing."""
    return progress / 0.1 if progress < 0.1 else 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * (progress - 0.1) / 0.9))


def _averaged(average: nn.Module | None, net: nn.Module, taken: int) -> nn.Module:
    if average is None:
        return copy.deepcopy(net)
    with torch.no_grad():
        for kept, new in zip(average.parameters(), net.parameters(), strict=True):
            kept.lerp_(new, 1 / taken)
    return average


def passes_of(folder: Path) -> dict[str, object] | None:
    """The manifest of the training that a folder comes from; None for an encoder that nobody has trained."""
    path = folder / "training.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def write_held_out(net: Net, reader: Reader, examples: Sequence[Example], path: Path) -> None:
    """What the model says of mails that it was not trained on, raw, one JSON object a line."""
    if not examples:
        return
    rows = embed(net, [reader.ids(example.words) for example in examples])
    heads = net.heads()
    with path.open("w", encoding="utf-8") as lines:
        for example, score, row in zip(examples, heads.logits(rows), rows, strict=True):
            reasons = heads.reason @ row + heads.reason_bias
            said = {
                "id": example.id,
                "fold": example.fold,
                "language": example.words.language,
                "label": (example.reason or "unknown") if example.dispute else "none",
                "also": list(example.also),
                "kind": example.kind,
                "score": float(score),
                "reasons": [round(float(value), 4) for value in reasons],
            }
            lines.write(json.dumps(said) + "\n")


def check_names(left_out: Sequence[str], more: Sequence[str], corpus: Path, *, with_rows: bool) -> None:
    """Raises OperatorError for a name that nobody has: the mails that it was to keep out would be learned."""
    ours = hands(corpus)
    among = f"no hand of {corpus} ({', '.join(sorted(ours))})"
    sources = LICENSED if with_rows else ()
    for name in left_out:
        if name not in ours.union(sources):
            beside = f" and no source of rows ({', '.join(sources)})" if with_rows else ""
            raise OperatorError(f"--leave-out: {name} is {among}{beside}")
    for name in more:
        if name not in ours:
            raise OperatorError(f"--more: {name} is {among}")
        if name in left_out:
            raise OperatorError(f"--more: {name} is left out")


def main(arguments: Sequence[str]) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "encoder", type=Path, help="folder that models.encoder made, or one of this script to go on with"
    )
    parser.add_argument("folder", type=Path, help="folder to write")
    parser.add_argument("--corpus", type=Path, default=Path(__file__).parent / "corpus")
    parser.add_argument("--rows", type=Path, help="gzipped JSON lines of the licensed sources")
    parser.add_argument("--leave-out", action="append", default=[], help="hand or source that is not trained on")
    parser.add_argument("--exam", type=Path, default=Path(__file__).parent / "exam", help="mails to judge it by")
    parser.add_argument("--more", action="append", default=[], help="hand that is trained on twice an epoch")
    parser.add_argument("--share", type=float, default=1.0, help="of the other hands and rows, drawn once")
    parser.add_argument("--epochs", type=int, default=Plan.epochs)
    parser.add_argument("--rate", type=float, default=Plan.encoder_rate)
    parser.add_argument("--frozen", type=int, default=Plan.frozen)
    parser.add_argument("--seed", type=int, default=Plan.seed)
    options = parser.parse_args(arguments)
    try:
        check_names(options.leave_out, options.more, options.corpus, with_rows=options.rows is not None)
    except OperatorError as error:
        parser.error(str(error))
    plan = Plan(
        epochs=options.epochs, encoder_rate=options.rate, frozen=options.frozen, seed=options.seed,
        more=tuple(options.more), share=options.share,
    )  # fmt: skip
    torch.manual_seed(plan.seed)
    began = time.monotonic()
    examples = from_corpus(options.corpus) + (from_rows(options.rows) if options.rows else [])
    trained = [example for example in examples if example.fold not in options.leave_out]
    held_out = [example for example in examples if example.fold in options.leave_out] + from_corpus(options.exam)
    reader = Reader(options.encoder, plan.window)
    net = Net(options.encoder).to("cuda" if torch.cuda.is_available() else "cpu")
    chance = random.Random(plan.seed)  # noqa: S311 -- to be repeated, not to be secret
    going_on = (options.encoder / HEADS).exists()
    if going_on:
        heads = LinearHeads.load(options.encoder / HEADS, Calibration())
    else:
        heads = frozen_heads(net, reader, draw(trained, chance))
    net = Net(options.encoder, heads).to(device(net))
    if (options.encoder / SENSE_HEAD).exists():
        net.load_senses(SenseHead.load(options.encoder / SENSE_HEAD))
    if plan.epochs:
        tune(net, reader, trained, plan)
    manifest: dict[str, object] = {
        "plan": vars(plan),
        "left_out": options.leave_out,
        "examples": dict(Counter(example.source for example in trained)),
        "seconds": round(time.monotonic() - began),
        "torch": torch.__version__,
        "goes_on_from": passes_of(options.encoder),
    }
    options.folder.mkdir(parents=True, exist_ok=True)
    if plan.epochs or not going_on:
        write(net, options.encoder, options.folder, manifest)
    write_held_out(net, reader, held_out, options.folder / HELD_OUT)


if __name__ == "__main__":
    main(sys.argv[1:])
