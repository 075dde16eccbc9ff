"""The shipped letters, and a complaint to answer."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from triage.letters.compose import AckContext, Mention
from triage.letters.lint import LintRules, load_lint_rules
from triage.letters.templates import Templates, load_templates
from triage.mail.message import Address

LETTERS = Path(__file__).parents[2] / "rules" / "letters"


@pytest.fixture(scope="session")
def templates() -> Templates:
    return load_templates(LETTERS)


@pytest.fixture(scope="session")
def rules() -> LintRules:
    return load_lint_rules(LETTERS / "banned.toml")


@pytest.fixture
def context() -> Callable[..., AckContext]:
    """Makes an acknowledgement with little in it; the arguments change it."""

    def make(**changes: Any) -> AckContext:
        values: dict[str, Any] = {
            "reference": "DSP-2026-000101-8",
            "language": "en",
            "sender": Address(name="Example Support", address="support@example.com"),
            "recipient": Address(name="Ana Pérez", address="ana@example.org"),
            "received": datetime(2026, 11, 20, 23, 30, tzinfo=UTC),
            "written": datetime(2026, 11, 21, 0, 0, 5, tzinfo=UTC),
            "zone": ZoneInfo("Europe/Madrid"),
            "next_contact": date(2026, 11, 24),
            "in_reply_to": "<mail-1@example.org>",
        }
        return AckContext(**(values | changes))

    return make


@pytest.fixture
def full(context: Callable[..., AckContext]) -> Callable[..., AckContext]:
    """Makes an acknowledgement with everything in it."""

    def make(**changes: Any) -> AckContext:
        values: dict[str, Any] = {
            "subject": "Charged twice",
            "invoices": (Mention(text="F-2026/118"), Mention(text="4711", sure=False)),
            "amount": Mention(text="1.234,50 €"),
            "reason": "duplicate_charge",
            "answer_by": date(2026, 12, 4),
            "missing": ("charge_dates", "payment_proof"),
            "contact": "+34 910 000 000",
            "on_hold": True,
        }
        return context(**(values | changes))

    return make
