"""`triage ledger`: files in, one invoice out, and what explain makes of it."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

INVOICES = """\
Invoice No,Customer,Customer name,Email,Date,Status,Total,Currency
RE-2026-4471,K1,Kiesel,ines.falk@kiesel.example,2026-03-01,paid,40.00,EUR
RE-2026-4472,K1,Kiesel,ines.falk@kiesel.example,2026-04-01,open,41.00,EUR
"""
PAYMENTS = """\
payment id,invoice,date,amount
P1,RE-2026-4471,2026-03-02,40.00
P2,RE-2026-4471,2026-03-03,40.00
"""
MAIL = b"""\
From: Ines Falk <ines.falk@kiesel.example>
To: support@shop.example
Subject: invoice RE-2026-4471 charged twice
Date: Tue, 03 Mar 2026 10:00:00 +0100
Message-ID: <one@kiesel.example>
Content-Type: text/plain; charset=utf-8

Hello, you charged me twice for invoice RE-2026-4471: 40.00 EUR on 1 March 2026 and again on 2 March 2026.
Please refund the second payment.
"""
KEYS = ["id", "ok", "error", "message", "automatic", "dispute", "findings", "decision"]


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Invoices and payments, in the folder in which commands run."""
    (tmp_path / "invoices.csv").write_text(INVOICES, encoding="utf-8")
    (tmp_path / "payments.csv").write_text(PAYMENTS, encoding="utf-8")
    (tmp_path / "mail.eml").write_bytes(MAIL)
    return ["invoices.csv", "payments.csv"]


def test_files_are_imported_and_it_is_said_how_they_were_read(triage: Run, files: list[str]) -> None:
    """Kind, encoding, delimiter, marks, and which heading means what."""
    ran = triage("ledger", "import", *files)
    assert ran.code == 0
    assert "2 invoices, 2 payments: imported." in ran.out
    assert "invoices.csv: invoice; utf-8-sig, cells by ',', decimal point" in ran.out
    assert "Invoice No = number" in ran.out
    assert "add a [ledger] section" in ran.err


def test_importing_twice_updates(triage: Run, files: list[str]) -> None:
    """The nightly export."""
    triage("ledger", "import", *files)
    triage("ledger", "import", *files)
    told = json.loads(triage("ledger", "status", "--json").out)
    assert told["rows"] == {"customer": 1, "address": 1, "invoice": 2, "line": 0, "payment": 2, "credit": 0}
    assert len(told["imports"]) == 2


def test_one_bad_row_stops_the_import_unless_it_may_be_left_out(triage: Run, files: list[str], tmp_path: Path) -> None:
    """All or nothing, with file, line and why."""
    triage("migrate")
    (tmp_path / "invoices.csv").write_text(INVOICES + "RE-9,K1,,,2026-03-01,paid,forty,EUR\n", encoding="utf-8")
    ran = triage("ledger", "import", *files)
    assert ran.code == 1
    assert "bad row: invoices.csv, line 4: amount: 'forty' is no amount" in ran.err
    assert json.loads(triage("ledger", "status", "--json").out)["rows"]["invoice"] == 0
    ran = triage("ledger", "import", "--skip-bad", "--json", *files)
    assert ran.code == 0
    told = json.loads(ran.out)
    assert (told["imported"], told["rows"], told["bad_rows"]) == (True, {"invoice": 2, "payment": 2}, 1)
    assert told["problems"][0]["line"] == 4


def test_the_doctor_tells_the_import_in_the_sites_zone(triage: Run, files: list[str], tmp_path: Path) -> None:
    """As `ledger status` does."""
    (tmp_path / "config.toml").write_text('[ledger]\n[hours]\nzone = "Pacific/Kiritimati"\n', encoding="utf-8")
    triage("ledger", "import", *files)
    said = next(line for line in triage("doctor").out.splitlines() if "2 invoices, imported" in line)
    assert "UTC" not in said
    assert said.rpartition("imported ")[2] in triage("ledger", "status").out


def test_a_dry_run_reads_and_takes_nothing(triage: Run, files: list[str]) -> None:
    """To try the headings."""
    triage("migrate")
    assert "not imported (--dry-run)" in triage("ledger", "import", "--dry-run", *files).out
    assert json.loads(triage("ledger", "status", "--json").out)["imports"] == []


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["nowhere.csv"], "nowhere.csv: No such file"),
        (["invoices.csv", "--decimal", "dot"], "--decimal: 'dot' is none of point, comma"),
        (["invoices.csv", "--delimiter", "abc"], "--delimiter: 'abc' is neither a single character nor one of tab"),
        (["invoices.csv", "--delimiter", '"'], "--delimiter: '\"' is neither"),
        (["invoices.csv", "--currency", "XXQZ"], "--currency: there is no 'XXQZ' in ISO 4217"),
        (["invoices.csv", "--currency", "XXQ"], "--currency: there is no 'XXQ' in ISO 4217"),
        (["invoices.csv", "--encoding", "klingon"], "--encoding: there is no klingon"),
        (["invoices.csv", "--encoding", "base64"], "--encoding: there is no base64"),
        (["invoices.csv", "--encoding", "punycode"], "invoices.csv: is not written in punycode"),
        (["mail.eml"], "--kind"),
    ],
)
def test_a_mistake_is_one_clear_line(triage: Run, files: list[str], words: list[str], why: str) -> None:
    """Exit code 2."""
    ran = triage("ledger", "import", *words)
    assert ran.code == 2
    assert why in ran.err
    assert "Traceback" not in ran.err


