"""Learns the weights of rules/weights.toml from our corpus: ``python -m models.findings_train [OPTION…] [FOLDER]``.

Three small linear models: what a number names, what an amount is in the matter, and which sum is contested. Each is
also trained with one hand left out at a time and scored on that hand, because mails of one hand resemble one another;
those figures are printed. `--check` prints them and leaves the file alone. `--numbers` learns only what numbers name,
and leaves the rest of the file as it is (`findings_score` has the figures). Takes about eight minutes on one core.
"""

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import cast

import numpy as np

from models.corpus_read import CorpusMail, read_corpus
from triage.mail.message import Address, Message
from triage.understanding.candidates import follows, squashed
from triage.understanding.extract import Extractor, leaning, places
from triage.understanding.findings import Language, Role
from triage.understanding.identifiers import Identifiers, Sort
from triage.understanding.linear import Linear
from triage.understanding.roles import Claim, Leaning, Place, claims, price, role_features
from triage.understanding.rules import WEIGHTS, Patterns, load_patterns

ROOT = Path(__file__).parents[1]
CORPUS = ROOT / "models" / "corpus"
RULES = ROOT / "rules"
#: in the names of the corpus files whose mails contrast with one another
FAMILIES = "-pairs-"

Weights = dict[str, dict[str, float]]


@dataclass(frozen=True, kw_only=True)
class Example:
    """Features, the right label, and the mail that they come from."""

    features: frozenset[str]
    label: str
    mail: CorpusMail
    #: examples of one group are weighed against each other (the claims of one mail)
    weight: float = 1.0


def message_of(mail: CorpusMail) -> Message:
    """A corpus mail as the house sees it: everything that was written is the reply."""
    name, _, address = mail.sender.rpartition("<")
    return Message(
        message_id=f"<{mail.id}@corpus.example>",
        subject=mail.subject,
        sender=Address(name=name.strip(), address=address.strip("> ").lower()),
        date=datetime.combine(mail.sent, time(12), UTC),
        text=mail.body,
        reply=mail.body,
    )


def language_of(mail: CorpusMail) -> Language:
    """The language that the writer of the mail says it has."""
    return cast(Language, mail.language)


# --------------------------------------------------------------------------------------------- examples


def number_examples(mails: Iterable[CorpusMail], extractor: Extractor, patterns: Patterns) -> list[Example]:
    """Every candidate number with the kind that the gold gives it, or none."""
    reader = Identifiers(patterns)
    examples = []
    for mail in mails:
        gold: dict[str, str] = {squashed(text): kind for kind, text in mail.identifiers if kind != "card"}
        texts = [scan.words for scan in extractor.scan(message_of(mail), language_of(mail))]
        for words, candidates in zip(texts, reader.candidates(texts), strict=True):
            previous, last = None, "none"
            for candidate, features in candidates:
                value = squashed(candidate.text)
                kind = gold.get(value) or next((gold[each] for each in gold if each.endswith(value)), "none")
                if previous and last != "none" and follows(words.text, previous.span, candidate.span, words.taken):
                    features.add(f"list:{last}")
                previous, last = candidate, kind
                examples.append(Example(features=frozenset(features), label=kind, mail=mail))
    return examples


@dataclass(frozen=True, kw_only=True)
class Looked:
    """A mail as the judge of amounts sees it."""

    mail: CorpusMail
    places: Sequence[Place]
    #: with the verdict that the gold would give, and without any
    leanings: tuple[Leaning, Leaning]


def looked(mails: Iterable[CorpusMail], extractor: Extractor) -> list[Looked]:
    """The amounts of each mail in their texts."""
    result = []
    for mail in mails:
        language = language_of(mail)
        scans = extractor.scan(message_of(mail), language)
        plain = leaning(scans, None)
        told = replace(plain, dispute=mail.is_dispute, reason=mail.label if mail.is_dispute else None)
        result.append(Looked(mail=mail, places=places(extractor.read(scans)), leanings=(told, plain)))
    return result


def role_examples(mails: Iterable[Looked], which: Sequence[int] = (0, 1)) -> list[Example]:
    """Every amount that the gold has, with its role; several of one value in the order of the gold."""
    examples = []
    for seen_mail in mails:
        roles: dict[Decimal, list[str]] = defaultdict(list)
        for labelled in seen_mail.mail.amounts:
            roles[labelled.value.normalize()].append(labelled.role)
        for number in which:
            features = role_features(seen_mail.places, seen_mail.leanings[number])
            for place, of_place in zip(seen_mail.places, features, strict=True):
                seen: Counter[Decimal] = Counter()
                for amount, of in zip(place.amounts, of_place, strict=True):
                    value = amount.value.normalize()
                    if value in roles:
                        role = roles[value][min(seen[value], len(roles[value]) - 1)]
                        examples.append(Example(features=frozenset(of), label=role, mail=seen_mail.mail))
                        seen[value] += 1
    return examples


