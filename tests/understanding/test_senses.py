"""What the network takes the numbers of a mail for: found again by their place, whatever window held them."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from triage.mail.message import message_from_text
from triage.understanding.classify import Thresholds, Transformer, Words
from triage.understanding.extract import Extractor
from triage.understanding.findings import REASONS, Verdict
from triage.understanding.network import Floats, Ids
from triage.understanding.rules import learned_shapes, load_patterns
from triage.understanding.senses import SENSES, Sense, SenseHead, Senses, Token

TINY = Path(__file__).parent / "tiny"
RULES = Path(__file__).parents[2] / "rules"


class Showing:
    """A network whose token vector is the token's id, and that minds nothing else."""

    def run(self, ids: Ids, mask: Ids) -> Floats:
        """Nothing speaks for a dispute."""
        return np.zeros((len(ids), 1), np.float32)

    def read(self, ids: Ids, mask: Ids) -> tuple[Floats, Floats | None]:
        """The ids as vectors of one number."""
        return self.run(ids, mask), ids[:, :, None].astype(np.float32)


class Silent:
    """Heads that say nothing."""

    def logits(self, rows: Floats) -> Floats:
        """All even."""
        return rows[:, 0]

    def reasons(self, row: Floats) -> Mapping[str, float]:
        """All alike."""
        return dict.fromkeys(REASONS, 1 / len(REASONS))

    def voices(self, tokens: Floats) -> Floats:
        """Each token says its number."""
        return tokens[:, 0]


@pytest.fixture
def tokenizer() -> Tokenizer:
    """The tiny model's."""
    return Tokenizer.from_file(str(TINY / "tokenizer.json"))


@pytest.fixture
def model(tokenizer: Tokenizer) -> Transformer:
    """A classifier whose first sense scores a token by its id, and all others by nothing."""
    weight = np.zeros((len(SENSES), 1), np.float32)
    weight[0] = 1
    return Transformer(
        name="showing 1", tokenizer=tokenizer, network=Showing(), heads=Silent(), window=64,
        thresholds=Thresholds(auto=0.9, review=0.1), prefix="query: ",
        senses=SenseHead(weight=weight, bias=np.zeros(len(SENSES), np.float32)),
    )  # fmt: skip


@pytest.mark.parametrize("reply", ["please take the fee off", "please take off the bill " * 60 + "the fee of my bill"])
def test_a_number_is_found_in_the_reply_by_its_characters(model: Transformer, tokenizer: Tokenizer, reply: str) -> None:
    """In the first window and in the last one alike."""
    [verdict] = model.score([Words(subject="the card", reply=reply)])
    at = reply.index("fee")
    assert verdict.senses.of("reply", at, at + 3)["disputed"] == tokenizer.token_to_id("▁fee")


@pytest.mark.parametrize("subject", ["card bill", "  card bill"])
def test_a_number_is_found_in_the_subject_by_its_characters(
    model: Transformer, tokenizer: Tokenizer, subject: str
) -> None:
    """Whatever the heading puts before it."""
    [verdict] = model.score([Words(subject=subject, reply="please")])
    at = subject.index("bill")
    assert verdict.senses.of("subject", at, at + 4)["disputed"] == tokenizer.token_to_id("▁bill")


def test_the_tokens_of_one_number_speak_together(model: Transformer, tokenizer: Tokenizer) -> None:
    """The mean over all tokens that write it."""
    [verdict] = model.score([Words(subject="", reply="the fee bill")])
    wanted = (tokenizer.token_to_id("▁fee") + tokenizer.token_to_id("▁bill")) / 2
    assert verdict.senses.of("reply", 4, 12)["disputed"] == wanted


def test_what_no_network_has_read_has_no_sense(model: Transformer) -> None:
    """Neither a mail that was not scored nor a place outside of it."""
    assert Senses().of("reply", 0, 5) == {}
    [verdict] = model.score([Words(subject="", reply="the fee")])
    assert verdict.senses.of("reply", 90, 95) == {}


def test_a_head_is_read_as_it_was_written_and_no_other_is(tmp_path: Path) -> None:
    """Weights of another shape are refused."""
    head = SenseHead(weight=np.ones((len(SENSES), 4), np.float32), bias=np.arange(len(SENSES), dtype=np.float32))
    head.save(tmp_path / "senses.safetensors")
    again = SenseHead.load(tmp_path / "senses.safetensors")
    assert np.array_equal(again.scores(np.ones((1, 4), np.float32)), head.scores(np.ones((1, 4), np.float32)))
    SenseHead(weight=np.ones((3, 4), np.float32), bias=np.ones(3, np.float32)).save(tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match="weight is"):
        SenseHead.load(tmp_path / "other.safetensors")


def sensed(reply: str, number: str, sense: Sense) -> Senses:
    """What a network says that is sure of one number of a reply."""
    at = reply.index(number)
    token = Token(text="reply", start=at, end=at + len(number))
    scores = np.array([[8.0 if each == sense else -2.0 for each in SENSES]], np.float32)
    return Senses(tokens=(token,), scores=scores)


def kinds(reply: str, senses: Senses) -> dict[str, str]:
    """The numbers of an English reply by their kind, read with our rules and by such a network."""
    verdict = Verdict(probability=0.9, reasons={"wrong_amount": 1.0}, model="network", senses=senses)
    extractor = Extractor(load_patterns(RULES))
    return {each.text: each.kind for each in extractor.findings(message_from_text(reply), "en", verdict=verdict)}


def test_the_network_says_what_a_number_names_where_its_words_do_not() -> None:
    """Nobody could list all the words that stand before a number."""
    reply = "I am asking about LO-5512, which came yesterday and is too high."
    assert kinds(reply, sensed(reply, "LO-5512", "account")).get("LO-5512") == "account"
    assert kinds(reply, sensed(reply, "LO-5512", "invoice")).get("LO-5512") == "invoice"


def test_a_pattern_of_the_site_is_not_doubted() -> None:
    """What the admin wrote into the rules, and what the ledger's numbers look like, holds."""
    reply = "I am asking about LO-5512, which came yesterday and is too high."
    patterns = load_patterns(RULES)
    house_style = replace(
        patterns, shapes=(*patterns.shapes, *learned_shapes([f"LO-55{number}" for number in range(10, 20)]))
    )
    verdict = Verdict(
        probability=0.9, reasons={"wrong_amount": 1.0}, model="network", senses=sensed(reply, "LO-5512", "account")
    )
    [found] = Extractor(house_style).findings(message_from_text(reply), "en", verdict=verdict)
    assert (found.kind, found.value) == ("invoice", "LO-5512")
