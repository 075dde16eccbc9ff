"""`triage report`: what a support lead and a finance lead read on Monday."""

import csv
import io
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
import time_machine
from furnished import MONDAY, TwinHouse, World, mail

from tests.cli.conftest import Run
from tests.cli.conftest import triage as triage
from triage.demo import servers
from triage.understanding.findings import REASONS


@pytest.fixture
def site(tmp_path: Path, triage: Run) -> Iterator[TwinHouse]:
    """Three cases: one resolved with a cause that is a formula, one open, one in review; found by commands."""
    with (
        TwinHouse(World(url=f"sqlite:///{tmp_path}/triage.db")) as house,
        time_machine.travel(MONDAY, tick=False) as travelled,
    ):
        texts = (
            "I was charged 1040.50 EUR twice for INV-100.",
            "I was charged twice, says Zebedee.",
            "Perhaps INV-300 is wrong: 5.00 EUR.",
        )
        for number, text in enumerate(texts):
            content = mail(text, message_id=f"<{number}@x>", sender=f"Ana <ana{number}@example.org>", subject="Quagga")
            house.world.mailboxes["support"].put(content, arrived=house.now())
            house.settle()
        reference = house.desk.cases[0].line.reference
        house.store.cases.resolve(
            reference, "upheld", root_cause='=HYPERLINK("http://x") <b>é</b>', actor="kim", now=house.now()
        )
        travelled.shift(3600)
        yield house


@pytest.mark.usefixtures("site")
def test_the_terminal_tells_what_matters_first(triage: Run) -> None:
    """The span, the headline, the table, ages, outcomes and causes."""
    ran = triage("report")
    assert ran.code == 0, ran.err
    assert "Billing disputes, 2026-10-18 to 2026-11-16" in ran.out
    assert re.search(r"^Opened +3 +0 *$", ran.out, re.MULTILINE)
    assert re.search(r"^duplicate charge +3 +1 +2 .* 1,045.50 EUR *$", ran.out, re.MULTILINE)
    assert re.search(r"^0–7 days +2 +5.00 EUR *$", ran.out, re.MULTILINE)
    assert re.search(r"^upheld +1 +1,040.50 EUR *$", ran.out, re.MULTILINE)
    assert '=HYPERLINK("http://x") <b>é</b>' in ran.out


@pytest.mark.usefixtures("site")
def test_json_has_everything_and_sums_as_text(triage: Run) -> None:
    """One object; the same figures."""
    told = json.loads(triage("report", "--json", "--by", "language").out)
    assert (told["from"], told["until"], told["zone"], told["by"]) == ("2026-10-18", "2026-11-16", "UTC", "language")
    assert (told["all"]["opened"], told["all"]["resolved"], told["all"]["in_review"]) == (3, 1, 1)
    assert told["all"]["sums"]["disputed"] == {"EUR": "1045.50"}
    assert [group["group"] for group in told["groups"]] == ["en"]
    assert told["course"][-1] == {"first": "2026-11-16", "opened": 3, "resolved": 1, "open": 2}
    assert told["before"]["opened"] == 0


@pytest.mark.usefixtures("site")
def test_the_spreadsheet_is_one_flat_table_that_runs_nothing(triage: Run) -> None:
    """A line a group and one for all; points for decimals; a cause that is a formula is text."""
    lines = list(csv.DictReader(io.StringIO(triage("report", "--csv", "--by", "root_cause").out)))
    assert [(line["by"], line["group"][:12]) for line in lines] == [
        ("root_cause", "no cause nam"),
        ("root_cause", "'=HYPERLINK("),
        ("all", ""),
    ]
    assert (lines[-1]["opened"], lines[-1]["disputed_EUR"]) == ("3", "1045.50")
    assert sum(int(line["opened"]) for line in lines[:-1]) == 3
    assert all(None not in line and None not in line.values() for line in lines)


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.titled = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "action", "xlink:href")]
        self.titled += tag == "svg" and bool(dict(attrs).get("aria-label"))


