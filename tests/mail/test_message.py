"""`parse`: bytes in, a Message out."""

import base64
import tracemalloc
from pathlib import Path

import pytest

from triage.mail.content import MAX_TEXT
from triage.mail.message import Address, message_from_text, parse

CORPUS = Path(__file__).parent.parent / "corpus"


def _mail(name: str) -> bytes:
    return (CORPUS / f"{name}.eml").read_bytes()


def test_an_outlook_reply_gives_only_the_new_words() -> None:
    """HTML from Outlook: hidden text is gone, the header block and all under it is quoted."""
    message = parse(_mail("outlook_reply_es"))
    assert message.sender == Address(name="María Suárez", address="maria.suarez@cliente.example")
    assert (
        message.reply
        == "Buenos días:\n\nMe han cobrado dos veces la factura F-2031, 49,90 € cada vez.\n\nUn saludo,\nMaría"
    )
    assert "99,80 €" in message.text
    assert "oculto" not in message.text
    assert message.references == ("<f-2031@tienda.example>",)


def test_a_bare_forward_gives_the_forwarded_complaint() -> None:
    """Who only passes a mail on means what is in it; its header lines are no words."""
    message = parse(_mail("gmail_forward_de"))
    assert "vereinbart waren 200 Euro" in message.reply
    assert "Erika" not in message.reply
    assert any(part.label == "forwarded" for part in message.parts)


def test_a_forward_with_words_of_its_own_keeps_to_them() -> None:
    """The forwarder's own complaint is the complaint."""
    message = message_from_text(
        "I was charged twice for this order, please refund 20 EUR.\n"
        "\n---------- Forwarded message ---------\nFrom: Shop <a@b.example>\n"
        "Subject: Order\n\nThanks for buying!"
    )
    assert message.reply == "I was charged twice for this order, please refund 20 EUR."


def test_a_mail_forwarded_as_an_attachment_is_read() -> None:
    """message/rfc822 with nothing written above it counts like an inline forward, and is listed."""
    data = (
        b"Subject: Fwd: bill\nContent-Type: multipart/mixed; boundary=b\n"
        b"\n--b\n\n\n--b\nContent-Type: message/rfc822\n"
        b"\n"
        b"From: c@d.example\nSubject: bill\n\nYou billed me 40 euros too much.\n--b--\n"
    )
    message = parse(data)
    assert message.reply == "You billed me 40 euros too much."
    assert [part.filename for part in message.attachments] == ["bill.eml"]
    assert "40 euros" in message.attachments[0].text
    assert message.returned["from"] == ("c@d.example",)


def test_a_mail_that_is_attached_as_a_file_is_read() -> None:
    """Programs that know no message/rfc822 attach x.eml as a file of no type; it counts like any enclosed mail."""
    data = (
        b"Subject: complaint\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nSee attached.\n"
        b"--b\nContent-Type: application/octet-stream\nContent-Disposition: attachment; filename=x.eml\n"
        b"Content-Transfer-Encoding: base64\n\n"
        + base64.b64encode(b"From: c@d.example\nSubject: bill\n\nYou billed me 40 euros too much.")
        + b"\n--b--\n"
    )
    message = parse(data)
    assert message.reply == "See attached.\n\nYou billed me 40 euros too much."
    [attached] = message.attachments
    assert (attached.filename, attached.content_type) == ("x.eml", "application/octet-stream")


def test_a_missing_message_id_is_made_from_the_bytes() -> None:
    """The same bytes give the same id, other bytes another."""
    one, same, other = parse(b"Subject: a\n\nx"), parse(b"Subject: a\n\nx"), parse(b"Subject: a\n\ny")
    assert one.message_id == same.message_id != other.message_id
    assert one.message_id.endswith("@no-message-id.invalid>")


def test_references_end_with_the_newest_without_repeats() -> None:
    """In-Reply-To names the direct ancestor, which stands last."""
    message = parse(b"References: <a@x> <b@x> <c@x>\nIn-Reply-To: <b@x>\n\n")
    assert message.references == ("<a@x>", "<c@x>", "<b@x>")


