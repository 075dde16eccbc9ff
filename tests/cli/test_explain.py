"""`triage explain`: the contract that other programs read."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from triage.explanation import disputed_part
from triage.understanding.findings import Disputed, Money

MAIL = b"""\
From: Ines Falk <ines.falk@kiesel.example>
To: support@shop.example
Subject: invoice RE-4471 charged twice
Date: Tue, 03 Mar 2026 10:00:00 +0100
Message-ID: <one@kiesel.example>
Content-Type: text/plain; charset=utf-8

Hello, you charged me twice for invoice RE-4471: 40.00 EUR on 1 March 2026 and again on 2 March 2026.
Please refund the second payment.

On 27 Feb 2026, Support wrote:
> Your invoice RE-4471 over 40.00 EUR is attached.
"""


def answers(text: str) -> list[dict[str, Any]]:
    """One object a line."""
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def mail(tmp_path: Path) -> Path:
    """A complaint, as a file."""
    path = tmp_path / "one.eml"
    path.write_bytes(MAIL)
    return path


@pytest.mark.parametrize(("number", "value"), [("34.9", "34.90"), ("58", "58.00"), ("1234.50", "1234.50")])
def test_the_contested_sum_has_cents_as_the_findings_have(number: str, value: str) -> None:
    """However it was written or worked out."""
    said = disputed_part(Disputed(money=Money(value=Decimal(number), currency="EUR"), how="difference"))
    assert said == {"value": value, "currency": "EUR", "how": "difference"}


def test_a_file_is_explained_with_every_part(triage: Run, mail: Path) -> None:
    """The keys are those of the contract."""
    ran = triage("explain", "--json", str(mail))
    assert ran.code == 0
    (answer,) = answers(ran.out)
    assert list(answer) == ["id", "ok", "error", "message", "automatic", "dispute", "findings", "decision"]
    assert answer["message"]["from"] == {"name": "Ines Falk", "address": "ines.falk@kiesel.example"}
    assert answer["message"]["date"] == "2026-03-03T10:00:00+01:00"
    assert answer["message"]["language"] == "en"
    assert "attached" not in answer["message"]["reply"]
    assert answer["automatic"]["label"] == "human"
    assert {"probability", "band", "reason", "reasons", "evidence", "model", "disputed_amount"} <= set(
        answer["dispute"]
    )
    assert {(finding["kind"], finding["value"]) for finding in answer["findings"]} >= {
        ("invoice", "RE-4471"),
        ("amount", "40.00"),
        ("date", "2026-03-01"),
    }
    assert {"actions", "rules", "summary"} <= set(answer["decision"])


def test_spans_hold_what_they_claim(triage: Run, mail: Path) -> None:
    """start and end are characters of the text that `where` names."""
    (answer,) = answers(triage("explain", "--json", str(mail)).out)
    texts = {
        "reply": answer["message"]["reply"],
        "subject": answer["message"]["subject"],
        "quoted": answer["message"]["text"],
    }
    for finding in answer["findings"]:
        assert texts[finding["where"]][finding["start"] : finding["end"]] == finding["text"]
    for words in answer["dispute"]["evidence"]:
        assert answer["message"]["reply"][words["start"] : words["end"]] == words["text"]


def test_lines_come_back_in_order_whatever_they_hold(triage: Run, mail: Path) -> None:
    """One answer for each line of input, good or bad, and exit code 0."""
    lines = [
        json.dumps({"id": "file", "path": str(mail)}),
        "this is no JSON",
        json.dumps({"id": "gone", "path": "/nowhere/at/all.eml"}),
        json.dumps({"id": "bare", "text": "Bitte erstatten Sie 12,50 €.", "subject": "Rechnung", "language": "de"}),
        json.dumps(["a", "list"]),
        json.dumps({"id": "html", "text": "<p>Hola</p>", "content_type": "text/html"}),
        json.dumps({"id": "odd", "text": "lone \ud800 surrogate"}),
        json.dumps({"id": 7}),
    ]
    ran = triage("explain", "--jsonl", stdin="\n".join(lines) + "\n")
    assert ran.code == 0
    found = answers(ran.out)
    assert [answer["id"] for answer in found] == ["file", "line 2", "gone", "bare", "line 5", "html", "odd", "7"]
    assert [answer["ok"] for answer in found] == [True, False, False, True, False, True, True, False]
    assert "No such file" in found[2]["error"]


def test_own_addresses_of_a_line_count(triage: Run, mail: Path) -> None:
    """A mail from an address of ours is a loop."""
    row = {"id": "own", "path": str(mail), "own_addresses": ["Ines.Falk@kiesel.example"]}
    (answer,) = answers(triage("explain", "--jsonl", "--fields", "automatic", stdin=json.dumps(row)).out)
    assert answer["automatic"]["label"] == "loop"
    assert answer["automatic"]["suppress"]


def test_fields_leave_the_rest_out(triage: Run, mail: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not asked for is neither printed nor loaded: here the model is not even there."""
    monkeypatch.setenv("TRIAGE_MODEL__BACKEND", "onnx")
    monkeypatch.setenv("TRIAGE_MODEL__PATH", "/no/model")
    ran = triage("explain", "--json", "--fields", "message,automatic", str(mail))
    assert ran.code == 0
    assert list(answers(ran.out)[0]) == ["id", "ok", "error", "message", "automatic"]


