"""Machines are recognised, and people are not taken for machines."""

from pathlib import Path

import pytest

from triage.mail.automatic import Own, recognise
from triage.mail.message import parse

CORPUS = Path(__file__).parent.parent / "corpus"
OWN = Own(addresses=frozenset({"support@desk.example"}), domains=frozenset({"desk.example"}))
REPORT = (
    b"Content-Type: multipart/report; report-type=%s; boundary=b\n"
    b"From: x@y.example\n\n--b\n\nnotice\n--b\nContent-Type: message/%s\n"
    b"\n%s\n--b--\n"
)


def _label(mail: bytes | str) -> str:
    found = recognise(parse(mail if isinstance(mail, bytes) else mail.encode()), OWN)
    assert found.suppress == (found.label != "human")
    assert found.why
    return found.label


@pytest.mark.parametrize(
    ("headers", "label"),
    [
        ("Auto-Submitted: auto-replied", "auto_reply"),
        ("Auto-Submitted: auto-generated; x=y", "auto_other"),
        ("Auto-Submitted: no", "human"),
        ("Auto-Submitted: auto-forwarded", "human"),
        ("Precedence: bulk", "auto_other"),
        ("Precedence: auto_reply", "auto_reply"),
        ("Precedence: list", "list"),
        ("List-Id: <x.y.example>", "list"),
        ("List-Unsubscribe: <mailto:x@y.example>", "list"),
        ("X-Autoreply: yes", "auto_reply"),
        ("X-Auto-Response-Suppress: All", "auto_other"),
        ("X-Auto-Response-Suppress: DR, RN", "human"),
        ("Return-Path: <>", "auto_other"),
        ("Return-Path: <ann@a.example>", "human"),
        ("X-Failed-Recipients: a@b.example", "bounce"),
        ("Subject: [Auto Generated] Disk full", "auto_other"),
        ("X-Apple-Unsubscribe: true\nAuto-Submitted: auto-replied", "feedback"),
    ],
)
def test_headers_that_machines_set(headers: str, label: str) -> None:
    """RFC 3834 and its relatives; a header that says nothing changes nothing."""
    assert _label(f"From: ann@a.example\n{headers}\n\nI was charged twice.") == label


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: Bill",
        "Out of Office: Bill",
        "Auto: Re: Bill",
        "Abwesenheitsnotiz: Rechnung",
        "Automatische Antwort: Rechnung",
        "Respuesta automática: Factura",
        "Fuera de la oficina: Factura",
        "Resposta automática: Fatura",
        "Réponse automatique : Facture",
        "Re: Automatisch antwoord: Factuur",
        "Risposta automatica: Fattura",
        "Autosvar: Faktura",
        "自動返信: 請求書",
        "Odpowiedź automatyczna: Faktura",
        "Automaattinen vastaus: Lasku",
        "Automatická odpověď: Faktura",
        "Automatikus válasz: Számla",
        "Otomatik yanıt: Fatura",
        "Автоматична відповідь: Рахунок",
        "Αυτόματη απάντηση: Τιμολόγιο",
        "自动答复: 账单",
        "자동 회신: 청구서",
    ],
)
def test_holiday_notices_are_known_by_their_subject(subject: str) -> None:
    """Programs without headers still write their subject."""
    assert _label(f"From: ann@a.example\nSubject: {subject}\n\nBack on Monday.") == "auto_reply"


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Charged twice during my vacation", "I was on vacation and you charged me twice."),
        ("Urlaub storniert", "Ich bin im Urlaub und sehe, dass Sie doppelt abgebucht haben."),
        ("Mis vacaciones", "Estoy de vacaciones y me han cobrado dos veces, quiero el reembolso."),
        ("Automatic renewal", "You renewed my plan automatically and charged 40 EUR."),
        ("Auto insurance bill", "The premium is wrong."),
        ("Abbuchung", "Ihre Antwort war unverständlich, bitte erstatten Sie 40 Euro."),
        ("Re: Delivery failed", "The parcel was not delivered and I was still charged. Refund me."),
        ("Undelivered parcel", "My parcel was never delivered, order 550 1234."),
        ("Read this: invoice 12 is wrong", "It should be 200."),
        ("AW: Rechnung", "Ich bin im Urlaub und werde Ihre Mail danach lesen, aber Sie haben doppelt abgebucht."),
        ("Re: factura", "Estoy de vacaciones hasta el 20 de junio y a mi regreso quiero ver el reembolso."),
        ("Re: facture", "Je suis en vacances, en cas d'urgence appelez-moi : vous m'avez prélevé deux fois."),
        ("Re: your mail", "I am on holiday until Friday, but I saw that you charged me twice. Please refund."),
        ("Returned mail order", "I returned the goods two weeks ago and see no refund."),
    ],
)
def test_people_who_write_of_such_things_are_people(subject: str, text: str) -> None:
    """A customer left without an answer is the price of a false alarm."""
    assert _label(f"From: ann@a.example\nReferences: <a@desk.example>\nSubject: {subject}\n\n{text}") == "human"


