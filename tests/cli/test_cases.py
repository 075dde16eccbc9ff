"""`triage cases`, `review`, `alarms` and `quarantine`: what an agent reads and types at the terminal."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from furnished import TwinHouse, World, mail, scripted

from tests.cli.conftest import Run
from tests.cli.conftest import triage as triage
from triage.mail.message import Message
from triage.understanding.findings import Evidence, Understanding


def understand(message: Message, house: TwinHouse) -> Understanding:
    """As scripted; a claim has words that speak for it and hardly move a verdict that is sure."""
    if "bomb" in message.reply:
        raise RuntimeError("boom")
    understood = scripted(message, house)
    evidence = tuple(
        Evidence(start=at, end=at + 7, text="charged", weight=1e-6) for at in [message.reply.find("charged")]
    )
    return replace(understood, verdict=replace(understood.verdict, evidence=evidence))


@pytest.fixture
def site(tmp_path: Path, triage: Run) -> Iterator[TwinHouse]:
    """A house whose database is the one that commands find."""
    with TwinHouse(World(url=f"sqlite:///{tmp_path}/triage.db"), understand=understand) as house:
        yield house


@pytest.fixture
def arrives(site: TwinHouse) -> Callable[..., str]:
    """A mail comes in, and everything that follows from it happens; gives the reference of the newest case."""

    def arrive(
        text: str = "I was charged twice for INV-100, please look into it.", number: int = 1, **rest: str
    ) -> str:
        content = mail(text, message_id=f"<{number}@example.org>", **rest)
        site.world.mailboxes["support"].put(content, arrived=site.now())
        site.settle()
        return site.desk.cases[-1].line.reference if site.desk.cases else ""

    return arrive


def test_the_head_of_a_case_says_whose_it_is_and_how_pressing(
    triage: Run, site: TwinHouse, arrives: Callable[..., str]
) -> None:
    """Assignee, priority, who escalated it and why: an agent needs no --json for them."""
    reference = arrives()
    assert "priority: normal  assignee: none" in triage("cases", "show", reference).out
    site.store.cases.assign(reference, "ana", actor="kim", now=site.now())
    site.store.cases.escalate(reference, "the press has called", actor="kim", now=site.now())
    head = triage("cases", "show", reference).out.partition("Letters")[0]
    assert "priority: normal  assignee: ana" in head
    assert "escalated by kim: the press has called" in head
    site.world.clock.forward(days=30)
    site.settle()
    assert "escalated by triage: alert (ana): due since" in triage("cases", "show", reference).out


def test_a_case_shows_every_mail_of_the_customer(triage: Run, arrives: Callable[..., str]) -> None:
    """In order, each with its heading; with --json as the text of each."""
    reference = arrives()
    arrives("I was charged again, and nobody answers.", 2, answers="<1@example.org>")
    told = triage("cases", "show", reference, "--mail").out
    first, second = told.index("I was charged twice for INV-100"), told.index("I was charged again")
    assert told.index("Mail 1 of 2") < first < told.index("Mail 2 of 2") < second
    assert "nobody answers" not in triage("cases", "show", reference).out
    one, two = json.loads(triage("cases", "show", reference, "--mail", "--json").out)["mails"]
    assert ("charged twice" in one["text"], "nobody answers" in two["text"]) == (True, True)


def test_the_diary_names_each_clock_and_what_became_of_it(
    triage: Run, site: TwinHouse, arrives: Callable[..., str]
) -> None:
    """Met in time, met late, or no longer needed; what runs on says how its date came about."""
    reference = arrives()
    site.store.cases.note(reference, "called the bank", actor="kim", now=site.now())
    site.world.clock.forward(days=2)
    site.settle()
    site.store.cases.answered(reference, actor="kim", now=site.now())
    diary = triage("cases", "show", reference).out.partition("Diary")[2].partition("History")[0]
    assert "ended  agent has looked: met, an agent has looked" in diary
    assert "ended  customer was answered: met late, the customer was answered" in diary
    assert "open  the dispute is resolved: 10 business days" in diary
    site.store.cases.resolve(reference, "upheld", root_cause="none", actor="kim", now=site.now())
    assert "ended  resolution due: over, the case was resolved" in triage("cases", "show", reference).out


def test_a_clock_that_the_admin_took_out_of_the_rules_was_not_met(
    triage: Run, site: TwinHouse, arrives: Callable[..., str]
) -> None:
    """What happens next to the case did not end it, and the clocks that are left run on."""
    reference = arrives()
    clocks = tuple(clock for clock in site.clocks.clocks if clock.kind != "resolution_due")
    vars(site)["clocks"] = replace(site.clocks, clocks=clocks)
    site.store.cases.note(reference, "called the bank", actor="kim", now=site.now())
    diary = triage("cases", "show", reference).out.partition("Diary")[2].partition("History")[0]
    assert "ended  resolution due: the rules have no such clock any more" in diary
    assert "ended  agent has looked: met, an agent has looked" in diary
    assert "open  a person has answered the customer" in diary


def test_words_that_speak_for_a_dispute_are_not_shown_as_nothing(triage: Run, arrives: Callable[..., str]) -> None:
    """Where a verdict is sure, no single clause moves its probability: words are told, strongest first."""
    reference = arrives()
    told = triage("cases", "show", reference).out
    assert "because  “charged”" in told
    assert "0.00" not in told
    [words] = json.loads(triage("cases", "show", reference, "--json").out)["record"]["dispute"]["evidence"]
    assert words["weight"] > 0


@pytest.mark.parametrize("words", [("cases", "list"), ("review", "list")])
def test_a_list_that_is_cut_says_how_many_there_are(
    triage: Run, arrives: Callable[..., str], words: tuple[str, ...]
) -> None:
    """Nobody takes the first page for the whole."""
    for number in range(3):
        text = f"{'I was charged' if words[0] == 'cases' else 'perhaps'} twice for INV-{number}."
        arrives(text, number, sender=f"c{number}@example.org")
    assert triage(*words, "--limit", "2").out.rstrip().endswith(": 2 of 3.")
    assert triage(*words).out.rstrip().endswith(": 3.")


@pytest.mark.parametrize(
    "words",
    [
        ("cases", "note", "CASE", " "),
        ("cases", "escalate", "CASE", ""),
        ("cases", "resolve", "CASE", "upheld", "--root-cause", ""),
    ],
)
def test_empty_words_are_refused(
    triage: Run, site: TwinHouse, arrives: Callable[..., str], words: tuple[str, ...]
) -> None:
    """A note, a reason to escalate and a cause are worth something only with words."""
    reference = arrives()
    before = site.desk.case
    ran = triage(*(reference if word == "CASE" else word for word in words))
    assert (ran.code, "is empty" in ran.err) == (2, True)
    assert site.desk.case == before


def test_a_yes_says_whether_a_letter_goes_out(
    triage: Run, arrives: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With letters switched off it says so, and why."""
    monkeypatch.setenv("TRIAGE_LETTERS__SENDER", "Example Support <support@example.com>")
    first = arrives("perhaps twice for INV-1.", 1, sender="c1@example.org")
    assert "the acknowledgement goes out" in triage("review", "confirm", first).out
    second = arrives("perhaps twice for INV-2.", 2, sender="c2@example.org")
    monkeypatch.setenv("TRIAGE_LETTERS__ACKNOWLEDGE", "off")
    assert 'no letter goes out: acknowledge = "off"' in triage("review", "confirm", second).out


