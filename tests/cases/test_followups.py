"""The diary: due times at opening, what a due check does, and what ends or restarts it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.cases.calendar import business_calendar
from triage.cases.clocks import Clock, Duration, Pack, load_pack
from triage.cases.followups import CaseEvent, CaseHistory, FollowUpPlan, due_dates, look_again, look_at
from triage.errors import RulesError

SHIPPED = Path(__file__).parents[2] / "rules" / "clocks.toml"
CALENDAR = business_calendar("UTC")
#: a Monday
OPENED = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(SHIPPED)


def plan_of(pack: Pack, kind: str, priority: str = "normal") -> FollowUpPlan:
    return next(plan for plan in due_dates(pack, OPENED, CALENDAR, priority) if plan.kind == kind)  # type: ignore[arg-type]


def facts(*events: tuple[str, datetime]) -> CaseHistory:
    return CaseHistory(opened_at=OPENED, events=tuple(CaseEvent(kind=kind, at=at) for kind, at in events))  # type: ignore[arg-type]


def running(pack: Pack, case: CaseHistory) -> list[FollowUpPlan]:
    standings = look_again(pack, case, CALENDAR).values()
    return [standing for standing in standings if isinstance(standing, FollowUpPlan)]


def test_a_new_case_has_its_three_checks(pack: Pack) -> None:
    """Looked at in hours, answered in a day, resolved in two weeks."""
    assert {plan.kind: plan.due for plan in due_dates(pack, OPENED, CALENDAR)} == {
        "agent_has_looked": datetime(2026, 11, 23, 14, tzinfo=UTC),
        "customer_was_answered": datetime(2026, 11, 24, 17, tzinfo=UTC),
        "resolution_due": datetime(2026, 12, 7, 17, tzinfo=UTC),
    }


def test_urgent_cases_are_due_earlier(pack: Pack) -> None:
    """Durations by priority; a clock without them treats all alike."""
    assert plan_of(pack, "agent_has_looked", "urgent").due == datetime(2026, 11, 23, 11, tzinfo=UTC)
    assert plan_of(pack, "resolution_due", "low").due == datetime(2026, 12, 21, 17, tzinfo=UTC)
    assert plan_of(pack, "customer_was_answered", "urgent").due == plan_of(pack, "customer_was_answered").due


def test_a_check_says_how_its_date_came_about(pack: Pack) -> None:
    """The sum is part of the row that an agent sees."""
    why = plan_of(pack, "agent_has_looked").why
    assert why.startswith("an agent has looked at the case: 4 business hours after Mon 2026-11-23 10:00 UTC")
    assert "4:00 h counted" in why


def test_nothing_happens_before_it_is_due(pack: Pack) -> None:
    """A look that comes early changes nothing."""
    plan = plan_of(pack, "agent_has_looked")
    look = look_at(plan, pack, facts(), CALENDAR, now=plan.due - timedelta(seconds=1))
    assert (look.outcome, look.plan) == ("wait", plan)


def test_effects_follow_one_another_and_then_the_check_leaves_the_diary(pack: Pack) -> None:
    """Remind, raise, alert: each at its time, each once."""
    plan: FollowUpPlan | None = plan_of(pack, "agent_has_looked")
    effects = []
    while plan is not None:
        now = plan.due
        look = look_at(plan, pack, facts(), CALENDAR, now=now)
        effects.append((look.effect, now.hour))
        plan = look.plan
    assert effects == [("remind", 14), ("raise", 10), ("alert", 14)]


def test_a_house_that_was_away_does_not_do_all_effects_at_once(pack: Pack) -> None:
    """After a week of silence: one reminder now, the next step later."""
    late = OPENED + timedelta(days=7)
    look = look_at(plan_of(pack, "agent_has_looked"), pack, facts(), CALENDAR, now=late)
    assert look.effect == "remind"
    assert look.plan is not None
    assert look.plan.due > late
    assert look_at(look.plan, pack, facts(), CALENDAR, now=late).outcome == "wait"


def test_looking_twice_comes_to_the_same_result(pack: Pack) -> None:
    """A crash between looking and writing down costs nothing."""
    plan = plan_of(pack, "customer_was_answered")
    now = plan.due + timedelta(minutes=5)
    assert look_at(plan, pack, facts(), CALENDAR, now=now) == look_at(plan, pack, facts(), CALENDAR, now=now)


@pytest.mark.parametrize(
    ("kind", "event", "ends"),
    [
        ("agent_has_looked", "agent_looked", True),
        ("agent_has_looked", "answered", True),
        ("customer_was_answered", "agent_looked", False),
        ("customer_was_answered", "answered", True),
        ("customer_was_answered", "asked_customer", True),
        ("resolution_due", "answered", False),
        ("resolution_due", "resolved", True),
        ("agent_has_looked", "voided", True),
        ("customer_was_answered", "customer_wrote", False),
    ],
)
def test_events_end_the_checks_that_they_answer(pack: Pack, kind: str, event: str, ends: bool) -> None:
    """Looking is not answering, and answering is not resolving."""
    plan = plan_of(pack, kind)
    look = look_at(plan, pack, facts((event, OPENED + timedelta(minutes=30))), CALENDAR, now=plan.due)
    assert (look.outcome == "met") == ends


def test_a_customer_who_writes_again_after_an_answer_is_owed_another(pack: Pack) -> None:
    """The clock starts anew from the second mail."""
    answered, wrote = OPENED + timedelta(hours=1), datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
    case = facts(("answered", answered), ("customer_wrote", wrote))
    look = look_at(plan_of(pack, "customer_was_answered"), pack, case, CALENDAR, now=wrote)
    assert look.outcome == "wait"
    assert look.plan is not None
    assert look.plan.due == datetime(2026, 11, 26, 17, tzinfo=UTC)


def test_a_customer_who_presses_does_not_win_us_time(pack: Pack) -> None:
    """A second mail before any answer leaves the date where it was."""
    case = facts(("customer_wrote", OPENED + timedelta(hours=3)))
    plan = plan_of(pack, "customer_was_answered")
    assert look_at(plan, pack, case, CALENDAR, now=plan.due).outcome == "act"


@pytest.mark.parametrize(("event", "runs"), [("customer_wrote", True), ("reopened", True), ("answered", False)])
def test_a_resolved_case_that_opens_again_runs_again(pack: Pack, event: str, runs: bool) -> None:
    """Every clock starts anew when the customer comes back, none for a late note of ours."""
    later = OPENED + timedelta(days=3)
    case = facts(("resolved", OPENED + timedelta(days=1)), (event, later))
    assert {plan.start for plan in running(pack, case)} == ({later} if runs else set())


def test_a_voided_case_stays_silent_whoever_writes(pack: Pack) -> None:
    """It was no dispute: only a person opens it again."""
    case = facts(("voided", OPENED + timedelta(hours=1)), ("customer_wrote", OPENED + timedelta(hours=2)))
    standings = look_again(pack, case, CALENDAR)
    assert set(standings) == {clock.kind for clock in pack.clocks}
    assert {ended.kind for ended in standings.values()} == {"voided"}


def test_a_silence_alarm_starts_anew_with_every_word_of_ours() -> None:
    """reset_by: as the commented clock of the shipped file has it."""
    day = Duration.read("1 business day")
    clock = Clock(
        kind="kept_informed", title="news", after={"normal": day}, effects=("remind",), reset_by=frozenset({"answered"})
    )
    silence = Pack(name="x", title="x", source="x", clocks=(clock,))
    [plan] = running(silence, facts(("answered", OPENED + timedelta(days=2))))
    assert plan.due == datetime(2026, 11, 26, 17, tzinfo=UTC)


def test_a_clock_that_is_gone_from_the_pack_is_let_go(pack: Pack) -> None:
    """An admin who removes a clock does not leave rows that nobody understands."""
    plan = plan_of(pack, "resolution_due")
    other = Pack(name="other", title="", source="", clocks=())
    look = look_at(plan, other, facts(), CALENDAR, now=plan.due)
    assert (look.outcome, look.why, look.plan) == ("gone", "the rules have no such clock any more", None)


KINDS = ["agent_looked", "answered", "asked_customer", "customer_wrote", "resolved", "closed", "voided", "reopened"]
event_lists = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(1, 40_000)), max_size=8)


@given(event_lists, st.randoms(use_true_random=False))
def test_the_order_in_which_events_are_told_does_not_matter(events: list[tuple[str, int]], random: object) -> None:
    """Where a clock stands follows from what happened when."""
    pack = load_pack(SHIPPED)
    at_minute = {minute: kind for kind, minute in events}
    told = [(kind, OPENED + timedelta(minutes=minute)) for minute, kind in at_minute.items()]
    shuffled = list(told)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert look_again(pack, facts(*told), CALENDAR) == look_again(pack, facts(*shuffled), CALENDAR)


@given(event_lists, st.integers(0, 40_000))
def test_an_effect_happens_only_to_a_running_clock_that_is_due(events: list[tuple[str, int]], minute: int) -> None:
    """Whatever happened, an act is never early and never follows an ending."""
    pack = load_pack(SHIPPED)
    now = OPENED + timedelta(minutes=minute)
    case = facts(*[(kind, OPENED + timedelta(minutes=at)) for kind, at in events if at <= minute])
    runs = {plan.kind: plan for plan in running(pack, case)}
    for plan in due_dates(pack, OPENED, CALENDAR):
        look = look_at(plan, pack, case, CALENDAR, now=now)
        assert (look.outcome == "met") == (plan.kind not in runs)
        if look.outcome == "act":
            assert runs[plan.kind].due <= now


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"1 business day"', '"1 fortnight"', r"clocks, number 2 \(customer_was_answered\), after.*1 fortnight"),
        ('effects = ["alert"]', 'effects = ["panic"]', "resolution_due.*remind"),
        ('stopped_by = ["answered", "asked_customer"]', 'stoped_by = ["answered"]', "stoped_by.*Extra"),
        ('again_after = "4 business hours"', "", "several effects need again_after"),
        ('kind = "resolution_due"', 'kind = "agent_has_looked"', "2 clocks are called agent_has_looked"),
        ('pack = "house"', 'pack = "home"', "there is no pack home"),
        ("version = 1", "version = 2", "version"),
        ('after = "1 business day"', 'after = { high = "1 business day" }', "at least normal"),
        ('after = "1 business day"', 'after = "0 business days"', "no duration"),
    ],
)
def test_mistakes_in_a_pack_are_named(tmp_path: Path, old: str, new: str, problem: str) -> None:
    """File, pack, clock and what: an admin can go there at once."""
    content = SHIPPED.read_text(encoding="utf-8")
    assert old in content
    file = tmp_path / "clocks.toml"
    file.write_text(content.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RulesError, match=problem):
        load_pack(file)


def test_the_packs_in_comments_are_well_formed(tmp_path: Path) -> None:
    """Whoever takes the # away has a pack that loads."""
    lines = SHIPPED.read_text(encoding="utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("# Other packs"))
    text = lines[:start]
    text += [line.removeprefix("#").removeprefix(" ") for line in lines[start + 1 :]]
    file = tmp_path / "clocks.toml"
    for name in ("eu_psd2", "uk_disp", "us_reg_z", "us_reg_e", "es_basic_services", "br_sac", "co_utilities"):
        file.write_text("\n".join(text).replace('pack = "house"', f'pack = "{name}"'), encoding="utf-8")
        assert load_pack(file).source
