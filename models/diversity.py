"""How various is the corpus, and can a classifier take a short cut? ``python -m models.diversity``

Writes its tables into ``models/corpus/FIGURES.md``. Counts of different n-grams depend on how much is counted, so each
group is counted over the same number of words. Likeness is the cosine of TF-IDF vectors over words and characters. All
numbers count as one word: a template with other numbers in it is the same template.
"""

import argparse
import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from scipy.sparse import hstack  # type: ignore[import-untyped]
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from models.corpus_read import CorpusMail, read_corpus
from models.figures import CORPUS, FIGURES, table, write_section
from triage.understanding.evaluate import auc
from triage.understanding.findings import LANGUAGES
from triage.understanding.network import Flags, Floats

#: words of each group that n-grams are counted over
SAMPLE = 15_000
#: words that every mail about bills may have, by which no class should be told
INVOICE_WORDS = re.compile(
    r"\b(?:invoic|bill|charg|pay|paid|refund|amount|account|fee|price|card|order|"
    r"factur|cobr|pag|reembols|importe|cuenta|tarifa|precio|tarjeta|pedido|"
    r"fatur|cobran|estorn|valor|conta|taxa|preço|cartão|encomenda|boleto|"
    r"prélev|paie|payé|rembours|montant|compte|frais|prix|carte|commande|"
    r"rechnung|abbuch|gebucht|zahl|bezahl|erstatt|betrag|konto|gebühr|preis|karte|bestell)\w*"
)
_WORD = re.compile(r"[^\W\d_]+|\d[\d.,/:-]*")
_SCHEMA = ("same hand, same class", "same hand, other class", "other hand, same class", "other hand, other class")


def words_of(mail: CorpusMail) -> list[str]:
    """The words of subject and body in lower case; every number is the same word."""
    found = _WORD.findall(f"{mail.subject}\n{mail.body}".lower())
    return ["0" if word[0].isdigit() else word for word in found]


def grams(words: Sequence[str], length: int) -> Iterator[tuple[str, ...]]:
    """Words in a row."""
    return zip(*(words[at:] for at in range(length)), strict=False)


def variety(mails: Sequence[CorpusMail]) -> list[float | None]:
    """Share of the n-grams of one to three words that are different from one another, over as many words each."""
    shuffled = random.Random(1).sample(mails, len(mails))  # noqa: S311 -- to be repeated, not to be secret
    words = [word for mail in shuffled for word in words_of(mail)][:SAMPLE]
    if len(words) < SAMPLE:
        return [None] * 3
    return [len(set(grams(words, length))) / (len(words) - length + 1) for length in (1, 2, 3)]


def repeated(mails: Sequence[CorpusMail], length: int = 5) -> float:
    """Share of the different n-grams that stand in more than one of these mails."""
    counted = Counter(gram for mail in mails for gram in set(grams(words_of(mail), length)))
    return sum(count > 1 for count in counted.values()) / max(len(counted), 1)


def neighbours(mails: Sequence[CorpusMail]) -> tuple[dict[str, Floats], float]:
    """Cosine of each mail to its nearest of each kind, and how often the nearest of another hand has its class."""
    texts = [" ".join(words_of(mail)) for mail in mails]
    word = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    letter = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 4), min_df=3, sublinear_tf=True, max_features=60_000)
    rows = hstack([each.fit_transform(texts) for each in (word, letter)]).tocsr() / np.sqrt(2)
    hand, dispute = np.array([mail.hand for mail in mails]), np.array([mail.is_dispute for mail in mails])
    nearest: dict[str, list[float]] = {name: [] for name in _SCHEMA}
    same_class = []
    for start in range(0, len(mails), 256):
        likeness = (rows[start : start + 256] @ rows.T).toarray()
        for at, line in enumerate(likeness, start):
            line[at] = -1
            hands = hand == hand[at], hand != hand[at]
            classes = dispute == dispute[at], dispute != dispute[at]
            kinds = [mine & alike for mine in hands for alike in classes]
            for name, kind in zip(_SCHEMA, kinds, strict=True):
                nearest[name].append(float(line[kind].max(initial=0.0)))
            others = np.where(hands[1], line, -1)
            same_class.append(dispute[int(others.argmax())] == dispute[at])
    return {name: np.array(values) for name, values in nearest.items()}, float(np.mean(same_class))


def short_cut(
    mails: Sequence[CorpusMail], features: Callable[[CorpusMail], Iterable[float]]
) -> list[tuple[str, float]]:
    """AUC on each hand of a logistic regression that knows these features of the mails of all other hands."""
    rows = np.array([list(features(mail)) for mail in mails])
    rows = (rows - rows.mean(0)) / (rows.std(0) + 1e-9)
    hand, dispute = np.array([mail.hand for mail in mails]), np.array([mail.is_dispute for mail in mails])
    found = []
    for name in sorted(set(hand.tolist())):
        out: Flags = hand == name
        fitted = LogisticRegression(C=0.1, max_iter=1000).fit(rows[~out], dispute[~out])
        found.append((name, auc(np.asarray(fitted.decision_function(rows[out])), dispute[out]) or 0.5))
    return found