def claim_groups(
    mails: Iterable[Looked], roles: Linear[str], which: Sequence[int] = (0, 1)
) -> list[tuple[CorpusMail, list[Claim]]]:
    """For each dispute with a contested sum, all the sums that it might be."""
    groups = []
    for each in mails:
        for number in which:
            if each.mail.disputed:
                known = each.leanings[number]
                priced = price(each.places, cast(Linear[Role], roles), known)
                own = [one for prices in priced for one in prices]
                groups.append((each.mail, list(claims(own, each.places, known))))
    return groups


def as_they_come(mails: Iterable[Looked]) -> list[Looked]:
    """Without the mails that were written in families of contrasts: in those any sum is as often contested as not."""
    return [each for each in mails if FAMILIES not in each.mail.path.name]


def claim_examples(groups: Iterable[tuple[CorpusMail, list[Claim]]]) -> list[Example]:
    """Right sums and wrong ones."""
    examples = []
    for mail, of_mail in groups:
        for claim in of_mail:
            label = "yes" if fits(claim.money.value, mail) else "no"
            examples.append(Example(features=claim.features, label=label, mail=mail))
    return examples


def fits(value: Decimal, mail: CorpusMail) -> bool:
    """Whether a sum is the contested one of the mail, or another defensible one."""
    return mail.disputed is not None and value in (mail.disputed.value, *mail.disputed.accept)


# --------------------------------------------------------------------------------------------- learning


def learn(examples: Sequence[Example], *, strength: float, least: int = 3) -> Weights:
    """Weights by label; features that fewer than `least` mails have are left out, small weights too."""
    # here, so that scores can be had without the trainer's libraries
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression

    mails: dict[str, set[str]] = defaultdict(set)
    for example in examples:
        for feature in example.features:
            mails[feature].add(example.mail.id)
    kept = {feature for feature, of in mails.items() if len(of) >= least}
    vectorizer = DictVectorizer(sparse=True)
    rows = vectorizer.fit_transform([dict.fromkeys(example.features & kept, 1) for example in examples])
    model = LogisticRegression(C=strength, max_iter=2000)
    model.fit(rows, [example.label for example in examples], [example.weight for example in examples])
    labels: list[str] = list(model.classes_)
    matrix = np.vstack([-model.coef_, model.coef_]) / 2 if len(labels) == 2 else model.coef_
    biases = np.array([-model.intercept_[0], model.intercept_[0]]) / 2 if len(labels) == 2 else model.intercept_
    weights: Weights = {}
    for label, row, bias in zip(labels, matrix, biases, strict=True):
        by_feature = {"": round(float(bias), 2)}
        for feature, weight in zip(vectorizer.feature_names_, row, strict=True):
            if abs(weight) >= 0.05:
                by_feature[feature] = round(float(weight), 2)
        weights[label] = by_feature
    return weights


def choice(linear: Linear[str], features: Iterable[str]) -> str:
    """The likeliest label."""
    shares = linear.probabilities(features)
    return max(shares, key=lambda label: shares[label])


def hands_of(mails: Iterable[CorpusMail]) -> list[str]:
    """Who wrote the mails."""
    return sorted({mail.hand for mail in mails})


# ---------------------------------------------------------------------------------------------- figures


def score_numbers(examples: Sequence[Example], linear: Linear[str]) -> str:
    """Precision and recall of each kind among the candidates."""
    hit: Counter[str] = Counter()
    said: Counter[str] = Counter()
    gold: Counter[str] = Counter()
    for example in examples:
        answer = choice(linear, example.features)
        said[answer] += 1
        gold[example.label] += 1
        hit[answer] += answer == example.label
    return "  ".join(
        f"{kind} P {hit[kind] / max(1, said[kind]):.3f} R {hit[kind] / max(1, gold[kind]):.3f}"
        for kind in ("invoice", "order", "customer", "account")
    )