@pytest.mark.parametrize(
    "words",
    [
        "I am currently out of the office and will return on 20 June.",
        "Ich bin vom 1.6. bis 20.6. nicht im Haus und werde Ihre E-Mail danach beantworten.",
        "Ich bin bis 20. Juni im Urlaub. In dringenden Fällen wenden Sie sich bitte an meine Kollegin.",
        "Me encuentro de vacaciones hasta el 20 de junio. Responderé a su mensaje a mi regreso.",
        "Bonjour, je suis actuellement en congés. En cas d'urgence, veuillez contacter l'accueil.",
        "Estou de férias até 20 de junho. Responderei no meu regresso.",
        "Sono in ferie fino al 20 giugno. Per urgenze potete scrivere a info@b.example.",
        "Ik ben op vakantie tot 20 juni. Voor dringende zaken kunt u mijn collega mailen.",
    ],
)
def test_a_holiday_notice_in_answer_is_known_by_its_words(words: str) -> None:
    """Phones and small servers set no header: it tells of being away, and when or who answers instead."""
    mail = "From: ann@a.example\nReferences: <a@desk.example>\nSubject: Re: your mail\n"
    assert _label(f"{mail}Content-Type: text/plain; charset=utf-8\n\n{words}") == "auto_reply"


@pytest.mark.parametrize(
    "sender",
    [
        "noreply@shop.example",
        "no-reply@shop.example",
        "Shop <do-not-reply@shop.example>",
        "no_responder@tienda.example",
        "nao-responda@loja.example",
        "ne-pas-repondre@boutique.example",
        "keine-antwort@laden.example",
        "billing-noreply@shop.example",
        "postmaster@shop.example",
    ],
)
def test_senders_that_take_no_answers_get_none(sender: str) -> None:
    """An acknowledgement to noreply@ comes back as a bounce."""
    assert _label(f"From: {sender}\n\nYour bill is ready.") == "auto_other"


def test_a_web_form_speaks_for_the_customer_in_reply_to() -> None:
    """noreply@ of the form's site with the customer in Reply-To is the customer's mail."""
    assert _label("From: noreply@forms.example\nReply-To: Ann <ann@a.example>\n\nI was charged twice.") == "human"
    assert _label("From: noreply@forms.example\nReply-To: help@forms.example\n\nYour bill is ready.") == "auto_other"


def test_our_own_address_is_a_loop() -> None:
    """What we sent is never a request to us; a colleague's address is no loop."""
    assert _label("From: Support@Desk.example\n\nhi") == "loop"
    assert _label("From: colleague@desk.example\n\nhi") == "human"


def test_reports_are_told_apart() -> None:
    """Delivery reports, reading receipts and complaints have formats of their own."""
    assert (
        _label(
            REPORT
            % (
                b"delivery-status",
                b"delivery-status",
                b"Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1",
            )
        )
        == "bounce"
    )
    assert (
        _label(
            REPORT
            % (b"disposition-notification", b"disposition-notification", b"Disposition: manual-action; displayed")
        )
        == "mdn"
    )
    assert _label(REPORT % (b"feedback-report", b"feedback-report", b"Feedback-Type: abuse")) == "feedback"


def test_an_automatic_text_is_believed_only_in_own_words() -> None:
    """A customer who quotes our automatic mail is still a customer."""
    notice = "This is an automatically generated message, please do not reply."
    assert _label(f"From: ann@a.example\n\n{notice}") == "auto_other"
    assert (
        _label(
            f"From: ann@a.example\n\nI was charged twice.\n"
            f"\nOn 1 Mar 2026 at 10:00 Shop <s@shop.example> wrote:\n"
            f"> {notice}"
        )
        == "human"
    )


