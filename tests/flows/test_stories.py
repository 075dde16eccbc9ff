"""Whole-house stories: what a customer, an agent and an admin live through, on twins of the servers."""

from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from furnished import ALIAS, DESK, MONDAY, TwinHouse, World, bounce, mail

from triage import on_request, pipeline
from triage.errors import MailboxRefused, OperatorError
from triage.letters.outbox import Lost, Refused, Sent, TryLater
from triage.mail.account import Account
from triage.mail.connection import Expiry
from triage.mail.login import Login
from triage.mail.message import Message
from triage.testing import InMemoryMailbox


def arrives(house: TwinHouse, content: bytes, mailbox: str = "support") -> None:
    """A mail comes in, and everything that follows from it happens."""
    house.world.mailboxes[mailbox].put(content, arrived=house.now())
    house.settle()


def words_of(letter: bytes) -> str:
    """What a customer reads of a letter: both forms."""
    parts = [part for part in message_from_bytes(letter, policy=default).walk() if not part.is_multipart()]
    return "\n".join(part.get_content() for part in parts)


def headers_of(letter: bytes) -> dict[str, str]:
    """The head of a letter, without the line that parts its two forms."""
    head = message_from_bytes(letter, policy=default).items()
    return {name: str(value) for name, value in head if name != "Content-Type"}


def mailbox_of(name: str) -> InMemoryMailbox:
    """Another watched mailbox."""
    return InMemoryMailbox(Account(name=name, host="twin", port=143, security="none", login=Login(name)))


def test_a_complaint_becomes_a_case_with_one_acknowledgement_and_a_diary(house: TwinHouse) -> None:
    """The main job: case, letter to the customer alone with a copy to the desk, follow-ups."""
    arrives(house, mail())
    case = house.desk.case
    assert (case.line.state, case.line.customer, case.line.invoices) == ("open", "ana@example.org", ("INV-100",))
    assert house.world.relay.deliveries[0].recipients == ("ana@example.org", DESK)
    assert house.desk.letter.state == "sent"
    assert {item.kind for item in case.diary} == {"agent_has_looked", "customer_was_answered", "resolution_due"}


def test_the_journal_copy_is_ignored_and_filed_away(house: TwinHouse) -> None:
    """The copy of our letter is in the books, makes no case, and leaves the agents' eyes."""
    arrives(house, mail())
    house.settle()
    assert house.desk.books[-1].outcome == "ignored"
    assert len(house.world.mailboxes["support"].folders["Triage-Journal"]) == 1
    assert len(house.desk.cases) == 1


def test_a_second_mail_joins_the_open_case_and_gets_no_letter(house: TwinHouse) -> None:
    """One acknowledgement a case, however often the customer writes."""
    arrives(house, mail())
    arrives(house, mail("I was charged again, and no answer.", message_id="<2@x>", answers="<1@example.org>"))
    assert len(house.desk.case.mails) == 2
    assert house.world.reached("ana@example.org") == 1


def test_an_answer_to_our_letter_joins_its_case(house: TwinHouse) -> None:
    """Our Message-ID in References leads to the case, whatever the subject says."""
    arrives(house, mail())
    answer = mail("Here is the proof that you asked for.", message_id="<2@x>", answers=house.desk.letter.message_id)
    arrives(house, answer)
    assert [item.outcome for item in house.desk.case.mails] == ["taken", "taken"]


def test_a_check_that_falls_due_reminds_then_raises_then_alerts(house: TwinHouse) -> None:
    """Nobody looks: every effect of the clock happens, one at a time, and each once."""
    arrives(house, mail())
    seen = []
    for _ in range(8):
        house.world.clock.forward(hours=4)
        house.settle()
        seen.append((house.desk.case.line.priority, house.desk.case.line.escalated))
    assert seen[0] == ("normal", False)
    assert seen[-1][1]
    looks = [event for event in house.desk.case.events if "agent has looked" in event.text]
    assert [event.text.split()[0] for event in looks] == ["remind", "raise", "alert"]
    assert [event.kind for event in looks] == ["follow_up", "follow_up", "escalated"]