def invoice_words(mails: Sequence[CorpusMail]) -> Callable[[CorpusMail], list[float]]:
    """Counts of the commonest invoice words of each language."""
    counts = Counter(word for mail in mails for word in set(_invoice_words(mail)))
    known = [word for word, _ in counts.most_common(300)]

    def features(mail: CorpusMail) -> list[float]:
        present = set(_invoice_words(mail))
        return [float(word in present) for word in known]

    return features


def _invoice_words(mail: CorpusMail) -> list[str]:
    return [match[0] for match in INVOICE_WORDS.finditer(f"{mail.subject}\n{mail.body}".lower())]


def outward(mail: CorpusMail) -> list[float]:
    """What a mail looks like from afar: length, lines, numbers, marks, capitals."""
    text = f"{mail.subject}\n{mail.body}"
    counts = (len(text), text.count("\n"), len(re.findall(r"\d+", text)), text.count("!"), text.count("?"))
    return [float(np.log1p(count)) for count in (*counts, sum(map(str.isupper, text)))]


def section(mails: Sequence[CorpusMail]) -> str:
    """All tables, as Markdown."""
    hands = sorted({mail.hand for mail in mails})
    return "\n\n".join(
        (
            f"## What is in it\n\n`python -m models.diversity` on {len(mails)} mails, "
            f"{sum(mail.is_dispute for mail in mails)} of them disputes.",
            _counts(mails, hands),
            _lengths(mails, hands),
            "## How various it is\n\n"
            f"Share of different n-grams over {SAMPLE:,} words of each group, and share of its different runs of five "
            "words that stand in more than one of its mails.",
            _variety(mails, hands),
            _likeness(mails),
            _short_cuts(mails, hands),
        )
    )


def _counts(mails: Sequence[CorpusMail], hands: Sequence[str]) -> str:
    languages = [*LANGUAGES, *(["other"] if any(mail.language == "other" for mail in mails) else [])]
    tables = []
    for what, names in (("hand", hands), ("label", sorted({mail.label for mail in mails}))):
        counts = Counter((getattr(mail, what), mail.language) for mail in mails)
        rows = [
            (name, *(counts[name, language] for language in languages), sum(counts[name, each] for each in languages))
            for name in names
        ]
        tables.append(table((what, *languages, "all"), rows))
    kinds = Counter(mail.kind for mail in mails if mail.kind).most_common()
    told = ", ".join(f"{kind} {count}" for kind, count in kinds)
    return "\n\n".join((*tables, f"Kinds of mail that is no dispute: {told}."))


def _lengths(mails: Sequence[CorpusMail], hands: Sequence[str]) -> str:
    rows = []
    for name, chosen in _groups(mails, hands):
        lengths = np.array([len(words_of(mail)) for mail in chosen])
        rows.append((name, *(int(np.percentile(lengths, share)) for share in (5, 25, 50, 75, 95))))
    return "Words of a mail:\n\n" + table(("group", "5 %", "25 %", "median", "75 %", "95 %"), rows)


def _groups(mails: Sequence[CorpusMail], hands: Sequence[str]) -> Iterator[tuple[str, list[CorpusMail]]]:
    for hand in hands:
        yield hand, [mail for mail in mails if mail.hand == hand]
    for language in LANGUAGES:
        yield language, [mail for mail in mails if mail.language == language]
    yield "disputes", [mail for mail in mails if mail.is_dispute]
    yield "others", [mail for mail in mails if not mail.is_dispute]
    yield "all", list(mails)


def _variety(mails: Sequence[CorpusMail], hands: Sequence[str]) -> str:
    rows = [(name, *variety(chosen), repeated(chosen)) for name, chosen in _groups(mails, hands)]
    return table(("group", "words", "pairs", "triples", "5-grams in several mails"), rows)


def _likeness(mails: Sequence[CorpusMail]) -> str:
    nearest, same_class = neighbours(mails)
    rows = [
        (name, *(float(np.percentile(values, share)) for share in (50, 95)), float(values.max()))
        for name, values in nearest.items()
    ]
    return (
        "Cosine of each mail to the nearest one (TF-IDF of words, pairs and characters):\n\n"
        + table(("nearest of", "median", "95 %", "highest"), rows)
        + f"\n\nThe nearest mail of another hand is of the same class for {same_class:.1%} of the mails."
    )


def _short_cuts(mails: Sequence[CorpusMail], hands: Sequence[str]) -> str:
    shapes = {
        "invoice words alone": short_cut(mails, invoice_words(mails)),
        "length, lines, numbers, marks": short_cut(mails, outward),
    }
    rows = [
        (name, *(value for _, value in found), float(np.mean([v for _, v in found]))) for name, found in shapes.items()
    ]
    return (
        "## What a short cut would get\n\nAUC on each hand of a classifier that learned from the others and sees only "
        "this; 0.5 is chance.\n\n" + table(("sees", *hands, "mean"), rows)
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--page", type=Path, default=FIGURES, help="page whose section is written")
    options = parser.parse_args()
    text = section(read_corpus(options.corpus))
    write_section("diversity", text, options.page)
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
