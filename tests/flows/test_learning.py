"""What people say of mails is heard: at once for the same mail, and for good by learning. With a real, tiny model."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from furnished import TwinHouse, World, mail
from structlog.testing import capture_logs

from triage import on_request
from triage.config.settings import ModelSettings, Settings
from triage.house import House
from triage.understanding import learn
from triage.understanding.heads import LinearHeads
from triage.understanding.models import HEADS, describe, digest, write_description
from triage.understanding.rules import Patterns, load_patterns

TINY = Path(__file__).parents[1] / "understanding" / "tiny"
#: the tiny model sees no dispute in it
ASKS = "please cancel my order and send me a copy of my bill, and what is the price of the card for the next month"
#: the tiny model is sure of it
CLAIMS = "you charged me twice for the same month, the same amount was taken twice from my card, please refund me"


@cache
def _patterns() -> Patterns:
    return load_patterns(House(Settings()).rules_folder)


class LearningHouse(TwinHouse):
    """A house of twins that understands mails by a real model."""

    understand = House.understand

    def __init__(self, world: World, learned: Path) -> None:
        super().__init__(world)
        del self.classifier
        self.patterns = _patterns()
        # everything that is scored at all goes to a person or gets a letter: what is tested here is what people say
        settings = ModelSettings(path=str(TINY), learned=str(learned), review_threshold=0.02)
        self.settings = self.settings.model_copy(update={"model": settings})


@pytest.fixture
def learner(world: World, tmp_path: Path) -> Iterator[LearningHouse]:
    """A house that can learn."""
    with LearningHouse(world, tmp_path / "learned") as house:
        yield house


def arrive(house: TwinHouse, text: str, number: int) -> None:
    """A mail of another customer comes in and is read."""
    sender = f"customer{number}@example.org"
    content = mail(text, subject="bill", sender=sender, message_id=f"<{number}@example.org>", sent=house.now())
    house.world.mailboxes["support"].put(content, arrived=house.now())
    house.settle()


def other_process(house: LearningHouse) -> LearningHouse:
    """Another house at the same database and the same versions, as a command beside the daemon is."""
    return LearningHouse(house.world, house.learned_folder)


def test_a_rejected_mail_is_not_disputed_again(learner: LearningHouse) -> None:
    """What an agent rejects in another process, the running daemon knows before its next mail."""
    arrive(learner, f"{CLAIMS} and the invoice 4711", 1)
    with other_process(learner) as desk:
        desk.store.cases.move(learner.desk.case.line.reference, "reject", actor="ana", now=learner.now())
    arrive(learner, f"{CLAIMS} and the invoice 4712", 2)
    assert len(learner.desk.cases) == 1
    [line] = [line for line in learner.desk.books if line.sender == "customer2@example.org"]
    assert line.label == "other"


def test_a_confirmed_mail_is_acknowledged_at_once(learner: LearningHouse) -> None:
    """The next copy does not wait for a person, and its record says that a person has decided."""
    arrive(learner, ASKS, 1)
    [case] = learner.desk.cases
    assert case.line.state == "review"
    with other_process(learner) as desk:
        on_request.confirm(desk, case.line.reference, actor="ana")
    arrive(learner, ASKS.replace("order", "order 77"), 2)
    second = learner.desk.cases[1]
    assert second.line.state == "open"
    assert second.line.reason == case.line.reason
    assert "corrected by a person" in str(second.record["dispute"]["model"])
    assert learner.world.reached("customer2@example.org") == 1


def test_another_reason_is_heard(learner: LearningHouse) -> None:
    """The reason that an agent gives goes for the copies too."""
    arrive(learner, CLAIMS, 1)
    learner.store.cases.correct_reason(
        learner.desk.case.line.reference, "promo_not_applied", actor="ana", now=learner.now()
    )
    arrive(learner, CLAIMS, 2)
    assert learner.desk.cases[1].line.reason == "promo_not_applied"


def test_a_no_that_is_taken_back_is_forgotten(learner: LearningHouse) -> None:
    """A case that was voided and is opened again was a dispute after all."""
    arrive(learner, CLAIMS, 1)
    reference = learner.desk.case.line.reference
    for move in ("reject", "reopen"):
        learner.store.cases.move(reference, move, actor="ana", now=learner.now())
        learner.world.clock.forward(seconds=1)
    assert [said.label for said in learner.store.corrections.decided()] == [learner.desk.case.line.reason]
    arrive(learner, CLAIMS, 2)
    assert len(learner.desk.cases) == 2


def test_what_people_decided_is_what_there_is_to_learn_from(learner: LearningHouse) -> None:
    """A yes, a no, another reason, and cases that somebody resolved; nothing of a case that waits for a person."""
    for number in range(4):
        arrive(learner, f"{CLAIMS} {'really ' * 6 * number}", number)
    first, second, third, fourth = (case.line.reference for case in learner.desk.cases)
    cases, now = learner.store.cases, learner.now()
    cases.move(first, "reject", actor="ana", now=now)
    cases.correct_reason(second, "other", actor="ana", now=now)
    cases.resolve(third, "upheld", root_cause="double run", actor="ana", now=now)
    reason = learner.desk.cases[2].line.reason
    assert {(said.case, said.label) for said in learner.store.corrections.decided()} == {
        (first, "none"), (second, "other"), (third, reason),
    }  # fmt: skip
    assert fourth not in {said.case for said in learner.store.corrections.decided()}


def version(house: LearningHouse, *, bias: float) -> str:
    """A version whose heads differ by their bias, made as learning makes it."""
    site, base = house.learned_folder, house.model_folder
    heads = LinearHeads.load(base / HEADS, house.classifier.heads.calibration)  # type: ignore[attr-defined]
    judged = learn.Judged(count=1, loss=0.0, mistakes=0, disputes=0, reason_loss=0.0, wrong_reasons=0)
    moved = replace(heads, dispute_bias=heads.dispute_bias + bias)
    return learn._write(site, base, moved, judged, judged, 1, house.now())


def test_a_running_daemon_takes_up_what_is_promoted_and_rolled_back(learner: LearningHouse) -> None:
    """Without a restart, from one mail to the next; every record names the version that decided."""
    sure = version(learner, bias=20)
    arrive(learner, ASKS, 1)
    learn.promote(learner.learned_folder, learner.model_folder, sure)
    arrive(learner, "how can i pay for the next month", 2)
    learn.roll_back(learner.learned_folder)
    arrive(learner, "what is the price of the card that i can use to pay for it", 3)
    models = [case.record["dispute"]["model"] for case in learner.desk.cases]
    assert models == ["tiny 1", "tiny 1+v0001", "tiny 1"]
    probabilities = [case.record["dispute"]["probability"] for case in learner.desk.cases]
    assert probabilities[1] > 0.9 > max(probabilities[0], probabilities[2])


def test_thresholds_are_those_of_the_version_in_use(learner: LearningHouse) -> None:
    """They travel with the model, and a version may bring others."""
    name = version(learner, bias=0)
    folder = learner.learned_folder / name
    described = describe(folder)
    bands = described.thresholds.model_copy(update={"auto": 0.5})
    write_description(folder, described.model_copy(update={"thresholds": bands}))
    arrive(learner, CLAIMS, 1)
    assert learner.policy.auto_threshold == 0.9
    learn.promote(learner.learned_folder, learner.model_folder, name)
    arrive(learner, ASKS, 2)
    assert learner.policy.auto_threshold == 0.5


def test_a_version_that_is_damaged_stops_nobody(learner: LearningHouse) -> None:
    """The one before goes on, and a person is called; the alarm ends when a whole version is in use."""
    arrive(learner, CLAIMS, 1)
    name = version(learner, bias=20)
    learn.promote(learner.learned_folder, learner.model_folder, name)
    (learner.learned_folder / name / HEADS).write_bytes(b"nothing")
    with capture_logs() as logs:
        arrive(learner, ASKS, 2)
    assert "version_not_taken_up" in {entry["event"] for entry in logs}
    assert learner.desk.alarms["model"] == 1
    assert learner.model == "tiny 1"
    learn.roll_back(learner.learned_folder)
    arrive(learner, f"{ASKS} and thank you for your help", 3)
    assert "model" not in learner.desk.alarms


def test_a_new_release_of_the_model_does_not_stop_a_site_that_has_learned(
    learner: LearningHouse, world: World, tmp_path: Path
) -> None:
    """Heads that fit no longer rest, and the new model decides."""
    learn.promote(learner.learned_folder, learner.model_folder, version(learner, bias=20))
    path = learner.learned_folder / "v0001"
    write_description(path, describe(path).model_copy(update={"base_digest": digest(path / HEADS)}))
    with LearningHouse(world, learner.learned_folder) as later:
        assert later.model == "tiny 1"
        arrive(later, CLAIMS, 1)
        assert len(later.desk.cases) == 1


def test_what_is_remembered_holds_no_words(learner: LearningHouse) -> None:
    """Numbers only, so that it may stay when the mail itself must go."""
    arrive(learner, CLAIMS, 1)
    learner.store.cases.move(learner.desk.case.line.reference, "reject", actor="ana", now=learner.now())
    [remembered] = learner.store.corrections.remembered()
    assert all(isinstance(triple, int) for triple in remembered.triples)
    assert "charged" not in json.dumps(remembered.triples)
