"""What a bounce says about the address and the mail."""

import json

import pytest

from triage.mail import bounces
from triage.mail.message import parse


def _report(fields: str, notice: str = "It did not work.") -> bytes:
    return (
        "From: mailer-daemon@x.example\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
        f"--b\n\n{notice}\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x.example\n\n{fields}\n"
        "--b\nContent-Type: message/rfc822\n\nMessage-ID: <letter@desk.example>\nTo: ann@a.example\n\nhi\n--b--\n"
    ).encode()


@pytest.mark.parametrize(
    ("fields", "status", "hard"),
    [
        ("Final-Recipient: rfc822; ann@a.example\nAction: failed\nStatus: 5.1.1", "5.1.1", True),
        ("Final-Recipient: rfc822; ann@a.example\nAction: failed\nStatus: 5.2.2", "5.2.2", False),
        ("Final-Recipient: rfc822; ann@a.example\nAction: delayed\nStatus: 4.4.1", "4.4.1", False),
        (
            (
                "Final-Recipient: rfc822; ann@a.example\nAction: failed\n"
                "Status: 5.0.0\nDiagnostic-Code: smtp; 550 5.7.1 blocked"
            ),
            "5.7.1",
            False,
        ),
        (
            (
                "Final-Recipient: rfc822; ann@a.example\nAction: failed\n"
                "Status: 5.0.0\nDiagnostic-Code: smtp; 550 user unknown"
            ),
            "5.0.0",
            True,
        ),
        (
            (
                "Final-Recipient: rfc822; ann@a.example\nAction: failed\n"
                "Status: 5.0.0\nDiagnostic-Code: smtp; 552 mailbox full"
            ),
            "5.0.0",
            False,
        ),
        (
            (
                "Final-Recipient: rfc822; b@a.example\nAction: relayed\n"
                "Status: 2.0.0\n\nFinal-Recipient: rfc822; ann@a.example\n"
                "Action: failed\nStatus: 5.1.2"
            ),
            "5.1.2",
            True,
        ),
        (
            (
                "Final-Recipient: rfc822; ann@a.example\nAction: failed\n"
                "Status: 4.1.1\nDiagnostic-Code: smtp; 450 4.1.1 <ann@a.example>: User unknown in virtual alias table"
            ),
            "4.1.1",
            True,
        ),
        (
            (
                "Final-Recipient: rfc822; ann@a.example\nAction: delayed\n"
                "Status: 4.1.1\nDiagnostic-Code: smtp; 450 4.1.1 <ann@a.example>: User unknown in virtual alias table"
            ),
            "4.1.1",
            False,
        ),
        (
            (
                "Final-Recipient: rfc822; ann@a.example\nAction: failed\nStatus: 5.4.1\n"
                "Diagnostic-Code: smtp; 550 5.4.1 Recipient address rejected: Access denied."
            ),
            "5.4.1",
            True,
        ),
        (
            (
                "Final-Recipient: rfc822; ann@a.example\nAction: failed\n"
                "Status: 5.7.27\nDiagnostic-Code: smtp; 550 Host does not accept mail"
            ),
            "5.7.27",
            True,
        ),
    ],
)
def test_report_fields_come_first(fields: str, status: str, hard: bool) -> None:
    """Status and diagnostic of the recipient who failed; a general status gives way to a precise one."""
    bounce = bounces.read(parse(_report(fields)))
    assert (bounce.status, bounce.hard) == (status, hard)
    assert (bounce.recipient, bounce.original_message_id) == ("ann@a.example", "<letter@desk.example>")