@pytest.mark.usefixtures("site")
def test_the_page_stands_alone(triage: Run, tmp_path: Path) -> None:
    """No script and nothing to load; each chart is titled and has a table; what people typed is text."""
    ran = triage("report", "--html", "report.html")
    assert ran.code == 0, ran.err
    assert "Wrote report.html" in ran.out
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert not {"script", "link", "img", "iframe", "b", "a"} & set(page.tags)
    assert page.links == []
    assert "url(" not in text
    assert page.titled == page.tags.count("svg") == page.tags.count("desc") >= 5
    assert page.tags.count("table") >= page.tags.count("svg")
    assert "=HYPERLINK(&#34;http://x&#34;) &lt;b&gt;é&lt;/b&gt;" in text
    assert "1,040.50 EUR" in text


@pytest.mark.usefixtures("site")
def test_no_form_has_a_word_of_a_customer(triage: Run, tmp_path: Path) -> None:
    """Neither names and addresses, nor subjects, nor what was written."""
    triage("report", "--html", "report.html")
    told = [triage("report", *form).out for form in ([], ["--json"], ["--csv"])]
    told.append((tmp_path / "report.html").read_text(encoding="utf-8"))
    for word in ("Ana", "ana0", "example.org", "Quagga", "Zebedee", "INV-100"):
        assert not any(word in form for form in told)


@pytest.mark.usefixtures("site")
def test_a_month_without_cases_is_a_report(triage: Run, tmp_path: Path) -> None:
    """In each form."""
    assert "No case was opened" in triage("report", "--month", "2026-01").out
    assert json.loads(triage("report", "--month", "2026-01", "--json").out)["all"]["opened"] == 0
    assert len(triage("report", "--month", "2026-01", "--csv").out.splitlines()) == 2
    assert triage("report", "--month", "2026-01", "--html", "x.html").code == 0
    assert "No case was opened" in (tmp_path / "x.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("site")
def test_one_day_is_a_report(triage: Run) -> None:
    """The day of the cases, and the day before."""
    day = json.loads(triage("report", "--from", "2026-11-16", "--until", "2026-11-16", "--json").out)
    assert (day["all"]["opened"], len(day["course"])) == (3, 1)
    eve = json.loads(triage("report", "--from", "2026-11-15", "--until", "2026-11-15", "--json").out)
    assert (eve["all"]["opened"], eve["all"]["open"]) == (0, 0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--by", "product"], "there is no 'product'"),
        (["--from", "2026-03-02", "--until", "2026-03-01"], "later than"),
        (["--month", "March"], "is no month"),
        (["--csv", "--json"], "choose one"),
        (["--html", "nowhere/report.html"], "nowhere/report.html: No such file or directory"),
    ],
)
def test_a_mistake_is_one_line(triage: Run, site: TwinHouse, words: list[str], said: str) -> None:
    """And exit code 2."""
    ran = triage("report", *words)
    assert ran.code == 2
    assert said in ran.err
    assert ran.err.count("\n") == 1


def test_where_nothing_has_run_yet_it_is_said(triage: Run, tmp_path: Path) -> None:
    """To look makes no database."""
    ran = triage("report")
    assert ran.code == 2
    assert "there is no database" in ran.err
    assert not (tmp_path / "triage.db").exists()


def test_the_demonstration_has_its_report(triage: Run) -> None:
    """The cases of the sample mails, three currencies side by side."""
    assert triage("demo", "--folder", "show").code == 0
    told = json.loads(triage("--config", "show/config.toml", "report", "--json").out)
    assert told["zone"] == "Europe/Madrid"
    assert 0 < told["all"]["opened"] <= len(list((Path(servers.__file__).parent / "mails").glob("*.eml")))
    assert told["all"]["sums"]["disputed"].keys() >= {"EUR", "GBP"}
    assert {group["group"] for group in told["groups"]} <= set(REASONS)