def test_a_case_opened_for_a_machine_says_that_no_letter_goes_out(triage: Run, arrives: Callable[..., str]) -> None:
    """Machines get no letters, whoever opens the case."""
    arrives("I am away until Monday.", Auto_Submitted="auto-replied")
    ran = triage("cases", "open", "<1@example.org>")
    assert ran.code == 0
    assert "no letter goes out: " in ran.out
    assert "Auto-Submitted" in ran.out


def test_an_export_holds_every_case(triage: Run, site: TwinHouse, arrives: Callable[..., str]) -> None:
    """Finished ones too, unless told otherwise."""
    first = arrives()
    second = arrives("I was charged twice for INV-2.", 2, sender="c2@example.org")
    site.store.cases.resolve(first, "upheld", root_cause="none", actor="kim", now=site.now())
    exported = [json.loads(line)["reference"] for line in triage("cases", "export").out.splitlines()]
    assert sorted(exported) == [first, second]
    assert [json.loads(triage("cases", "export", "--unfinished").out)["reference"]] == [second]


def test_whoever_clears_an_alarm_is_on_record(triage: Run, site: TwinHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """One alarm by its number or all of them, never all by mistake."""
    monkeypatch.setenv("TRIAGE_ACTOR", "kim")
    site.store.alarms.call("mailbox", "support", "down", now=site.now())
    ran = triage("alarms", "clear")
    assert (ran.code, "name one or --all" in ran.err) == (2, True)
    assert triage("alarms", "clear", "--all").code == 0
    assert site.store.alarms.open() == ()
    assert "kim: cleared the alarm mailbox support" in triage("alarms", "history").out


def test_whoever_ends_a_quarantine_is_on_record_and_its_alarm_ends_with_the_last(
    triage: Run, site: TwinHouse, arrives: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both ways out, to be read again and to be dropped."""
    monkeypatch.setenv("TRIAGE_ACTOR", "kim")
    arrives("a bomb", 1)
    arrives("another bomb", 2)
    first, second = (line.id for line in site.store.quarantine.lines())
    assert triage("quarantine", "drop", str(first)).code == 0
    assert site.desk.alarms == {"quarantine": 2}
    assert triage("quarantine", "retry", str(second)).code == 0
    assert site.desk.alarms == {}
    site.settle()
    assert site.desk.alarms == {"quarantine": 1}
    assert triage("quarantine", "drop", str(second)).code == 0
    assert site.desk.alarms == {}
    done = [json.loads(line) for line in triage("alarms", "history", "--json").out.splitlines()]
    assert {line["actor"] for line in done} == {"kim"}
    assert [line["text"] for line in done] == [
        "dropped support/INBOX UID 2 from quarantine",
        "had support/INBOX UID 2 read again",
        "dropped support/INBOX UID 1 from quarantine",
    ]


def test_a_wrong_no_is_taken_back_at_the_terminal(triage: Run, site: TwinHouse, arrives: Callable[..., str]) -> None:
    """From review back to review; an open case gets its letter back, which waits for a person."""
    unsure = arrives("Perhaps you can tell me whether this invoice is right?")
    triage("review", "reject", unsure)
    assert triage("cases", "reopen", unsure).out == f"{unsure}: in review again.\n"
    assert unsure in triage("review", "list").out
    site.store.outbox.stop(stopped=True, actor="kim", now=site.now())
    sure = arrives(number=2, sender="bo@example.org")
    assert triage("cases", "move", sure, "reject").code == 0
    assert "cancelled" in triage("letters", "list", "--all").out
    assert triage("cases", "reopen", sure).out == f"{sure}: open again; its letter waits for triage letters release.\n"


def test_an_escalation_is_taken_back(triage: Run, arrives: Callable[..., str]) -> None:
    """With the reason why; once."""
    reference = arrives()
    triage("cases", "escalate", reference, "the press has called")
    assert triage("cases", "deescalate", reference, "another firm").out == f"{reference}: no longer escalated.\n"
    told = json.loads(triage("cases", "show", reference, "--json").out)
    assert (told["escalated"], told["events"][-1]["text"]) == (False, "another firm")
    assert triage("cases", "deescalate", reference, "again").code == 2
