"""Windows, batches and the order of verdicts, with a network that counts words."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from triage.understanding.classify import BATCH, MOST_WINDOWS, Thresholds, Transformer, Words
from triage.understanding.findings import REASONS
from triage.understanding.network import Floats, Ids

TINY = Path(__file__).parent / "tiny"


class Counting:
    """A network whose row is how often the word "fee" stands in the window, and the shapes it was given."""

    def __init__(self, fee: int) -> None:
        self.fee = fee
        self.shapes: list[tuple[int, ...]] = []

    def run(self, ids: Ids, mask: Ids) -> Floats:
        """One number for each text."""
        self.shapes.append(ids.shape)
        return ((ids == self.fee) & (mask == 1)).sum(1, keepdims=True).astype(np.float32)

    def read(self, ids: Ids, mask: Ids) -> tuple[Floats, Floats | None]:
        """The same, and for each token its id."""
        return self.run(ids, mask), ids[:, :, None].astype(np.float32)


class Plain:
    """Heads that take the row as it is."""

    def logits(self, rows: Floats) -> Floats:
        """The first number."""
        return rows[:, 0]

    def reasons(self, row: Floats) -> Mapping[str, float]:
        """All alike."""
        return dict.fromkeys(REASONS, 1 / len(REASONS))

    def voices(self, tokens: Floats) -> Floats:
        """Each token says its number."""
        return tokens[:, 0]


@pytest.fixture
def counting() -> Counting:
    """The counting network."""
    return Counting(Tokenizer.from_file(str(TINY / "tokenizer.json")).token_to_id("▁fee"))


@pytest.fixture
def model(counting: Counting) -> Transformer:
    """A classifier over the counting network."""
    return Transformer(
        name="counting 1",
        tokenizer=Tokenizer.from_file(str(TINY / "tokenizer.json")),
        network=counting,
        heads=Plain(),
        thresholds=Thresholds(auto=0.9, review=0.1),
        window=64,
    )


def test_a_claim_at_the_end_of_a_long_mail_counts(model: Transformer) -> None:
    """No mail is cut blindly: every window is read, and the one that says most speaks."""
    filler = "please send me a copy of my bill " * 40
    [early, late, never] = model.read(
        [Words(subject="", reply=text) for text in ("fee " + filler, filler + "fee", filler)]
    )
    assert early.logit == late.logit == 1
    assert never.logit == 0


def test_the_subject_stands_before_every_window(model: Transformer, counting: Counting) -> None:
    """A late window is read knowing what the mail is about."""
    windows = model.windows(Words(subject="fee", reply="please send me a copy of my bill " * 40))
    assert len(windows) > 2
    assert all(counting.fee in window.ids for window in windows)


def test_a_subject_of_hundreds_of_words_leaves_room_for_the_mail(model: Transformer, counting: Counting) -> None:
    """A hostile subject cannot push the words out of the window."""
    [reading] = model.read([Words(subject="bill " * 500, reply="late fee")])
    assert reading.logit == 1


def test_windows_keep_to_their_size_and_number(model: Transformer) -> None:
    """A mail of any length costs a bounded amount of work."""
    windows = model.windows(Words(subject="bill", reply="the bill " * 20_000))
    assert len(windows) == MOST_WINDOWS
    assert max(len(window.ids) for window in windows) <= 64


def test_verdicts_come_in_the_order_of_the_mails(model: Transformer, counting: Counting) -> None:
    """Sorting by length is nobody else's business."""
    mails = [
        Words(subject="", reply="the bill " * length + "fee " * number) for number, length in enumerate([9, 1, 5] * 8)
    ]
    assert [round(reading.logit) for reading in model.read(mails)] == list(range(24))
    assert max(rows for rows, _ in counting.shapes) <= BATCH


def test_an_empty_mail_has_a_verdict(model: Transformer) -> None:
    """Nothing was said, and the line goes on."""
    [verdict] = model.score([Words(subject="", reply="")])
    assert 0 <= verdict.probability <= 1
    assert model.score([]) == []


def test_evidence_is_measured_on_the_mail_itself(model: Transformer) -> None:
    """The words shown are those that the network needed."""
    words = Words(subject="", reply="Thank you for your help. There is a late fee on my bill. How can I pay?")
    [verdict] = model.score([words])
    [evidence] = model.evidence(words, verdict)
    assert "fee" in evidence.text
    assert words.reply[evidence.start : evidence.end] == evidence.text
    assert evidence.weight > 0
