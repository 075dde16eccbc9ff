"""Writing letters: headers, threads, stable ids, and a stranger's words kept harmless."""

import email.policy
import json
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.errors import RulesError
from triage.letters import echo
from triage.letters.compose import (
    CONTEXT,
    AckContext,
    CannotCompose,
    Letter,
    Mention,
    compose,
    date_anew,
    message_id_for,
    missing_things,
    written_date,
)
from triage.letters.templates import Templates, load_templates
from triage.mail.message import Address
from triage.understanding.findings import Finding

Make = Callable[..., AckContext]

# hypothesis runs a test many times over: its fixtures would be a health problem
SHIPPED = load_templates(Path(__file__).parents[2] / "rules" / "letters")


def parsed(letter: Letter) -> EmailMessage:
    return message_from_bytes(letter.content, policy=email.policy.default)


def body(letter: Letter, kind: str = "plain") -> str:
    part = parsed(letter).get_body((kind,))
    assert part is not None
    return str(part.get_content())


def flat(text: str) -> str:
    return " ".join(text.split())


def test_headers_tell_machines_and_people_what_this_is(full: Make, templates: Templates) -> None:
    """RFC 3834 and Exchange are told not to answer; the thread and the case are named."""
    message = parsed(compose(full(references=("<mail-0@example.org>",)), templates))
    assert message["From"] == "Example Support <support@example.com>"
    assert message["To"] == "Ana Pérez <ana@example.org>"
    assert message["Subject"] == "Re: Charged twice [DSP-2026-000101-8]"
    assert message["Date"] == "Sat, 21 Nov 2026 00:00:05 +0000"
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["X-Auto-Response-Suppress"] == "DR, RN, NRN, OOF, AutoReply"
    assert message["Content-Language"] == "en"
    assert message["X-Triage-Case"] == "DSP-2026-000101-8"
    assert message["In-Reply-To"] == "<mail-1@example.org>"
    assert message["References"] == "<mail-0@example.org> <mail-1@example.org>"
    assert message["Cc"] is None
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


def test_same_case_gives_the_same_bytes(full: Make, templates: Templates) -> None:
    """What is tried twice must be one letter to every receiver."""
    assert compose(full(), templates) == compose(full(), templates)


def test_message_id_depends_on_the_case_and_not_on_the_time(full: Make) -> None:
    """A letter composed anew after a crash keeps its id; another case gets another."""
    one = full()
    assert message_id_for(one) == message_id_for(full(written=one.written + timedelta(hours=3), language="de"))
    assert message_id_for(one) != message_id_for(full(reference="DSP-2026-000102-6"))
    assert message_id_for(one) != message_id_for(full(in_reply_to="<other@example.org>"))
    assert message_id_for(one).endswith("@example.com>")


@pytest.mark.parametrize("language", ["en", "es", "pt", "fr", "de"])
def test_letter_says_what_was_understood_as_the_customer_wrote_it(
    full: Make, templates: Templates, language: str
) -> None:
    """Reference, invoice, amount and dates stand in both forms; the doubtful number is a question."""
    letter = compose(full(language=language), templates)
    for kind in ("plain", "html"):
        text = body(letter, kind)
        for words in ("DSP-2026-000101-8", "F-2026/118", "1.234,50 €", "+34 910 000 000", "2026"):
            assert words in text
        [question] = [line for line in text.splitlines() if "4711" in line]
        assert "?" in question


def test_only_what_is_missing_is_asked_for(context: Make, templates: Templates) -> None:
    """A complete complaint is asked for nothing."""
    assert "What would help us" not in body(compose(context(), templates), "html")
    asking = body(compose(context(missing=("invoice",)), templates))
    assert "the number of the invoice" in asking
    assert "the amount that you question" not in asking


def test_hold_is_mentioned_only_when_it_happened(context: Make, templates: Templates) -> None:
    """A letter must not tell of a halt that nobody ordered."""
    assert "on hold" not in body(compose(context(), templates))
    assert "on hold" in body(compose(context(on_hold=True), templates))


def test_delicate_tone_replaces_the_usual_regret(context: Make, templates: Templates) -> None:
    """Bereavement is not a "trouble that this matter is giving you"."""
    text = body(compose(context(delicate=True), templates))
    assert "difficult time" in text
    assert "trouble" not in text


