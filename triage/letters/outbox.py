"""What becomes of a letter: its states, the relay's answers, when to try again, and when to call a person.

::

    held ──release──► due ──intent──► sending ──Sent──► sent
      ▲                ▲ ▲               │ ├─Refused──► refused ──retry──► due
      └──cap, stop─────┘ └──TryLater─────┘ └─Lost─────► in_doubt ──copy or a person──► sent
                                                             └──resend, or a person──► due
    held, due, refused, in_doubt ──a person──► cancelled
    held, due ──the case is voided──► cancelled ──the case is reopened──► held

A letter that is released is dated anew first; one that may have gone out stays as it is, byte for byte.
Values in, values out: the store writes the states down, `smtp` talks to the relay.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

LetterState = Literal["held", "due", "sending", "sent", "refused", "in_doubt", "cancelled"]
STATES: tuple[LetterState, ...] = get_args(LetterState)
Stage = Literal["relay", "sender", "recipient", "content"]

#: the wait after the first, second, … try; the last one repeats. A busy relay is free again within seconds, greylisting
#: opens within minutes, outages take hours.
BACKOFF = (
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=2),
    timedelta(hours=4),
)
#: after this much trying a person is told: an acknowledgement that comes later is none
GIVE_UP_AFTER = timedelta(days=2)


@dataclass(frozen=True, kw_only=True)
class Sent:
    """The relay has taken the letter for the customer."""

    #: the relay's words, with its queue id
    response: str = ""
    #: why the copy for the journal was not taken; "" when it was
    copy_refused: str = ""


@dataclass(frozen=True, kw_only=True)
class TryLater:
    """Not taken, for now: nothing was handed over."""

    why: str
    #: reply code, None when the connection broke
    code: int | None = None


@dataclass(frozen=True, kw_only=True)
class Refused:
    """Not taken, for good: nothing was handed over."""

    why: str
    code: int | None = None
    #: what was refused: our sender (every letter will be), the recipient, or the content
    stage: Stage = "recipient"


@dataclass(frozen=True, kw_only=True)
class Lost:
    """The connection broke after DATA: taken or not, nobody knows."""

    why: str


Answer = Sent | TryLater | Refused | Lost


@dataclass(frozen=True, kw_only=True)
class Next:
    """What becomes of a letter."""

    state: LetterState
    #: when it is tried or looked at again; None when that is up to a person
    due: datetime | None
    why: str
    #: True when a person must be told
    alarm: bool = False


def wait_after(tries: int) -> timedelta:
    """How long to wait after so many tries without success (1 = the first has failed)."""
    return BACKOFF[min(max(tries, 1), len(BACKOFF)) - 1]


def after_answer(answer: Answer, *, tries: int, first_try: datetime, now: datetime) -> Next:
    """What becomes of a letter that was `sending`, by the relay's answer; `tries` counts this one."""
    match answer:
        case Sent():
            why = f"the relay took it: {answer.response}" if answer.response else "the relay took it"
            if answer.copy_refused:
                return Next(
                    state="sent",
                    due=None,
                    why=f"{why}; the journal copy was refused: {answer.copy_refused}",
                    alarm=True,
                )
            return Next(state="sent", due=None, why=why)
        case Refused():
            return Next(
                state="refused", due=None, why=f"the relay refused the {answer.stage}: {answer.why}", alarm=True
            )
        case Lost():
            return Next(state="in_doubt", due=now, why=f"handed over, but no answer came: {answer.why}")
        case TryLater():
            due = now + wait_after(tries)
            if due - first_try > GIVE_UP_AFTER:
                why = f"given up after {tries} tries since {first_try:%Y-%m-%d %H:%M %Z}: {answer.why}"
                return Next(state="refused", due=None, why=why, alarm=True)
            return Next(state="due", due=due, why=f"try {tries}: {answer.why}")


def is_abandoned(sending_since: datetime, now: datetime, *, timeout: timedelta) -> bool:
    """Whether the sender of a letter that is `sending` must be dead: it has been silent for twice its SMTP timeout."""
    return now - sending_since > 2 * timeout


def settle(
    *, copy_found: bool, doubt_since: datetime, now: datetime, policy: Literal["hold", "resend"], patience: timedelta
) -> Next:
    """What becomes of a letter in doubt: sent by the proof of its copy; after `patience`, by the site's policy."""
    if copy_found:
        return Next(state="sent", due=None, why="its copy came: the relay had taken it")
    until = doubt_since + patience
    if now < until:
        return Next(state="in_doubt", due=until, why=f"looking for its copy until {until:%Y-%m-%d %H:%M %Z}")
    if policy == "resend":
        return Next(
            state="due", due=now, why="no copy came; sent again with the same Message-ID, as the site has chosen"
        )
    return Next(state="in_doubt", due=None, why="no copy came: a person must decide", alarm=True)