@pytest.mark.parametrize(
    ("words", "status", "hard"),
    [
        ("550-5.1.1 The email account that you tried to reach does not exist.", "5.1.1", True),
        ("554 delivery error: This user doesn't have an account here", None, True),
        ("host mx.a.example [192.0.2.10.5]: 550 No such user", None, True),
        ("User ann (ann@a.example) not listed in Domino Directory", None, True),
        ("Host or domain name not found", None, True),
        # Exchange Online says so of recipients that it does not know
        ("550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", "5.4.1", True),
        ("452 4.2.2 The recipient's inbox is out of storage space", "4.2.2", False),
        ("The recipient's mailbox is full", None, False),
        ("550 Message rejected as spam, see our policy", None, False),
        ("Connection timed out, message will be retried", None, False),
        ("552 Message size exceeds fixed limit", None, False),
        ("550 User unknown (in reply to end of DATA command)", None, False),
        (">>> DATA\n<<< 550 5.5.0 Invalid recipient\n550 5.1.1 <ann@a.example>... User unknown", "5.5.0", True),
        ("Die eingegebene E-Mail-Adresse konnte nicht gefunden werden.", None, True),
        ("L'adresse de messagerie que vous avez entrée est introuvable.", None, True),
        ("No se encontró la dirección de correo electrónico que especificó.", None, True),
        ("O endereço de email inserido não foi encontrado.", None, True),
        ("Impossibile trovare l'indirizzo di posta elettronica immesso.", None, True),
        ("Het e-mailadres dat u hebt ingevoerd, is niet gevonden.", None, True),
        ("Das Postfach des Empfängers ist voll.", None, False),
        ("La boîte aux lettres du destinataire est pleine.", None, False),
        ("El buzón del destinatario está lleno.", None, False),
        ("A caixa de correio do destinatário está cheia.", None, False),
        ("受信者のメールボックスの容量がいっぱいです。", None, False),
    ],
)
def test_prose_is_read_by_codes_and_phrases(words: str, status: str | None, hard: bool) -> None:
    """An IP address is no status, and a server that took the recipient knows the address."""
    mail = (
        f"From: mailer-daemon@x.example\nSubject: Undelivered\n"
        f"\nSorry:\n<ann@a.example>: {words}\n\n--- Original message ---\n"
        f"Message-ID: <l@desk.example>\n\n550 5.9.9 user unknown\n"
    )
    bounce = bounces.read(parse(mail.encode()))
    assert (bounce.status, bounce.hard, bounce.recipient, bounce.original_message_id) == (
        status,
        hard,
        "ann@a.example",
        "<l@desk.example>",
    )


def test_a_bounce_that_a_person_hands_on_is_read() -> None:
    """A forward with nothing but a bounce in it is no complaint; with words of its own it is."""
    bounce = (
        "Begin forwarded message:\n\n> From: Mail Delivery Subsystem <MAILER-DAEMON@mx.example>\n"
        "> Subject: Returned mail: see transcript for details\n>\n> <ann@a.example>\n"
        ">     (reason: 550 5.1.1 <ann@a.example>... User unknown)\n"
    )
    mail = "From: Bob <bob@desk.example>\nSubject: Fwd: Returned mail: see transcript for details\n\n{}\n\n" + bounce
    message = parse(mail.format("For you.").encode())
    found = bounces.read(message)
    assert bounces.is_forwarded(message)
    assert (found.status, found.hard, found.recipient) == ("5.1.1", True, "ann@a.example")
    complaint = (
        "I tried to write to your billing address about the 40 EUR that you took from my card twice, and got this."
    )
    assert not bounces.is_forwarded(parse(mail.format(complaint).encode()))


def test_the_mail_that_came_back_is_found_within_json() -> None:
    """Amazon's notifications hold JSON within JSON, and our Message-ID in it."""
    headers = [{"name": "Message-ID", "value": "<letter-7@desk.example>"}]
    notice = {"notificationType": "Bounce", "mail": {"messageId": "0100-aa", "headers": headers}}
    mail = "From: no-reply@sns.amazonaws.com\nSubject: AWS Notification Message\n\n"
    for body in (json.dumps(notice), json.dumps({"Message": json.dumps(notice)})):
        assert bounces.read(parse((mail + body).encode())).original_message_id == "<letter-7@desk.example>"