def test_a_person_gets_words(triage: Run, mail: Path) -> None:
    """Without --json it reads like a report, ending in what would be done."""
    ran = triage("explain", str(mail))
    assert ran.code == 0
    assert "RE-4471" in ran.out
    assert "actions" in ran.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("explain",), "--jsonl"),
        (("explain", "missing.eml"), "missing.eml: No such file"),
        (("explain", "--fields", "soul", "x.eml"), "there is no soul"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(triage: Run, words: tuple[str, ...], said: str) -> None:
    """No traceback for a user."""
    ran = triage(*words)
    assert ran.code == 2
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_a_missing_model_is_told(triage: Run, mail: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator hears which folder."""
    monkeypatch.setenv("TRIAGE_MODEL__BACKEND", "onnx")
    monkeypatch.setenv("TRIAGE_MODEL__PATH", "/no/model")
    ran = triage("explain", str(mail))
    assert ran.code == 2
    assert "/no/model" in ran.err


@pytest.fixture
def huge(tmp_path: Path) -> Path:
    """A mail whose header block is beyond all honest size."""
    path = tmp_path / "hugehdr.eml"
    path.write_bytes(b"X-Filler: " + b"x" * 1_100_000 + b"\n" + MAIL)
    return path


def test_a_file_that_cannot_be_read_is_named_and_the_others_explained(triage: Run, huge: Path, mail: Path) -> None:
    """Exit code 2 in the end."""
    ran = triage("explain", str(huge), "missing.eml", str(mail))
    assert ran.code == 2
    assert f"{huge}: a header block of" in ran.err
    assert "missing.eml: No such file" in ran.err
    assert "RE-4471" in ran.out


def test_programs_get_an_object_for_each_file(triage: Run, huge: Path, mail: Path) -> None:
    """The one that cannot be read says so, as with --jsonl."""
    ran = triage("explain", "--json", str(huge), str(mail))
    assert ran.code == 2
    told = answers(ran.out)
    assert [(answer["id"], answer["ok"]) for answer in told] == [(str(huge), False), (str(mail), True)]
    assert "a header block of" in told[0]["error"]


def test_trying_the_rules_names_a_file_that_cannot_be_read(triage: Run, huge: Path) -> None:
    """The same words."""
    ran = triage("rules", "test", str(huge))
    assert ran.code == 2
    assert f"{huge}: a header block of" in ran.err