def test_the_plain_form_is_preferred_unless_it_says_nothing() -> None:
    """Of two forms of the same words the plain one is read; a placeholder is not."""
    mail = (
        b"Content-Type: multipart/alternative; boundary=b\n"
        b"\n--b\n\n%s\n--b\nContent-Type: text/html\n\n"
        b"<p>rich</p>\n--b--"
    )
    assert parse(mail % b"plain").text.strip() == "plain"
    assert parse(mail % b"Your mail client does not support HTML.").text.strip() == "rich"
    assert "<p>rich</p>" in parse(mail % b"plain").html


def test_format_flowed_paragraphs_are_joined() -> None:
    """RFC 3676: soft line breaks go, quoted lines and signature marks stay."""
    mail = b"Content-Type: text/plain; format=flowed\n\nI was \ncharged twice.\n> old \n> words\n-- \nAnn\n"
    message = parse(mail)
    assert message.reply == "I was charged twice."
    assert "> old words" in message.text


@pytest.mark.parametrize(
    "mail",
    [
        (
            b"Content-Type: multipart/encrypted; boundary=b\n"
            b"\n--b\nContent-Type: application/pgp-encrypted\n"
            b"\nVersion: 1\n--b\nContent-Type: application/octet-stream\n"
            b"\nx\n--b--"
        ),
        (
            b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data\n"
            b"Content-Transfer-Encoding: base64\n\nMIAGCSqGSIb3DQEHA6CA"
        ),
        b"\n-----BEGIN PGP MESSAGE-----\n\nabc\n-----END PGP MESSAGE-----\n",
        # gateways that know no S/MIME name the type after nothing (RFC 8551 section 3.9)
        (
            b"Content-Type: application/octet-stream; name=smime.p7m\n"
            b"Content-Transfer-Encoding: base64\n\nMIAGCSqGSIb3DQEHA6CA"
        ),
        # Exchange makes multipart/mixed of multipart/encrypted
        (
            b"Content-Type: multipart/mixed; boundary=b\n"
            b"\n--b\nContent-Type: text/plain\n\n\n--b\nContent-Type: application/pgp-encrypted; name=version.asc\n"
            b"\nVersion: 1\n--b\nContent-Type: application/octet-stream; name=encrypted.asc\n"
            b"\n-----BEGIN PGP MESSAGE-----\n\nx\n--b--"
        ),
    ],
)
def test_encrypted_mail_is_flagged_for_a_person(mail: bytes) -> None:
    """S/MIME and PGP that cannot be read is said to be encrypted."""
    assert parse(mail).encrypted


def test_an_encrypted_text_in_a_quote_leaves_the_answer_readable() -> None:
    """Who answers a mail that they could not decrypt has written words of their own."""
    message = parse(b"\nI cannot open this.\n\n> -----BEGIN PGP MESSAGE-----\n>\n> abc\n> -----END PGP MESSAGE-----\n")
    assert not message.encrypted
    assert message.reply == "I cannot open this."


def test_signed_mail_is_read() -> None:
    """A clear signature changes nothing about the words."""
    armour = (
        b"\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n"
        b"\nI paid twice.\n- - one\n-----BEGIN PGP SIGNATURE-----\n"
        b"\nabc\n-----END PGP SIGNATURE-----\n"
    )
    message = parse(armour)
    assert message.reply == "I paid twice.\n- one"
    assert not message.encrypted


def signed(inner: bytes) -> bytes:
    """CMS signed-data around these bytes, in base64."""
    octets = b"\x24\x80\x04" + bytes([len(inner)]) + inner + b"\0\0"
    content = b"\x30\x80" + bytes.fromhex("06092a864886f70d010701") + b"\xa0\x80" + octets + b"\0\0\0\0"
    signed = b"\x30\x80\x02\x01\x01\x31\x00" + content + b"\0\0"
    cms = b"\x30\x80" + bytes.fromhex("06092a864886f70d010702") + b"\xa0\x80" + signed + b"\0\0\0\0"
    return base64.b64encode(cms)


@pytest.mark.parametrize(
    "content_type",
    [b"application/pkcs7-mime; smime-type=signed-data", b"application/octet-stream; name=smime.p7m"],
)
def test_an_opaque_smime_signature_is_opened(content_type: bytes) -> None:
    """The mail inside a signed-data envelope is the mail, also where a gateway has lost the type."""
    mail = b"Content-Type: " + content_type + b"\nContent-Transfer-Encoding: base64\n\n"
    message = parse(mail + signed(b"Content-Type: text/plain\n\nI paid twice."))
    assert message.reply == "I paid twice."
    assert not message.encrypted