def test_a_currency_may_be_written_in_small_letters(triage: Run, tmp_path: Path) -> None:
    """It is meant all the same."""
    (tmp_path / "invoices.csv").write_text("Invoice No,Total\nRE-1,40.00\n", encoding="utf-8")
    assert triage("ledger", "import", "invoices.csv", "--currency", "eur").code == 0
    assert "RE-1  40.00 EUR" in triage("ledger", "show", "RE-1").out


def test_the_help_of_an_import_names_its_exit_codes(triage: Run) -> None:
    """For whoever runs it every night."""
    told = " ".join(triage("ledger", "import", "--help").out.split())
    assert "Exit code 1 when rows are bad" in told
    assert "2 when a file" in told


def test_an_invoice_is_shown_with_what_is_wrong_with_it(triage: Run, files: list[str]) -> None:
    """However its number is written; one that is not there is told with what is near."""
    triage("ledger", "import", *files)
    ran = triage("ledger", "show", "re 2026 4471")
    assert ran.code == 0
    assert "RE-2026-4471  40.00 EUR" in ran.out
    assert "P2" in ran.out
    assert "charged twice: 2 payments of 40.00 EUR came in" in ran.out
    told = json.loads(triage("ledger", "show", "--json", "RE-2026-4471").out)
    assert [payment["id"] for payment in told["payments"]] == ["P1", "P2"]
    ran = triage("ledger", "show", "RE-2026-4417")
    assert ran.code == 2
    assert "near it: RE-2026-4471" in ran.err


def test_explain_tells_the_records_only_where_there_is_a_ledger(triage: Run, files: list[str], tmp_path: Path) -> None:
    """The documented keys stay; "records" comes last, with its verdict and rows."""
    triage("ledger", "import", *files)
    assert list(json.loads(triage("explain", "--json", "mail.eml").out)) == KEYS
    (tmp_path / "config.toml").write_text('[ledger]\nsource = "import"\n', encoding="utf-8")
    answer = json.loads(triage("explain", "--json", "mail.eml").out)
    assert list(answer) == [*KEYS, "records"]
    assert (answer["records"]["verdict"], answer["records"]["known"]) == ("supported", True)
    [twice] = [record for record in answer["records"]["findings"] if record["kind"] == "charged_twice"]
    assert [row["id"] for row in twice["evidence"]] == ["RE-2026-4471", "P1", "P2"]
    assert "supported by the ledger" in triage("explain", "mail.eml").out


def test_rules_can_ask_for_the_ledger(triage: Run, files: list[str], tmp_path: Path) -> None:
    """`ledger.verdict` in a condition."""
    triage("ledger", "import", *files)
    shipped = Path(__file__).parents[2] / "rules"
    for path in shipped.rglob("*"):
        place = tmp_path / "rules" / path.relative_to(shipped)
        if path.is_file():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(path.read_bytes())
    rule = """version = 1
[[rule]]
name = "known and right"
when = 'ledger.known && ledger.verdict == "supported"'
then = { tags = ["supported"] }
"""
    (tmp_path / "rules" / "routing.toml").write_text(rule, encoding="utf-8")
    (tmp_path / "config.toml").write_text('[ledger]\n[rules]\npath = "rules"\n', encoding="utf-8")
    assert "hit  known and right" in triage("rules", "test", "mail.eml").out


def test_a_site_database_is_asked_by_the_configured_queries(triage: Run, files: list[str], tmp_path: Path) -> None:
    """source = "sql", here over the tables of an import."""
    triage("ledger", "import", *files)
    (tmp_path / "config.toml").write_text(
        '[ledger]\nsource = "sql"\nurl = "sqlite:///triage.db"\n[ledger.queries]\n'
        'invoice = "SELECT number, currency, total FROM ledger_invoice WHERE number = :number"\n',
        encoding="utf-8",
    )
    assert "1 queries answer" in triage("ledger", "status").out
    assert "RE-2026-4472  41.00 EUR" in triage("ledger", "show", "RE-2026-4472").out


@pytest.mark.parametrize(
    ("section", "why"),
    [
        ('source = "sql"', "needs url or url_file"),
        ('source = "sql"\nurl = "sqlite:///x.db"', "invoice is missing"),
        ('columns = { Foo = "bar" }', "nothing is called bar"),
    ],
)
def test_mistakes_of_the_section_are_told(triage: Run, tmp_path: Path, section: str, why: str) -> None:
    """With all the others, when the configuration is read."""
    (tmp_path / "config.toml").write_text(f"[ledger]\n{section}\n", encoding="utf-8")
    ran = triage("ledger", "status")
    assert ran.code == 2
    assert why in ran.err
