"""Train the model that ships: fine-tune the encoder under two heads, on our corpus and on licensed rows.

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
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import nn
from transformers import AutoModel

from models.augment import augment
from models.corpus_read import hands
from models.examples import LICENSED, Example, from_corpus, from_rows
from models.marks import Marked, unmark
from triage.errors import OperatorError
from triage.understanding.classify import Words, heading
from triage.understanding.findings import REASONS
from triage.understanding.heads import Calibration, LinearHeads
from triage.understanding.models import HEADS, SENSE_HEAD
from triage.understanding.network import Floats, pool
from triage.understanding.regression import fit_binary, fit_reasons
from triage.understanding.senses import SENSES, SenseHead

PREFIX = "query: "
#: what the net says of mails that it has not learned from, raw, one JSON object a line
HELD_OUT = "held-out.jsonl"
#: rows of each source drawn anew for each epoch, disputes and others: as much of either as there is, so that the
#: source does not give the answer away, and few enough for our corpus to lead
QUOTA = {
    "banking77": (220, 220),
    "clinc150": (59, 110),
    "bitext": (0, 80),
    "cfpb": (130, 130),
    "enron_cat": (0, 100),
    "codealltag": (0, 100),
}
#: what a row counts beside a mail of ours; complaint narratives were labelled by their category, which is often wrong
ROW_WEIGHT = {"cfpb": 0.25}
ROW_WEIGHT_ELSE = 0.5
#: share of the truth that other defensible reasons get together
ALSO = 0.3
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


class Net(nn.Module):
    """The encoder with both heads."""

    def __init__(self, folder: Path, heads: LinearHeads | None = None) -> None:
        super().__init__()
        self.encoder = AutoModel.from_pretrained(folder, local_files_only=True, add_pooling_layer=False)
        size = self.encoder.config.hidden_size
        self.dispute, self.reason = nn.Linear(size, 1), nn.Linear(size, len(REASONS))
        self.sense = nn.Linear(size, len(SENSES))
        if heads is not None:
            with torch.no_grad():
                self.dispute.weight.copy_(torch.from_numpy(heads.dispute)[None])
                self.dispute.bias.fill_(heads.dispute_bias)
                self.reason.weight.copy_(torch.from_numpy(heads.reason))
                self.reason.bias.copy_(torch.from_numpy(heads.reason_bias))

    def vectors(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """One vector a text."""
        return pool(self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state, mask)

    def load_senses(self, head: SenseHead) -> None:
        """Go on with a head that was trained before."""
        with torch.no_grad():
            self.sense.weight.copy_(torch.from_numpy(head.weight))
            self.sense.bias.copy_(torch.from_numpy(head.bias))

    def senses(self) -> SenseHead:
        """The head over tokens as the package has it."""
        return SenseHead(weight=_array(self.sense.weight), bias=_array(self.sense.bias))

    def heads(self) -> LinearHeads:
        """The heads as the package has them."""
        return LinearHeads(
            dispute=_array(self.dispute.weight)[0],
            dispute_bias=float(self.dispute.bias.item()),
            reason=_array(self.reason.weight),
            reason_bias=_array(self.reason.bias),
        )


@dataclass(frozen=True, kw_only=True)
class Text:
    """A mail in token ids."""

    ids: list[int]
    #: first token, the one after the last, and which of `SENSES` it is, for each number that is known
    numbers: tuple[tuple[int, int, int], ...] = ()


class Reader:
    """Words to token ids."""

    def __init__(self, folder: Path, window: int) -> None:
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._window = window

    def ids(self, words: Words) -> list[int]:
        """Ids of a mail; of a long one the beginning."""
        return self.text(words, ()).ids

    def text(
        self,
        words: Words,
        numbers: Sequence[Marked],
        chance: random.Random | None = None,
        window: int | None = None,
    ) -> "Text":
        """A mail as the net reads it; of a long one the beginning or, now and then, a window from its midst."""
        window = window or self._window
        head = self._tokenizer.encode(heading(PREFIX, words.subject), add_special_tokens=False)
        body = self._tokenizer.encode(words.reply, add_special_tokens=False)
        opening = min(len(head.ids), window // 3)
        room = window - opening - 2
        start = 0
        if chance is not None and len(body.ids) > room and chance.random() < 0.3:
            start = chance.randrange(len(body.ids) - room)
        found = []
        for number in numbers:
            if number.text == "subject":
                offsets, shift, first, last = head.offsets, len(PREFIX), 0, opening
            else:
                offsets, shift, first, last = body.offsets, 0, start, start + room
            held = [
                at
                for at, (begin, end) in enumerate(offsets)
                if begin < number.end + shift and end > number.start + shift
            ]
            if held and first <= held[0] and held[-1] < last:
                moved = 1 - first + (0 if number.text == "subject" else opening)
                found.append((held[0] + moved, held[-1] + 1 + moved, SENSES.index(number.sense)))
        ids = [0, *head.ids[:opening], *body.ids[start : start + room], 2]
        return Text(ids=ids, numbers=tuple(found))


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


def embed(net: Net, texts: Sequence[list[int]]) -> Floats:
    """Vectors of many texts, in their order."""
    net.eval()
    found: dict[int, Floats] = {}
    order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
    with torch.inference_mode():
        for start in range(0, len(order), 32):
            batch = order[start : start + 32]
            ids, mask = pad([texts[at] for at in batch], device(net))
            found.update(zip(batch, _array(net.vectors(ids, mask)), strict=True))
    return np.stack([found[at] for at in range(len(texts))])


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


def draw(
    examples: Sequence[Example], chance: random.Random, *, more: Collection[str] = (), share: float = 1.0
) -> list[Example]:
    """Our corpus, and of each source as many disputes and others as its quota says.

    The hands of `more` come twice; of all else it is but a `share`.
    """
    ours = [example for example in examples if example.source == "corpus"]
    first = [example for example in ours if example.fold in more]
    others = [example for example in ours if example.fold not in more]
    drawn = [*first, *first, *chance.sample(others, round(share * len(others)))]
    for source, quota in QUOTA.items():
        for dispute, count in zip((True, False), quota, strict=True):
            rows = [example for example in examples if example.source == source and example.dispute is dispute]
            drawn += chance.sample(rows, min(round(share * count), len(rows)))
    return drawn


def weight(example: Example) -> float:
    """What an example counts."""
    return 1.0 if example.source == "corpus" else ROW_WEIGHT.get(example.source, ROW_WEIGHT_ELSE)


def reason_target(example: Example) -> Floats:
    """The truth about the reason, shared where others are defensible; all zero where there is none."""
    target = np.zeros(len(REASONS), np.float32)
    if example.reason is not None:
        for other in example.also:
            target[REASONS.index(other)] = ALSO / len(example.also)
        target[REASONS.index(example.reason)] += 1 - target.sum()
    return target


def pad(texts: Sequence[list[int]], where: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and mask of a batch."""
    width = max(map(len, texts))
    ids = torch.ones(len(texts), width, dtype=torch.long)
    mask = torch.zeros(len(texts), width, dtype=torch.long)
    for at, text in enumerate(texts):
        ids[at, : len(text)] = torch.tensor(text)
        mask[at, : len(text)] = 1
    return ids.to(where), mask.to(where)


def device(net: nn.Module) -> torch.device:
    """Where the net lives."""
    return next(net.parameters()).device


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


def _array(tensor: torch.Tensor) -> Floats:
    return np.asarray(tensor.detach().cpu().float().numpy(), np.float32)


def write(net: Net, encoder: Path, folder: Path, manifest: dict[str, object]) -> None:
    """The trained encoder as a Hugging Face folder, its heads beside it."""
    net.encoder.save_pretrained(folder)
    (folder / "tokenizer.json").write_bytes((encoder / "tokenizer.json").read_bytes())
    net.heads().save(folder / HEADS)
    net.senses().save(folder / SENSE_HEAD)
    (folder / "training.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


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
