"""Learns the counter of words that ships beside the network (`triage.understanding.terms`), in a minute on one core."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix  # type: ignore[import-untyped]
from sklearn.linear_model import LogisticRegression
from tokenizers import Tokenizer

from models.examples import Example
from models.sampling import QUOTA, weight
from triage.understanding.classify import text_of
from triage.understanding.findings import REASONS
from triage.understanding.network import Floats
from triage.understanding.terms import Keys, Terms, keys_of

#: inverse strength of regularisation, chosen on hands left out
DISPUTE, REASON = 16.0, 16.0
#: mails that must have a term for it to count
LEAST = 3


def fit(examples: Sequence[Example], tokenizer: Tokenizer) -> Terms:
    """A counter that has learned from these examples."""
    keys = [np.unique(keys_of(tokenizer, text_of(example.words)), return_counts=True) for example in examples]
    terms, mails = np.unique(np.concatenate([found for found, _ in keys]), return_counts=True)
    terms, mails = terms[mails >= LEAST], mails[mails >= LEAST]
    rarity = np.log((1 + len(examples)) / (1 + mails)) + 1
    rows = _rows(keys, terms, rarity)
    weights = _weights(examples)
    dispute = LogisticRegression(C=DISPUTE, max_iter=500).fit(rows, [each.dispute for each in examples], weights)
    known = [at for at, example in enumerate(examples) if example.reason is not None]
    reasons = LogisticRegression(C=REASON, max_iter=500).fit(
        rows[known], [REASONS.index(examples[at].reason or "") for at in known], weights[known]
    )
    if list(reasons.classes_) != list(range(len(REASONS))):
        raise SystemExit("the examples lack a reason")
    return Terms(
        tokenizer=tokenizer,
        keys=terms,
        rarity=rarity.astype(np.float32),
        weights=np.vstack([dispute.coef_, reasons.coef_]).astype(np.float32),
        bias=np.concatenate([dispute.intercept_, reasons.intercept_]).astype(np.float32),
    )


def _weights(examples: Sequence[Example]) -> Floats:
    """What each example counts; the rows of a source together no more than the quota that the network is given."""
    counts = Counter((example.source, example.dispute) for example in examples)
    shares = {
        (source, dispute): min(1.0, QUOTA[source][0 if dispute else 1] / count)
        for (source, dispute), count in counts.items()
        if source in QUOTA
    }
    return np.array([weight(each) * shares.get((each.source, each.dispute), 1.0) for each in examples], np.float32)


def _rows(keys: Sequence[tuple[Keys, Keys]], terms: Keys, rarity: Floats) -> csr_matrix:
    columns, values, ends = [], [], [0]
    for found, counts in keys:
        at = np.minimum(np.searchsorted(terms, found), len(terms) - 1)
        known = terms[at] == found
        of_mail = (1 + np.log(counts[known])) * rarity[at[known]]
        columns.append(at[known])
        values.append(of_mail / max(float(np.sqrt((of_mail**2).sum())), 1e-9))
        ends.append(ends[-1] + int(known.sum()))
    return csr_matrix((np.concatenate(values), np.concatenate(columns), ends), shape=(len(keys), len(terms)))