def test_resolving_a_case_ends_its_diary(house: TwinHouse) -> None:
    """What an agent settles needs no more looks."""
    arrives(house, mail())
    reference = house.desk.case.line.reference
    house.store.cases.resolve(reference, "upheld", root_cause="billing run", actor="kim", now=house.now())
    house.world.clock.forward(days=30)
    house.settle()
    assert house.desk.case.line.state == "resolved"
    assert {item.state for item in house.desk.case.diary} == {"cancelled"}
    assert not house.desk.case.line.escalated


def test_thanks_does_not_reopen_a_resolved_case_but_a_new_claim_does(house: TwinHouse) -> None:
    """A customer who says thank you has not complained again; one who still contests has."""
    arrives(house, mail())
    reference = house.desk.case.line.reference
    house.store.cases.resolve(reference, "upheld", root_cause="billing run", actor="kim", now=house.now())
    arrives(house, mail("Thank you so much for your help!", message_id="<2@x>", answers="<1@example.org>"))
    assert house.desk.case.line.state == "resolved"
    arrives(house, mail("It was charged yet again this month!", message_id="<3@x>", answers="<1@example.org>"))
    assert house.desk.case.line.state == "open"
    assert any(item.state == "open" for item in house.desk.case.diary)


def test_a_dispute_in_the_thread_of_a_voided_case_goes_to_a_person(house: TwinHouse) -> None:
    """What was no dispute may become one: nobody would look into a voided case."""
    arrives(house, mail("Perhaps the amount is fine, can you tell me what it is for?"))
    house.store.cases.move(house.desk.case.line.reference, "reject", actor="kim", now=house.now())
    arrives(house, mail("No: I was charged twice for this.", message_id="<2@x>", answers="<1@example.org>"))
    assert [case.line.state for case in house.desk.cases] == ["voided", "review"]
    assert house.world.relay.deliveries == []


def test_a_bounce_of_our_letter_joins_its_case_and_calls_a_person(house: TwinHouse) -> None:
    """An acknowledgement that came back does not count as made."""
    arrives(house, mail())
    arrives(house, bounce(house.world.relay.deliveries[0].content))
    assert house.desk.letter.bounced
    assert "bounce" in house.desk.alarms
    assert house.desk.case.events[-1].kind == "bounced"
    assert house.world.reached("ana@example.org") == 1


def test_a_bounce_names_its_own_letter_and_not_a_newer_one(house: TwinHouse) -> None:
    """Two letters went to one customer: the Message-ID tells which came back."""
    arrives(house, mail())
    arrives(house, mail("I was charged a fee for INV-200 as well.", message_id="<2@x>"))
    first, second = house.desk.letters
    arrives(house, bounce(house.world.relay.deliveries[0].content))
    assert [letter.bounced for letter in house.desk.letters] == [True, False], (first, second)


def test_a_mail_that_came_through_an_alias_as_well_is_one_case(house: TwinHouse) -> None:
    """The same Message-ID twice in one mailbox."""
    house.world.mailboxes["support"].put(mail(), arrived=MONDAY)
    arrives(house, mail(to=ALIAS))
    assert house.desk.outcomes == ["taken", "duplicate"]
    assert house.world.reached("ana@example.org") == 1


def test_a_mail_in_two_mailboxes_is_one_case(tmp_path) -> None:
    """Support and sales both got it: the second is a duplicate, whichever is read first."""
    mailboxes = {name: mailbox_of(name) for name in ("support", "sales")}
    world = World(url=f"sqlite:///{tmp_path}/triage.db", mailboxes=mailboxes)
    with TwinHouse(world) as house:
        world.mailboxes["sales"].put(mail(to=f"sales@example.com, {DESK}"), arrived=MONDAY)
        arrives(house, mail(to=f"sales@example.com, {DESK}"))
        assert sorted(house.desk.outcomes) == ["duplicate", "taken"]
        assert world.reached("ana@example.org") == 1


