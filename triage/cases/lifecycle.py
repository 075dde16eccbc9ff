"""The states of a case and the moves between them, as one table.

A case is *in review* until a person has confirmed that it is one, *open* until someone has looked, and ends *closed*
or *voided* (it was no dispute). A voided case that is reopened goes back to where it came from: to review, where nobody
had confirmed it. Escalation is a flag, not a state. Terms follow accounts-receivable dispute management.
"""

from typing import Literal, get_args

from triage.errors import OperatorError

State = Literal[
    "review", "open", "investigating", "waiting_customer", "waiting_internal", "resolved", "closed", "voided"
]
Move = Literal[
    "confirm",
    "reject",
    "look",
    "ask_customer",
    "ask_internal",
    "customer_wrote",
    "resolve",
    "close",
    "reopen",
    "reconsider",
]
Resolution = Literal["upheld", "partly_upheld", "not_upheld", "withdrawn", "written_off"]

STATES: tuple[State, ...] = get_args(State)
RESOLUTIONS: tuple[Resolution, ...] = get_args(Resolution)
#: states in which work remains
UNFINISHED: frozenset[State] = frozenset({"review", "open", "investigating", "waiting_customer", "waiting_internal"})
_AT_WORK: tuple[State, ...] = ("open", "investigating", "waiting_customer", "waiting_internal")

#: move → the states it may start from, and where it leads
MOVES: dict[Move, tuple[tuple[State, ...], State]] = {
    "confirm": (("review",), "open"),
    "reject": (("review", *_AT_WORK), "voided"),
    "look": (_AT_WORK, "investigating"),
    "ask_customer": (_AT_WORK, "waiting_customer"),
    "ask_internal": (_AT_WORK, "waiting_internal"),
    "customer_wrote": (("waiting_customer", "resolved", "closed"), "open"),
    "resolve": (_AT_WORK, "resolved"),
    "close": (("resolved",), "closed"),
    "reopen": (("resolved", "closed", "voided"), "open"),
    # a no that is taken back, where nobody has said yes before
    "reconsider": (("voided",), "review"),
}


def after(state: State, move: Move) -> State:
    """The state that a move leads to. Raises OperatorError when it is not open to a case in this state."""
    starts, end = MOVES[move]
    if state not in starts:
        raise OperatorError(
            f"a case that is {state} cannot {move.replace('_', ' ')}; only one that is {', '.join(starts)}"
        )
    return end


def reference_of(number: int, year: int) -> str:
    """The reference that people read and type: ``DSP-<year>-<number>-<check digit>`` (Luhn, ISO/IEC 7812-1).

    >>> reference_of(101, 2026)
    'DSP-2026-000101-9'
    """
    digits = f"{year:04d}{number:06d}"
    return f"DSP-{year:04d}-{number:06d}-{_luhn(digits)}"


def is_reference(text: str) -> bool:
    """Whether a text is one of our references, check digit included."""
    parts = text.upper().split("-")
    if len(parts) != 4 or parts[0] != "DSP" or not all(part.isdecimal() and part.isascii() for part in parts[1:]):
        return False
    return parts[3] == str(_luhn(parts[1] + parts[2]))


def _luhn(digits: str) -> int:
    doubled = sum(sum(divmod(int(digit) * 2, 10)) for digit in digits[::-2])
    plain = sum(int(digit) for digit in digits[-2::-2])
    return -(doubled + plain) % 10