def test_a_signed_file_is_an_attachment_and_no_letter() -> None:
    """Italian invoices come as file.xml.p7m: what was signed is the text of the file, not the writer's words."""
    mail = (
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nPlease correct this.\n"
        b'--b\nContent-Type: application/pkcs7-mime; name="IT01.txt.p7m"\n'
        b"Content-Disposition: attachment; filename=IT01.txt.p7m\nContent-Transfer-Encoding: base64\n\n"
        + signed(b"Numero: FPA 2/26")
        + b"\n--b--\n"
    )
    message = parse(mail)
    assert message.reply == "Please correct this."
    assert not message.encrypted
    assert [(part.filename, part.text) for part in message.attachments] == [("IT01.txt.p7m", "Numero: FPA 2/26")]


def test_garbled_accents_are_repaired_and_it_is_said() -> None:
    """The repair is a remark, and the bytes as sent stay with whoever keeps them."""
    message = parse("\nMe cobraron la facturaciÃ³n dos veces".encode())
    assert message.text == "Me cobraron la facturación dos veces"
    assert message.problems == ("garbled accents were repaired",)


def test_the_report_and_the_returned_mail_are_kept() -> None:
    """RFC 3464 fields by recipient, and the headers of the mail that came back."""
    mail = (
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nSorry.\n"
        b"--b\nContent-Type: message/delivery-status\n\n"
        b"Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; a@b.example\n"
        b"Status: 5.1.1\n"
        b"--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <letter@desk.example>\n\n--b--\n"
    )
    message = parse(mail)
    assert message.report[1]["status"] == "5.1.1"
    assert message.returned["message-id"] == ("<letter@desk.example>",)


def test_truncated_mail_says_so() -> None:
    """A mail over the size gate is read as far as it goes."""
    assert "only the beginning of the mail was fetched" in parse(b"\nhello", truncated=True).problems


def test_an_unread_attachment_is_measured_without_decoding() -> None:
    """The size is that of the decoded bytes."""
    content = bytes(range(256)) * 40
    mail = b"Content-Type: image/png; name=scan.png\nContent-Transfer-Encoding: base64\n\n" + base64.encodebytes(
        content
    )
    assert parse(mail).attachments[0].size == len(content)


@pytest.mark.parametrize(
    "kind", ["image/png", "application/pdf", "application/ms-tnef", "application/pkcs7-mime", "message/rfc822"]
)
def test_a_huge_attachment_is_not_copied(kind: str) -> None:
    """What is beyond every honest document is named and measured, and costs no memory of its size."""
    mail = (
        f"From: ann@a.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\ncharged twice\n--b\n"
        f"Content-Type: {kind}\nContent-Transfer-Encoding: base64\n\n"
    ).encode() + b"AAAA" * 18 * 700_000
    tracemalloc.start()
    try:
        message = parse(mail)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < len(mail) // 20
    assert message.reply == "charged twice"
    assert message.attachments[0].size == 18 * 700_000 * 3
    assert message.attachments[0].note or kind == "image/png"


def test_a_text_without_end_is_read_from_its_beginning() -> None:
    """Whatever its coding, only as much of a text is decoded as is kept."""
    body = base64.encodebytes(b"charged twice\n" * 1_000_000)
    message = parse(b"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n" + body)
    assert len(message.text) == MAX_TEXT
    assert message.text.startswith("charged twice\n")


def test_a_bare_body_is_divided_like_a_mail() -> None:
    """`explain` gives bodies without headers; HTML quotes are cut there as well."""
    html = (
        "<p>Charged twice.</p><div class='gmail_quote'><div class='gmail_attr'>On Mon wrote:</div>"
        "<blockquote>old</blockquote></div>"
    )
    message = message_from_text(html, content_type="text/html", language="en", subject="Re: bill")
    assert message.reply == "Charged twice."
    assert message.header("content-language") == "en"
    assert message_from_text("a\r\nb").text == "a\nb"