def test_the_same_words_sent_twice_are_one_case(house: TwinHouse) -> None:
    """A customer who presses send twice has one dispute."""
    arrives(house, mail())
    arrives(house, mail(message_id="<2@x>"))
    assert house.desk.outcomes == ["taken", "duplicate"]


def test_the_kill_switch_stops_letters_and_loses_none(house: TwinHouse) -> None:
    """Mail is read and cases open; the letters wait until they may go."""
    house.store.outbox.stop(stopped=True, actor="kim", now=house.now())
    arrives(house, mail())
    assert (house.desk.letter.state, house.world.relay.deliveries) == ("due", [])
    house.store.outbox.stop(stopped=False, actor="kim", now=house.now())
    house.settle()
    assert house.world.reached("ana@example.org") == 1


def test_letters_over_the_hourly_cap_wait_and_a_person_is_called(world: World) -> None:
    """An absurd burst stops by itself; the alarm ends with it."""
    world.letters["caps"] = {"per_hour": 2}
    with TwinHouse(world) as house:
        for number in range(4):
            text = f"I was charged twice for INV-{number}."
            content = mail(text, sender=f"c{number}@example.org", message_id=f"<{number}@x>")
            world.mailboxes["support"].put(content, arrived=MONDAY)
        house.settle()
        assert len(world.relay.deliveries) == 2
        assert "letters_per_hour" in house.desk.alarms
        world.clock.forward(hours=1, minutes=1)
        house.settle()
        assert len(world.relay.deliveries) == 4
        assert "letters_per_hour" not in house.desk.alarms


def test_letters_to_one_customer_over_the_daily_cap_are_held(world: World) -> None:
    """No customer is flooded, whatever they send: a person releases the rest."""
    world.letters["caps"] = {"per_sender_per_day": 2}
    with TwinHouse(world) as house:
        for number in range(3):
            arrives(house, mail(f"I was charged twice for INV-{number}.", message_id=f"<{number}@x>"))
        assert [letter.state for letter in house.desk.letters] == ["sent", "sent", "held"]
        assert "sender_cap" in house.desk.alarms


def test_in_approve_mode_a_person_releases_each_letter(world: World) -> None:
    """Nothing leaves unasked; what is released leaves once."""
    world.letters["acknowledge"] = "approve"
    with TwinHouse(world) as house:
        arrives(house, mail())
        assert (house.desk.letter.state, world.relay.deliveries) == ("held", [])
        world.clock.forward(days=3)
        world.relay.script.append(TryLater(why="greylisted", code=451))
        on_request.release(house, house.desk.letter.id, actor="kim")
        house.settle()
        assert house.desk.letter.state == "due", "three days of waiting for a person are no tries"
        world.clock.forward(minutes=2)
        house.settle()
        assert world.reached("ana@example.org") == 1


def test_a_letter_that_is_released_days_later_is_dated_anew_and_else_word_for_word_the_same(world: World) -> None:
    """It promises nothing that is over; whoever has read it knows what goes out."""
    world.letters["acknowledge"] = "approve"
    with TwinHouse(world) as house:
        arrives(house, mail())
        letter_id = house.desk.letter.id
        before = house.store.outbox.show(letter_id)
        assert "by Tuesday, November 17, 2026" in words_of(before.content)
        world.clock.forward(days=3)
        on_request.release(house, letter_id, actor="kim")
        house.settle()
        went = world.relay.deliveries[0].content
        assert words_of(went) == words_of(before.content).replace("Tuesday, November 17,", "Friday, November 20,")
        assert headers_of(went) == headers_of(before.content) | {"Date": "Thu, 19 Nov 2026 10:00:00 +0000"}
        assert "dated anew, promises news by 2026-11-20" in " ".join(event.text for event in house.desk.case.events)
        with pytest.raises(OperatorError, match="is sent; this needs one that is held"):
            on_request.release(house, letter_id, actor="kim")
        assert world.reached("ana@example.org") == 1