def test_received_day_is_the_sites_day(context: Make, templates: Templates) -> None:
    """23:30 in UTC is the next day in Madrid."""
    assert "November 21, 2026" in body(compose(context(), templates))


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Tuesday, November 24, 2026"),
        ("es", "martes, 24 de noviembre de 2026"),
        ("pt", "terça-feira, 24 de novembro de 2026"),
        ("fr", "mardi 24 novembre 2026"),
        ("de", "Dienstag, 24. November 2026"),
    ],
)
def test_dates_are_written_out_in_each_language(context: Make, language: str, words: str) -> None:
    """11/24 and 24/11 cannot be confused when the month is a word."""
    assert written_date(context().next_contact, language, weekday=True) == words


def test_html_of_a_customer_is_text(context: Make, templates: Templates) -> None:
    """A number with markup stays a number with angle brackets."""
    letter = compose(context(invoices=(Mention(text="<b>F-1</b>"),)), templates)
    assert "<b>F-1" not in body(letter, "html")
    assert "&lt;b&gt;F-1" in body(letter, "html")


def test_template_language_in_a_subject_is_not_run(context: Make, templates: Templates) -> None:
    """Values are filled in once and never evaluated."""
    letter = compose(context(subject="{{ 7 * 7 }} {% raw %}"), templates)
    assert "{{ 7 * 7 }}" in letter.subject


@given(subject=st.text(max_size=300), name=st.text(max_size=80), number=st.text(max_size=60))
def test_no_words_of_a_stranger_add_a_header_or_a_second_recipient(subject: str, name: str, number: str) -> None:
    """Whatever is written in subject, name and number: one To, our headers and nothing else."""
    letter = compose(
        AckContext(
            reference="DSP-2026-000101-8",
            language="fr",
            sender=Address(name="Example", address="support@example.com"),
            recipient=Address(name=name, address="ana@example.org"),
            received=datetime(2026, 11, 20, tzinfo=UTC),
            written=datetime(2026, 11, 20, tzinfo=UTC),
            zone=UTC,
            next_contact=date(2026, 11, 24),
            subject=subject,
            invoices=(Mention(text=number),),
        ),
        SHIPPED,
    )
    message = parsed(letter)
    assert set(message.keys()) <= {
        *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress"),
        *("X-Triage-Case", "MIME-Version", "Content-Type", "Content-Language"),
    }
    assert [address.addr_spec for address in message["To"].addresses] == ["ana@example.org"]
    assert "\n" not in letter.subject
    assert letter.subject.endswith("[DSP-2026-000101-8]")
    assert letter.content.isascii()


@pytest.mark.parametrize(
    "address", ["", "ana", "ana@", "@example.org", "a b@example.org", "a@example.org\r\nBcc: x@y.z"]
)
def test_what_is_no_address_is_not_written_to(context: Make, templates: Templates, address: str) -> None:
    """The letter fails here, where a person can see it, and not at the relay."""
    with pytest.raises(CannotCompose):
        compose(context(recipient=Address(address=address)), templates)


def test_international_domain_goes_out_as_dns_knows_it(context: Make, templates: Templates) -> None:
    """A domain beyond ASCII needs no SMTPUTF8."""
    letter = compose(context(recipient=Address(address="ana@münchen.example")), templates)
    assert letter.recipient == "ana@xn--mnchen-3ya.example"
    assert letter.content.isascii()


def test_local_part_beyond_ascii_is_kept(context: Make, templates: Templates) -> None:
    """Only there the headers are UTF-8, which the relay must take (RFC 6532)."""
    letter = compose(context(recipient=Address(address="josé@example.org")), templates)
    assert letter.recipient == "josé@example.org"
    assert "josé@example.org".encode() in letter.content


@pytest.mark.parametrize("message_id", ["", "no brackets", "<a b@c>", "<x@no-message-id.invalid>", "<a@b>\r\nBcc: c@d"])
def test_unusable_message_id_starts_no_thread(context: Make, templates: Templates, message_id: str) -> None:
    """An id that nobody else knows, or that is no id, is left out."""
    message = parsed(compose(context(in_reply_to=message_id), templates))
    assert message["In-Reply-To"] is None
    assert message["Bcc"] is None


def test_long_threads_keep_their_first_and_their_newest_ids(context: Make, templates: Templates) -> None:
    """RFC 5322 lets References be shortened in the middle."""
    references = tuple(f"<{number}@example.org>" for number in range(100))
    kept = parsed(compose(context(references=references), templates))["References"].split()
    assert len(kept) == 20
    assert kept[0] == "<0@example.org>"
    assert kept[-2:] == ["<99@example.org>", "<mail-1@example.org>"]


