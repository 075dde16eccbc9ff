"""Own words against everything else, in the languages and programs that customers use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.mail.body import divide, own_words
from triage.mail.html import to_text

OWN = "You charged me 40 too much."


def _reply(text: str, subject: str = "") -> str:
    return own_words(text, divide(text, subject=subject))


@pytest.mark.parametrize(
    "attribution",
    [
        "On Mon, Mar 2, 2026 at 10:15 AM Jane Doe <jane@shop.example> wrote:",
        "On Mon, Mar 2, 2026 at 10:15 AM Jane Doe <jane@shop.example>\nwrote:",
        "On Mon, Mar 2, 2026 at 10:15 AM A Very Long Department Name <\nsupport@shop.example> wrote:",
        "On 2 Mar 2026, at 10:15, Jane Doe <jane@shop.example> wrote:",
        "El lun, 2 mar 2026 a las 10:15, Tienda (<t@shop.example>) escribió:",
        "El 2/3/26 a las 10:15, Tienda escribió:",
        "Em seg., 2 de mar. de 2026 às 10:15, Loja <l@shop.example> escreveu:",
        "Le lun. 2 mars 2026 à 10:15, Boutique <b@shop.example> a écrit :",
        "Am Mo., 2. März 2026 um 10:15 Uhr schrieb Laden <l@shop.example>:",
        "Am 02.03.2026 um 10:15 schrieb Laden:",
        "Op ma 2 mrt 2026 om 10:15 schreef Winkel <w@shop.example>:",
        "Il giorno lun 2 mar 2026 alle ore 10:15 Negozio <n@shop.example> ha scritto:",
        "Den mån 2 mars 2026 kl 10:15 skrev Butik <b@shop.example>:",
        "man. 2. mar. 2026 kl. 10.15 skrev Butik <b@shop.example>:",
        "W dniu pon., 2 mar 2026 o 10:15 Sklep <s@shop.example> napisał(a):",
        "2026年3月2日(月) 10:15 Shop <s@shop.example>:",
        "在 2026年3月2日 10:15，Shop <s@shop.example> 写道：",
        "Jane Doe <jane@shop.example> schrieb am Mo., 2. März 2026, 10:15:",
        "2026-03-02 10:15 GMT+01:00 Jane Doe <jane@shop.example>:",
        "-----Original Message-----",
        "-----Ursprüngliche Nachricht-----",
        "-------- Mensaje original --------",
        "-------- Mensagem original --------",
        "-------- Message d'origine --------",
        (
            "________________________________\nFrom: Shop <s@shop.example>\n"
            "Sent: Monday, March 2, 2026 10:15\nTo: Ann\nSubject: Bill"
        ),
        "Von: Laden <l@shop.example>\nGesendet: Montag, 2. März 2026 10:15\nAn: Ann\nBetreff: Rechnung",
        "De: Tienda <t@shop.example>\nEnviado: lunes, 2 de marzo de 2026 10:15\nPara: Ann\nAsunto: Factura",
        "De : Boutique <b@shop.example>\nEnvoyé : lundi 2 mars 2026 10:15\nÀ : Ann\nObjet : Facture",
        "De: Loja <l@shop.example>\nEnviada em: segunda-feira, 2 de março de 2026 10:15\nPara: Ann\nAssunto: Fatura",
        "Van: Winkel <w@shop.example>\nVerzonden: maandag 2 maart 2026 10:15\nAan: Ann\nOnderwerp: Factuur",
        "*From:* Shop <s@shop.example>\n*Date:* Monday, 2 March 2026\n*To:* Ann\n*Subject:* Bill",
    ],
)
@pytest.mark.parametrize("prefix", ["", "> "], ids=["bare", "prefixed"])
def test_what_is_announced_as_quoted_is_quoted(attribution: str, prefix: str) -> None:
    """Attributions and header blocks of every program, with and without > before what they quote."""
    quoted = "\n".join(prefix + line for line in ("Your bill is 240.", "", "Kind regards", "The shop"))
    assert _reply(f"{OWN}\n\n{attribution}\n\n{quoted}\n") == OWN


def test_answers_between_quotes_are_own() -> None:
    """Inline answers stand between the lines that they answer."""
    text = (
        "On 2 Mar 2026, at 10:15, Jane <j@shop.example> wrote:\n> Did you pay?\nYes, twice.\n\n> When?\n\nOn 1 March.\n"
    )
    assert _reply(text) == "Yes, twice.\n\nOn 1 March."


@pytest.mark.parametrize(
    "text",
    [
        "On 3 March I was charged twice.\nYour agent wrote: we will refund you.\nThat has not happened.",
        "I flew From: Madrid\nTo: Paris\nDate: 3 March\nand was charged twice.",
        "From my account 40 EUR were taken.\nTo date nobody has answered.\nSubject to your reply I will call my bank.",
        "Total: 40\nTax: 8\nDate: 1 March 2026\nI never agreed to this.",
        "Sent from Madrid, the parcel never arrived and I still was charged for it.",
        "Thanks for nothing: I was charged twice again this month!",
        "My details are confidential, so please call me about the 40 EUR.",
        "--\nI was charged twice.",
    ],
)
def test_words_that_look_like_mail_furniture_stay(text: str) -> None:
    """A customer who writes about dates, senders and thanks keeps every word."""
    assert _reply(text) == text


@pytest.mark.parametrize(
    "tail",
    [
        "-- \nAnn Smith\nHead of Purchasing\n+44 20 7946 0000",
        "Sent from my iPhone",
        "Enviado desde mi iPhone",
        "Von meinem iPhone gesendet",
        "Envoyé de mon iPhone",
        "Enviado do meu iPhone",
        "Get Outlook for iOS<https://aka.ms/o0ukef>",
        "Kind regards,\nAnn Smith\nHead of Purchasing\nSmith Ltd\n+44 20 7946 0000\nwww.smith.example",
        "Mit freundlichen Grüßen\nAnn Schmidt\nEinkauf\nSchmidt GmbH\nTel. 030 1234567",
        "This e-mail and any attachments are confidential and intended solely for the addressee.",
        "Este mensaje puede contener información confidencial. Si no es el destinatario, bórrelo.",
        "Diese E-Mail enthält vertrauliche Informationen und ist ausschließlich für den Adressaten bestimmt.",
    ],
)
def test_signatures_and_notices_are_marked_off(tail: str) -> None:
    """What programs and companies append is no part of the own words."""
    assert _reply(f"{OWN}\n\n{tail}\n") == OWN


def test_a_short_closing_stays() -> None:
    """ "Regards, Ann" is written by the writer."""
    assert _reply(f"{OWN}\n\nSaludos,\nAna\n") == f"{OWN}\n\nSaludos,\nAna"


def test_nothing_is_left_means_everything_is_kept() -> None:
    """A mail that is all quote or all signature is not empty."""
    assert _reply("> I was charged twice.") == "> I was charged twice."
    assert _reply("Sent from my iPhone") == "Sent from my iPhone"
    assert _reply("") == ""


@pytest.mark.parametrize(
    "note", ["", "FYI", "Hello team,\nplease see below", "z.K.", "Ver abajo, gracias", "Pour info"]
)
def test_a_pointer_above_a_forward_is_not_its_matter(note: str) -> None:
    """A forward without words of its own means what it forwards."""
    text = (
        f"{note}\n\n---------- Forwarded message ----------\n"
        f"From: Ann <a@b.example>\nDate: Mon\nSubject: Bill\n"
        f"\n{OWN}\n\n-- \nAnn\n"
    )
    assert _reply(text).endswith(OWN)


def test_the_subject_tells_a_forward_from_a_reply() -> None:
    """Outlook writes the same header block above both."""
    block = f"From: Ann <a@b.example>\nSent: Monday, 2 March 2026\nTo: Bob\nSubject: Bill\n\n{OWN}\n"
    assert _reply(block, "FW: Bill") == OWN
    assert divide(block, subject="WG: Bill")[0].label == "forwarded"
    assert divide("See you.\n\n" + block, subject="RE: Bill")[-1].label == "quoted"


HTML = {
    "gmail": (
        "<div dir=ltr>{own}</div><br><div class='gmail_quote'><div dir=ltr class='gmail_attr'>On "
        "Mon, 2 Mar 2026 at 10:15, Jane &lt;<a href='mailto:j@s.example'>j@s.example</a>&gt; wrote:<br>"
        "</div><blockquote class='gmail_quote'>old words</blockquote></div>"
    ),
    "apple": (
        "<html><body>{own}<br><div><br><blockquote type=cite><div>On 2 Mar 2026, at 10:15, Jane &lt;"
        "j@s.example&gt; wrote:</div><br><div>old words</div></blockquote></div></body></html>"
    ),
    "outlook web": (
        "<div>{own}</div><div id='appendonsend'></div><hr><div id='divRplyFwdMsg'><b>From:</b> Jane<br>"
        "<b>Sent:</b> Monday<br></div><div>old words</div>"
    ),
    "outlook": (
        "<p class=MsoNormal>{own}</p><div style='border-top:solid #E1E1E1 1.0pt'><p><b>From:</b> "
        "Jane &lt;j@s.example&gt;<br><b>Sent:</b> Monday, 2 March 2026<br><b>To:</b> Ann<br><b>Subject:</b>"
        " Bill</p></div><p>old words</p>"
    ),
    "thunderbird": (
        "{own}<br><div class='moz-cite-prefix'>Am 02.03.2026 um 10:15 schrieb Jane:<br></div><blockquote "
        "type='cite'>old words</blockquote><div class='moz-signature'>-- <br>Ann</div>"
    ),
    "yahoo": "<div>{own}</div><div class='yahoo_quoted'>On Monday, Jane wrote:<div>old words</div></div>",
    "proton": (
        "<div>{own}</div><div class='protonmail_quote'>On Monday, Jane wrote:<blockquote>old words</blockquote></div>"
    ),
}


@pytest.mark.parametrize("program", HTML)
def test_markup_tells_what_is_quoted(program: str) -> None:
    """Each mail program marks quotes with elements of its own."""
    text, marks = to_text(HTML[program].format(own=OWN))
    assert own_words(text, divide(text, marks)).strip() == OWN
    assert "old words" in text


def test_gmails_indent_is_no_quote() -> None:
    """A blockquote that only indents holds own words."""
    text, marks = to_text(f"<blockquote style='margin:0 0 0 40px;border:none;padding:0px'>{OWN}</blockquote>")
    assert not marks
    assert own_words(text, divide(text, marks)) == OWN


@given(st.text(alphabet="a>-_ \n:@.<On wrote", max_size=200))
def test_no_character_is_lost(text: str) -> None:
    """Parts join up to the text, whatever it is."""
    parts = divide(text)
    assert "".join(text[part.start : part.end] for part in parts) == text
    assert bool(own_words(text, parts)) == bool(text.strip())