def test_a_letter_that_is_written_late_promises_a_day_that_is_ahead(house: TwinHouse) -> None:
    """A yes days after the mail: news by the end of that very day would be a promise to break."""
    arrives(house, mail("Perhaps you can tell me whether this invoice is right?"))
    house.world.clock.forward(days=3)
    on_request.confirm(house, house.desk.case.line.reference, actor="kim")
    assert "by Friday, November 20, 2026" in words_of(house.store.outbox.show(house.desk.letter.id).content)


def test_a_letter_that_is_released_at_once_keeps_its_promise(world: World) -> None:
    """The diary counts from the mail: nobody wins a day by reading a letter first."""
    world.letters["acknowledge"] = "approve"
    with TwinHouse(world) as house:
        arrives(house, mail())
        before = house.store.outbox.show(house.desk.letter.id)
        world.clock.forward(hours=4)
        on_request.release(house, house.desk.letter.id, actor="kim")
        after = house.store.outbox.show(house.desk.letter.id)
        assert words_of(after.content) == words_of(before.content)
        assert headers_of(after.content)["Date"] == "Mon, 16 Nov 2026 14:00:00 +0000"


@pytest.mark.parametrize("change", ["says other words", "there is no letter"])
def test_a_letter_whose_words_have_changed_since_is_not_released_unread(world: World, change: str) -> None:
    """Whoever releases it has read other words; as it was written it may go."""
    world.letters["acknowledge"] = "approve"
    with TwinHouse(world) as house:
        arrives(house, mail())
        letter_id, content = house.desk.letter.id, house.store.outbox.show(house.desk.letter.id).content
        letters = dict(house.templates.letters)
        english = letters.pop(("acknowledgement", "en"))
        if change == "says other words":
            letters["acknowledgement", "en"] = replace(english, text=letters["acknowledgement", "de"].text)
        vars(house)["templates"] = replace(house.templates, letters=letters)
        with pytest.raises(OperatorError, match=rf"letter {letter_id} cannot be dated anew: .*{change}.*--as-written"):
            on_request.release(house, letter_id, actor="kim")
        assert house.desk.letter.state == "held"
        on_request.release(house, letter_id, as_written=True, actor="kim")
        house.settle()
        assert [delivery.content for delivery in world.relay.deliveries] == [content]


def test_in_approve_mode_a_yes_does_not_release_the_letter(world: World) -> None:
    """Whether it is a dispute is one question, what the customer reads another: `review confirm` and `cases open`."""
    world.letters["acknowledge"] = "approve"
    with TwinHouse(world) as house:
        arrives(house, mail("Perhaps you can tell me whether this invoice is right?"))
        arrives(house, mail("Good morning to all of you.", sender="Bo <bo@example.org>", message_id="<2@x>"))
        on_request.confirm(house, house.desk.case.line.reference, actor="kim")
        reference = on_request.open_case(house, "<2@x>", reason="", actor="kim")
        house.settle()
        assert [letter.state for letter in house.desk.letters] == ["held", "held"]
        assert "the letter waits: a person releases each letter" in house.store.cases.show(reference).events[0].text
        for letter in house.desk.letters:
            on_request.release(house, letter.id, actor="kim")
        house.settle()
        assert (world.reached("ana@example.org"), world.reached("bo@example.org")) == (1, 1)


def test_another_language_goes_to_review_and_a_yes_sends_the_letter_in_english(house: TwinHouse) -> None:
    """We do not write to people in a language that we guessed."""
    arrives(house, mail("Buongiorno, questo importo è sbagliato: charged due volte."))
    assert (house.desk.case.line.state, house.desk.letters) == ("review", [])
    on_request.confirm(house, house.desk.case.line.reference, actor="kim")
    house.settle()
    assert (house.desk.case.line.state, house.desk.letter.language) == ("open", "en")
    assert house.world.reached("ana@example.org") == 1
    with pytest.raises(OperatorError):
        on_request.confirm(house, house.desk.case.line.reference, actor="kim")