def leave_one_out(mails: Sequence[CorpusMail], extractor: Extractor, patterns: Patterns) -> None:
    """Train without each hand in turn and print how it does on that hand, with a verdict and without."""
    numbers = number_examples(mails, extractor, patterns)
    seen = looked(mails, extractor)
    totals: Counter[str] = Counter()
    for hand in hands_of(mails):
        of_others = [example for example in numbers if example.mail.hand != hand]
        of_hand = [example for example in numbers if example.mail.hand == hand]
        say(f"{hand:6s} numbers: {score_numbers(of_hand, Linear(learn(of_others, strength=NUMBERS)))}")
        others = [each for each in seen if each.mail.hand != hand]
        these = [each for each in seen if each.mail.hand == hand]
        roles: Linear[str] = Linear(learn(role_examples(others), strength=ROLES))
        sums: Linear[str] = Linear(learn(claim_examples(claim_groups(as_they_come(others), roles)), strength=CLAIMS))
        for number, title in ((0, "told"), (1, "untold")):
            examples = role_examples(these, [number])
            right = sum(choice(roles, each.features) == each.label for each in examples)
            groups = claim_groups(these, roles, [number])
            fit = sum(fits(best_claim(of, sums), mail) for mail, of in groups if of)
            totals.update({f"{title} right": right, f"{title} roles": len(examples)})
            totals.update({f"{title} fit": fit, f"{title} sums": len(groups)})
            say(f"       {title:6s} roles {right / len(examples):.3f}  contested sum {fit / max(1, len(groups)):.3f}")
    for title in ("told", "untold"):
        roles_right = totals[f"{title} right"] / totals[f"{title} roles"]
        sums_right = totals[f"{title} fit"] / totals[f"{title} sums"]
        say(f"all    {title:6s} roles {roles_right:.3f}  contested sum {sums_right:.3f}")


def best_claim(of_mail: Sequence[Claim], linear: Linear[str]) -> Decimal:
    """The sum that the model thinks likeliest."""
    return max(of_mail, key=lambda claim: linear.probabilities(claim.features)["yes"]).money.value


# ---------------------------------------------------------------------------------------------- writing

#: inverse strength of regularisation, chosen by leaving hands out
NUMBERS, ROLES, CLAIMS = 0.5, 0.05, 0.3

HEADER = """\
# What each sign counts for: the weights of three small models, learned from models/corpus by
#     python -m models.findings_train
# A weight is a log odd: the higher, the more the sign speaks for the table that it stands in. "" is what every number
# starts with. `<` is before an amount, `>` behind it, a 2 or 6 how many words away at most; `mail:` is anywhere in the
# mail; names after a quote are words of the text. triage/understanding/identifiers.py and roles.py tell the rest.
# They may be changed by hand; the next training writes them anew.
"""


def written(sections: Mapping[str, Weights]) -> str:
    """The file's text."""
    lines = [HEADER]
    for name, weights in sections.items():
        for label in sorted(weights):
            lines.append(f"[{name}.{label}]")
            for feature, weight in sorted(weights[label].items()):
                escaped = feature.replace("\\", "\\\\").replace('"', '\\"')
                lines.append(f'"{escaped}" = {weight}')
            lines.append("")
    return "\n".join(lines)


def say(line: str) -> None:
    """One line on the terminal, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    """Train, print the figures of the folds, and write the file."""
    folder = next((Path(each) for each in arguments if not each.startswith("-")), CORPUS)
    mails = [mail for mail in read_corpus(folder) if mail.language != "other"]
    patterns = load_patterns(RULES)
    extractor = Extractor(patterns)
    if "--numbers" not in arguments:
        leave_one_out(mails, extractor, patterns)
    if "--check" in arguments:
        return 0
    numbers = learn(number_examples(mails, extractor, patterns), strength=NUMBERS)
    patterns = replace(patterns, identifier_weights=cast(Mapping[Sort, Mapping[str, float]], numbers))
    kept = {"role": patterns.role_weights, "disputed": patterns.disputed_weights}
    sections = {"identifier": numbers, **cast(dict[str, Weights], kept)}
    if "--numbers" not in arguments:
        seen = looked(mails, Extractor(patterns))
        sections["role"] = roles = learn(role_examples(seen), strength=ROLES)
        groups = claim_groups(as_they_come(seen), Linear(roles))
        sections["disputed"] = learn(claim_examples(groups), strength=CLAIMS)
    text = written(sections)
    (RULES / WEIGHTS).write_text(text, encoding="utf-8")
    say(f"{WEIGHTS}: {text.count(' = ')} weights from {len(mails)} mails")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