def test_unknown_letter_says_which_there_are(context: Make, templates: Templates) -> None:
    """A rule that names a letter which does not exist is the admin's mistake."""
    with pytest.raises(RulesError, match=r"no letter thanks\.en .*acknowledgement\.en"):
        compose(context(template="thanks"), templates)


@pytest.mark.parametrize(
    ("kinds", "reason", "attached", "missing"),
    [
        ((), "other", False, ("invoice", "amount")),
        (("invoice", "amount"), "wrong_amount", False, ()),
        (("order", "amount"), "refund_not_received", False, ("return_proof",)),
        (("invoice", "amount"), "payment_not_applied", True, ()),
        (("invoice", "amount"), "duplicate_charge", False, ("charge_dates",)),
        (("invoice", "amount", "date"), "duplicate_charge", False, ()),
        (("invoice",), "invoice_details_wrong", False, ("correct_details",)),
    ],
)
def test_missing_things_follow_from_the_mail_and_its_reason(
    kinds: tuple[str, ...], reason: str, attached: bool, missing: tuple[str, ...]
) -> None:
    """Nothing is asked for that is there, or that this kind of dispute does not need."""
    findings = [Finding(kind=kind, text="x", value="x") for kind in kinds]  # type: ignore[arg-type]
    assert missing_things(findings, reason, has_attachment=attached) == missing


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("Re: AW: RV: Fwd: Cargo duplicado", "Cargo duplicado"),
        ("RE[2]: Invoice", "Invoice"),
        ("Re: Bill [DSP-2026-000101-8] [DSP-2026-000099-9]", "Bill"),
        ("[EXTERNAL] Re: [EXT] bill", "bill"),
        ("Bill\r\nBcc: someone@example.net", "Bill Bcc"),
        ("Win at http://evil.example/x now", "Win at now"),
        ("My card 4111 1111 1111 1111 was charged", "My card ••••1111 was charged"),
        ("Paid to DE89 3704 0044 0532 0130 00", "Paid to ••••3000"),
        ("Order 1234567890123", "Order 1234567890123"),
        ("re:", ""),
        ("\u202egnp.exe\u200b bill", "bill"),
    ],
)
def test_subjects_are_repeated_without_what_does_not_belong(subject: str, words: str) -> None:
    """No stacked prefixes, references, links, hidden characters or card numbers."""
    assert echo.subject_words(subject) == words


@pytest.mark.parametrize("language", ["en", "es", "pt", "fr", "de"])
def test_a_letter_dated_anew_says_the_same_with_other_dates(full: Make, templates: Templates, language: str) -> None:
    """In every language, in both forms, from what is kept beside it; it is the same letter by its Message-ID."""
    context = full(language=language, references=("<mail-0@example.org>",), subject="Charged \udce9 twice")
    kept = CONTEXT.validate_python(json.loads(json.dumps(CONTEXT.dump_python(context, mode="json"))))
    assert kept == context
    before, day = compose(context, templates), date(2026, 12, 1)
    anew = date_anew(before.content, kept, templates, written=context.written + timedelta(days=7), by=day)
    after = compose(anew, templates)
    old, new = (written_date(each, language, weekday=True) for each in (context.next_contact, day))
    for kind in ("plain", "html"):
        assert old in body(before, kind)
        assert flat(body(after, kind)) == flat(body(before, kind).replace(old, new))
    assert (after.message_id, after.subject) == (before.message_id, before.subject)
    assert parsed(after)["Date"] == "Sat, 28 Nov 2026 00:00:05 +0000"


def test_an_endless_subject_costs_nothing() -> None:
    """What is too long to be repeated is not searched either."""
    begin = time.monotonic()
    assert len(echo.subject_words("a.b-" * 500_000)) <= echo.SUBJECT_LIMIT
    assert echo.greeting_name("a." * 500_000) == ""
    assert time.monotonic() - begin < 2


@pytest.mark.parametrize(
    ("name", "greeting"),
    [
        ("Ana Pérez", "Ana Pérez"),
        ("Pérez, Ana", "Ana Pérez"),
        ("Seán O'Brien-Smith", "Seán O'Brien-Smith"),
        ("J. R. Müller", "J. R. Müller"),
        ("ana@example.org", ""),
        ("www.evil.example", ""),
        ("Win 1000 now", ""),
        ("None", ""),
        ("<b>Ana</b>", ""),
        ("", ""),
    ],
)
def test_only_names_are_greeted(name: str, greeting: str) -> None:
    """Nobody is called by an address, a slogan or None."""
    assert echo.greeting_name(name) == greeting