def test_an_unsure_mail_goes_to_review_and_a_no_sends_nothing(house: TwinHouse) -> None:
    """Between the thresholds a person decides."""
    arrives(house, mail("Perhaps you can tell me whether this invoice is right?"))
    house.store.cases.move(house.desk.case.line.reference, "reject", actor="kim", now=house.now())
    house.settle()
    assert (house.desk.case.line.state, house.world.relay.deliveries) == ("voided", [])


def test_a_no_that_was_wrong_is_taken_back_and_the_yes_is_acknowledged(house: TwinHouse) -> None:
    """A case that nobody had confirmed goes back to review, with the reason why it was there."""
    arrives(house, mail("Perhaps you can tell me whether this invoice is right?"))
    reference, why = house.desk.case.line.reference, house.desk.case.line.review_why
    house.store.cases.move(reference, "reject", actor="kim", now=house.now())
    assert house.desk.case.line.review_why == ""
    assert house.store.cases.move(reference, "reopen", actor="kim", now=house.now()) == "review"
    assert (house.desk.case.line.review_why, why) == (why, "probability 0.60 is between the two thresholds")
    assert house.store.corrections.decided() == []
    on_request.confirm(house, reference, actor="kim")
    house.settle()
    assert (house.desk.case.line.state, house.desk.case.line.review_why) == ("open", "")
    assert house.world.reached("ana@example.org") == 1


def test_a_confirmed_case_that_was_voided_by_mistake_opens_again(house: TwinHouse) -> None:
    """It was a yes already; its letter went out once, and no second one is written."""
    arrives(house, mail("Perhaps you can tell me whether this invoice is right?"))
    reference = house.desk.case.line.reference
    on_request.confirm(house, reference, actor="kim")
    house.settle()
    house.store.cases.move(reference, "reject", actor="kim", now=house.now())
    assert house.store.cases.move(reference, "reopen", actor="kim", now=house.now()) == "open"
    house.settle()
    assert house.world.reached("ana@example.org") == 1


def test_a_reference_typed_by_a_stranger_goes_to_review(house: TwinHouse) -> None:
    """A reference in a subject is a claim: only who has written in the case joins it by that."""
    arrives(house, mail())
    reference = house.desk.case.line.reference
    stranger = mail("What about my refund?", sender="eve@other.example", message_id="<2@x>", subject=f"Re: {reference}")
    arrives(house, stranger)
    first, second = house.desk.cases
    assert (second.line.state, "never written there" in second.line.review_why) == ("review", True)
    assert len(first.mails) == 1
    known = mail("What about my refund?", message_id="<3@x>", subject=f"Re: {reference}")
    arrives(house, known)
    assert len(house.desk.cases[0].mails) == 2


def test_a_machine_gets_a_case_for_a_person_and_never_an_answer(house: TwinHouse) -> None:
    """A web form may carry a complaint; a holiday reply does not."""
    arrives(house, mail(Auto_Submitted="auto-generated"))
    assert house.desk.case.line.state == "review"
    arrives(house, mail("I am away. Charged batteries!", message_id="<2@x>", Auto_Submitted="auto-replied"))
    assert house.desk.books[-1].outcome == "ignored"
    assert house.world.relay.deliveries == []