def test_a_bounce_in_prose_is_read() -> None:
    """qmail writes no report: status, recipient and our Message-ID are in the text."""
    found = recognise(parse((CORPUS / "bounce_qmail.eml").read_bytes()), OWN)
    assert (found.label, found.dsn, found.hard) == ("bounce", "5.1.1", True)
    assert (found.recipient, found.original_message_id) == ("nobody@gone.example", "<letter-7@desk.example>")


def test_a_mailbox_that_is_run_as_a_list_gets_mail_from_people() -> None:
    """Google Groups puts its headers on every mail to support@; other lists stay lists."""
    mail = "From: ann@a.example\nPrecedence: list\nList-Id: <{}>\nList-Unsubscribe: <x>\n\nI was charged twice."
    assert _label(mail.format("support.desk.example")) == "human"
    assert _label(mail.format("news.shop.example")) == "list"


@pytest.mark.parametrize(
    "words",
    [
        "Dit is een automatisch gegenereerd bericht, u kunt hier niet op antwoorden.",
        "Questo è un messaggio automatico, si prega di non rispondere a questa e-mail.",
        "Detta är ett automatiskt meddelande.",
        "Dette er en automatisk besked.",
        "To jest wiadomość automatyczna, prosimy nie odpowiadać na tę wiadomość.",
        "このメールは自動送信されています。",
        "此邮件由系统自动发送，请勿回复。",
        "Это автоматическое сообщение, не отвечайте на это письмо.",
    ],
)
def test_programs_say_what_they_are_in_many_languages(words: str) -> None:
    """No header, no telling sender: the words themselves."""
    assert _label(f"From: shop@shop.example\nContent-Type: text/plain; charset=utf-8\n\n{words}") == "auto_other"


@pytest.mark.parametrize(
    "words",
    [
        "Your request (12) has been received and is being reviewed by our support staff.",
        "We have received your e-mail and will get back to you within two working days.",
        "Su solicitud (12) ha sido registrada. Para añadir comentarios, responda a este correo.",
        "Hemos recibido su consulta. Su número de caso es 12.",
        "Recebemos sua mensagem. O número do seu protocolo é 12.",
        "Votre demande (12) a bien été reçue et est en cours de traitement par notre équipe.",
        "Ihre Anfrage (12) ist bei uns eingegangen und wird von unserem Team bearbeitet. Ticketnummer: 12.",
        "Your message to ann@a.example is being held. Please confirm that you are a real person.",
        "Para que sua mensagem seja encaminhada, clique aqui.",
    ],
)
def test_a_help_desk_that_sets_no_header_is_known_by_its_words(words: str) -> None:
    """Two desks that confirm each other's letters never end."""
    mail = "From: desk@a.example\nSubject: Your letter\nContent-Type: text/plain; charset=utf-8\n"
    assert _label(f"{mail}\n{words}") == "auto_reply"


@pytest.mark.parametrize(
    "words",
    [
        "We have received your message. Our reference number is 12. Nothing on it was ordered by us.",
        "Thank you for contacting me. I opened ticket number 12 two weeks ago, but nothing happened.",
        "Nous avons bien reçu votre message, numéro de dossier 12. La facture reste contestée.",
        "Recebemos a sua mensagem, o número do protocolo é 12, mas o valor continua errado.",
        "Your request has been received. Get back to us within 5 days about the invoice.",
    ],
)
def test_a_customer_who_writes_of_tickets_is_a_person(words: str) -> None:
    """One sign of two, or a word of the matter: somebody wants an answer."""
    mail = "From: ann@a.example\nSubject: Re: Bill\nContent-Type: text/plain; charset=utf-8\n"
    assert _label(f"{mail}\n{words}") == "human"


@pytest.mark.parametrize("subject", ["Recibo de lectura: su caso", "Confirmation de lecture : cas", "Lettura: caso"])
def test_receipts_without_a_report_are_known_by_their_subject(subject: str) -> None:
    """Programs that send no RFC 8098 report say in the subject that a mail was read."""
    mail = f"From: ann@a.example\nReferences: <a@desk.example>\nSubject: {subject}\n\nread"
    assert _label(mail) == "mdn"


def test_a_bounce_of_a_sender_that_takes_no_answers_is_a_bounce() -> None:
    """Carriers report as no-reply@."""
    mail = "From: no-reply@mobile.example\nSubject: Mail System Error - Returned Mail\n\nTheir mailbox is full."
    assert _label(mail) == "bounce"
