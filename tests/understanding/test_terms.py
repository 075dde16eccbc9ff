"""Words counted beside the network."""

from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from triage.understanding.terms import Terms, keys_of

TINY = Path(__file__).parent / "tiny"


@pytest.fixture
def tokenizer() -> Tokenizer:
    """The tiny model's."""
    return Tokenizer.from_file(str(TINY / "tokenizer.json"))


@pytest.fixture
def terms(tokenizer: Tokenizer) -> Terms:
    """Two outputs: the first for "late fee", the second against it."""
    keys = np.unique(keys_of(tokenizer, "late fee bill"))
    pair = keys_of(tokenizer, "late fee")[-1]
    weights = np.zeros((2, len(keys)), np.float32)
    weights[:, np.searchsorted(keys, pair)] = (2, -2)
    return Terms(
        tokenizer=tokenizer, keys=keys, rarity=np.ones(len(keys), np.float32), weights=weights,
        bias=np.array([-1, 1], np.float32),
    )  # fmt: skip


def test_words_side_by_side_count_otherwise_than_apart(terms: Terms) -> None:
    """A pair is a term of its own."""
    [together, apart] = terms.scores(["late fee", "fee late"])
    assert together[0] > -1
    assert list(apart) == [-1, 1]


def test_case_and_accents_make_no_difference(terms: Terms) -> None:
    """As people write who are in haste."""
    [plain, loud, strange] = terms.scores(["late fee", "LATE FEE", "láte fée"])
    assert list(plain) == list(loud) == list(strange)


def test_a_mail_without_known_terms_has_the_bias_alone(terms: Terms) -> None:
    """Empty or foreign, it says nothing."""
    assert [list(row) for row in terms.scores(["", "42"])] == [[-1, 1], [-1, 1]]


def test_a_giant_mail_costs_a_bounded_amount_of_work(tokenizer: Tokenizer) -> None:
    """Only its beginning is counted."""
    assert len(keys_of(tokenizer, "bill " * 100_000)) < 20_000


def test_terms_are_read_as_they_were_written_and_others_refused(
    terms: Terms, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    """Weights in 16 bits; a file whose parts do not fit each other is refused."""
    terms.save(tmp_path / "terms.safetensors")
    again = Terms.load(tmp_path / "terms.safetensors", tokenizer)
    assert np.allclose(again.scores(["late fee"]), terms.scores(["late fee"]), atol=1e-3)
    broken = Terms(
        tokenizer=tokenizer, keys=terms.keys[:-1], rarity=terms.rarity, weights=terms.weights, bias=terms.bias
    )
    broken.save(tmp_path / "broken.safetensors")
    with pytest.raises(ValueError, match="weights is"):
        Terms.load(tmp_path / "broken.safetensors", tokenizer)