@pytest.mark.parametrize("taken", [True, False])
def test_a_letter_in_doubt_is_settled_by_its_copy_and_else_by_a_person(house: TwinHouse, taken: bool) -> None:
    """The connection broke after DATA: the copy proves the delivery, its absence proves nothing."""
    house.world.relay.script.append(Lost(why="cut"))
    house.world.relay.takes_lost = taken
    arrives(house, mail())
    assert house.desk.letter.state == ("sent" if taken else "in_doubt")
    house.world.clock.forward(hours=25)
    house.settle()
    assert house.desk.letter.state == ("sent" if taken else "in_doubt")
    assert house.desk.alarms.get("letter_in_doubt") == (None if taken else 1)
    house.world.clock.forward(hours=25)
    house.settle()
    assert house.desk.alarms.get("letter_in_doubt") == (None if taken else 1), "a person is called once"
    assert house.world.reached("ana@example.org") == taken
    if not taken:
        house.store.outbox.retry(house.desk.letter.id, actor="kim", now=house.now())
        house.settle()
        assert house.world.reached("ana@example.org") == 1
        assert "letter_in_doubt" not in house.desk.alarms


def test_the_policy_resend_sends_a_doubtful_letter_again_after_its_patience(world: World) -> None:
    """Each further doubt has its own time: a relay that always cuts gets one letter a day, not one a minute."""
    world.letters["doubt_policy"] = "resend"
    world.relay.script.extend([Lost(why="cut"), Lost(why="cut")])
    with TwinHouse(world) as house:
        arrives_without_settling = world.mailboxes["support"].put(mail(), arrived=MONDAY)
        assert arrives_without_settling
        house.round()
        for _ in range(5):
            world.clock.forward(hours=5, minutes=1)
            house.round()
            house.round()
        assert len(world.relay.script) == 0
        assert house.desk.letter.state == "in_doubt"
        world.clock.forward(hours=12)
        house.round()
        assert house.desk.letter.state == "in_doubt"
        world.clock.forward(hours=13)
        house.settle()
        assert house.desk.letter.state == "sent"
        assert world.reached("ana@example.org") == 1


def test_a_busy_relay_gets_the_letter_later_and_a_refusal_calls_a_person(house: TwinHouse) -> None:
    """4xx waits with growing pauses; 5xx is for a person, and costs no second try."""
    house.world.relay.script.extend(
        [TryLater(why="451 busy", code=451), Refused(why="550 no such user", code=550), Sent()]
    )
    house.world.mailboxes["support"].put(mail(), arrived=MONDAY)
    house.round()
    assert house.desk.letter.state == "due"
    house.round()
    assert len(house.world.relay.script) == 2, "it waits its minute"
    house.world.clock.forward(minutes=2)
    house.round()
    assert house.desk.letter.state == "refused"
    assert "letter_refused" in house.desk.alarms


def test_renumbered_mails_are_booked_again_and_open_nothing_twice(house: TwinHouse) -> None:
    """A new UIDVALIDITY gives every mail a new UID; none of them is a new dispute."""
    arrives(house, mail())
    arrives(house, mail("Thank you, and good bye for now.", message_id="<2@x>"))
    house.world.mailboxes["support"].renumber()
    house.settle()
    assert house.desk.outcomes == ["taken", "taken", "duplicate", "duplicate"]
    assert house.world.reached("ana@example.org") == 1


def test_a_mail_that_breaks_us_is_set_aside_and_the_next_one_is_read(world: World) -> None:
    """No mail stops the line, and a person hears of it."""
    from furnished import scripted

    def understand(message, house):
        if "bomb" in message.reply:
            raise RuntimeError("boom")
        return scripted(message, house)

    with TwinHouse(world, understand=understand) as house:
        world.mailboxes["support"].put(mail("a bomb", message_id="<0@x>"), arrived=MONDAY)
        arrives(house, mail())
        assert house.desk.outcomes == ["quarantined", "taken"]
        assert "quarantine" in house.desk.alarms
        (aside,) = house.store.quarantine.lines()
        assert house.store.quarantine.release(aside.id, actor="kim", now=house.now())
        house.settle()
        assert house.desk.outcomes == ["quarantined", "taken"]
        assert house.store.quarantine.drop(aside.id, actor="kim", now=house.now())
        assert house.desk.outcomes == ["ignored", "taken"]


def test_a_mail_that_breaks_us_while_it_is_written_down_leaves_no_trace_on_those_beside_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it stays but the line in quarantine; each of the others has its case, once, and its letter, once."""
    decided_record = pipeline.decided_record

    def breaks(message: Message, *args: Any, **kwargs: Any) -> Any:
        if message.sender.address == "bo@example.org":
            raise RuntimeError("boom")
        return decided_record(message, *args, **kwargs)

    monkeypatch.setattr(pipeline, "decided_record", breaks)
    with TwinHouse(world) as house:
        for number, name in enumerate(("ana", "bo", "cy")):
            complaint = mail(f"I was charged twice for INV-{number}0{number}.", sender=f"{name}@example.org",
                             message_id=f"<{name}@x>")  # fmt: skip
            world.mailboxes["support"].put(complaint, arrived=MONDAY)
        house.settle()
        assert house.desk.outcomes == ["taken", "quarantined", "taken"]
        assert [case.line.customer for case in house.desk.cases] == ["ana@example.org", "cy@example.org"]
        assert all([event.kind for event in case.events].count("opened") == 1 for case in house.desk.cases)
        assert [world.reached(f"{name}@example.org") for name in ("ana", "bo", "cy")] == [1, 0, 1]


def test_a_mail_that_the_server_withholds_stops_nobody_and_is_read_when_it_comes(house: TwinHouse) -> None:
    """The next mails are answered, a person is called; the day it comes it is answered too, and the alarm ends."""
    support = house.world.mailboxes["support"]
    damaged = support.put(mail(sender="Bo <bo@example.org>", message_id="<0@x>"), arrived=house.now())
    support.withheld[damaged] = "the server cannot hand it over: NO damaged"
    arrives(house, mail())
    assert house.desk.outcomes == ["quarantined", "taken"]
    assert "withheld" in house.desk.alarms
    support.withheld.clear()
    house.world.clock.forward(hours=7)
    house.settle()
    assert house.desk.outcomes == ["taken", "taken"]
    assert house.world.reached("bo@example.org") == house.world.reached("ana@example.org") == 1
    assert house.desk.alarms == {}


def test_a_mailbox_that_is_refused_leaves_the_others_alone_and_its_alarm_ends_by_itself(world: World) -> None:
    """One wrong password is no reason for anybody else's mail to wait."""
    world.mailboxes["sales"] = mailbox_of("sales")
    world.mailboxes["support"].failures.extend([MailboxRefused("login refused")] * 2)
    with TwinHouse(world) as house:
        world.mailboxes["sales"].put(mail(to="sales@example.com"), arrived=house.now())
        house.round()
        assert len(house.desk.books) == 1
        assert house.desk.alarms["mailbox"] == 1
        house.round()
        house.round()
        assert "mailbox" not in house.desk.alarms


def test_what_runs_out_soon_calls_a_person_until_it_is_renewed(
    house: TwinHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three weeks before a certificate or a client secret ends."""
    lasting = timedelta(days=30)
    support = house.world.mailboxes["support"]
    end = house.now() + lasting
    monkeypatch.setattr(support, "expiries", lambda: (Expiry(what="client secret", at=end),))
    house.round()
    assert house.desk.alarms == {}
    house.world.clock.forward(days=10)
    house.round()
    (alarm,) = house.store.alarms.open()
    assert (alarm.kind, alarm.subject) == ("expiry", "mailbox support/INBOX")
    assert alarm.why == "client secret until 2026-12-16 (20 days)"
    end += lasting
    house.round()
    assert house.desk.alarms == {}


def test_an_old_backlog_is_for_a_person(house: TwinHouse) -> None:
    """Nobody is acknowledged a month late by surprise: the first start on a full mailbox writes to no one."""
    house.world.clock.forward(days=30)
    house.world.mailboxes["support"].put(mail(), arrived=MONDAY)
    house.settle()
    assert house.desk.case.line.state == "review"
    assert house.world.relay.deliveries == []
