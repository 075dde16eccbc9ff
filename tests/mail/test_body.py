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
        "----- Mail original -----\nDe: Boutique <b@shop.example>\nÀ: Ann\nObjet: Facture",
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
        "hola\ngracias por nada\nfactura 4471\ncobro 45,00\nfecha 3/3\nno es mio",
        "Refund me please\n\nThanks\ninvoice 4471\namount 240\nordered 3 march\nnever arrived",
        "These are wrong:\n\n| Invoice | Amount |\n|---|---|\n| 4471 | 240,00 |\n| 4472 | 90,00 |\n\nRegards",
        "These are wrong:\n> 4471, 240 EUR\n> 4472, 90 EUR",
        ">>> PLEASE READ <<<\nI was charged twice.",
        "Sent by mail on 3 March: invoice 4471, which I dispute.\nEnviado por correo también.",
        "I ordered a lamp.\nOn 5 March 2026 at 10:00 your colleague Jane wrote:\nit has been shipped.\nIt never came.",
        "Jane from sales (jane@shop.example) said:\nwe refund you.\nNothing came.",
        "Hallo,\nam 5.3.2026 schrieb mir Ihre Kollegin:\nwir erstatten 40 Euro.\nDas Geld ist nie gekommen.",
        "Bonjour,\n\nLe 5 mars 2026 vous m'avez écrit :\nnous remboursons.\n\nRien n'est arrivé.",
        "El 6/3/2026 a las 10:00 su agente me escribió:\nya está hecho\nNo ha llegado nada.",
        "Op 5 maart 2026 schreef u mij:\nwij betalen terug.\nEr is niets gekomen.",
        "Servus Lukas,\nauf der Rechnung fehlt etwas (am 13.05.26 hat der Fahrer unterschrieben):\n- 86,40",
        "Dear team,\n\nOur registered office moved in May and you still bill the old company. Cancel 88.\n\nAnn",
        "Hello\n\nI was charged twice. This email is confidential and for your team only.\n\nAnn",
        "Guten Tag,\n\nals Geschäftsführer der Muster GmbH (Köln, HRB 1234) widerspreche ich Rechnung 77.\n\nA. Muster",
        "CAUTION: This email was scanned for viruses.\n\nI was charged twice.",
        "Best regards to the team.\n\nRegards\n\nOne more thing: invoice 12 was charged twice.",
    ],
)
def test_words_that_look_like_mail_furniture_stay(text: str) -> None:
    """A customer who writes about dates, senders and thanks keeps every word."""
    assert _reply(text) == text


@pytest.mark.parametrize(
    "tail",
    [
        "-- \nAnn Smith\nHead of Purchasing\n+44 20 7946 0000",
        "Atentamente,\n\nLeire Olmo\nColegiada 00.418\nBufete Olmo y Pons, S.L.P.\nC/ Mayor 3, 2.º izq., Ávila\n"
        "----------\nLa información contenida en este mensaje está amparada por el secreto profesional.",
        "As informações contidas nesta mensagem são confidenciais.",
        "Les informations contenues dans ce message sont confidentielles.",
        "Die in dieser E-Mail enthaltenen Informationen sind vertraulich.",
        "Sent from my iPhone",
        "Enviado desde mi iPhone",
        "Von meinem iPhone gesendet",
        "Envoyé de mon iPhone",
        "Enviado do meu iPhone",
        "Get Outlook for iOS<https://aka.ms/o0ukef>",
        "Envoyé depuis l'application Mail Orange",
        "Diese Nachricht wurde von meinem Android-Mobiltelefon mit WEB.DE Mail gesendet.",
        "Envoyé avec la messagerie sécurisée Proton Mail.",
        "Enviado con el correo electrónico seguro de Proton Mail.",
        "Von Outlook für Android gesendet",
        "Kind regards,\nAnn Smith\nHead of Purchasing\nSmith Ltd\n+44 20 7946 0000\nwww.smith.example",
        "Mit freundlichen Grüßen\nAnn Schmidt\nEinkauf\nSchmidt GmbH\nTel. 030 1234567",
        "This e-mail and any attachments are confidential and intended solely for the addressee.",
        "Este mensaje puede contener información confidencial. Si no es el destinatario, bórrelo.",
        "Diese E-Mail enthält vertrauliche Informationen und ist ausschließlich für den Adressaten bestimmt.",
        "Le informazioni contenute nella presente e-mail sono riservate ai destinatari indicati.",
        "This email is sent on behalf of Smith Ltd, a company registered in Scotland under number 123456.",
        "En cumplimiento del RGPD le informamos de que Olmo S.L. trata sus datos para responderle.",
        "Hinweise zum Datenschutz finden Sie unter www.schmidt.example/datenschutz.",
        "Obtenha o Outlook para iOS",
        "--\nDiese Nachricht wurde von meinem Android Mobiltelefon mit GMX Mail gesendet.",
    ],
)
def test_signatures_and_notices_are_marked_off(tail: str) -> None:
    """What programs and companies append is no part of the own words."""
    assert _reply(f"{OWN}\n\n{tail}\n") == OWN


@pytest.mark.parametrize(
    "banner",
    [
        "CAUTION: This email originated from outside of the organization. Do not click links or open attachments\n"
        "unless you recognize the sender and know the content is safe.",
        "[EXTERNAL]",
        "[EXTERNE E-MAIL]\n\nVorsicht: Diese E-Mail stammt von außerhalb der Organisation. Klicken Sie keine Links an.",
        "You don't often get email from ann@example.org. Learn why this is important"
        " <https://aka.ms/LearnAboutSenderIdentification>",
        "No suele recibir correo electrónico de ann@example.org. Descubra por qué esto es importante",
        "ATENCIÓN: Este correo proviene de fuera de la organización. No abra enlaces ni adjuntos.",
        "ATENÇÃO: Este e-mail foi enviado de fora da organização. Não clique em links.",
        "Vous n'obtenez pas souvent d'e-mail à partir de ann@example.org. Découvrez pourquoi cela est important",
        "ATTENTION : ce message provient de l'extérieur. Ne cliquez pas sur les liens.",
        "Sie erhalten nicht häufig E-Mails von ann@example.org. Erfahren Sie, warum dies wichtig ist",
        "ATENCIÓN: Este correo se originó fuera de la organización. No haga clic en enlaces.",
        "[EXTERNAL MAIL] This message came from outside Smith Ltd. Think before you click.",
        "ATTENZIONE: questa e-mail proviene dall'esterno. Non cliccare sui link.",
        "LET OP: dit bericht komt van buiten de organisatie. Klik niet op links.",
    ],
)
def test_what_a_gateway_puts_above_a_mail_is_no_word_of_the_writer(banner: str) -> None:
    """The warning that a mail came from outside is marked off as a notice; alone, it is all that there is."""
    assert _reply(f"{banner}\n\n{OWN}\n") == OWN
    assert _reply(f"{banner}\n{OWN}\n") == OWN
    assert _reply(banner) == banner


@pytest.mark.parametrize(
    "text",
    [
        "This email is about the external sender of your invoice.\n\nI was charged twice.",
        "I got your bill from outside of the organization that I know, you charged me twice and this is not fine.",
        "CAUTION: you charged me twice.\n\nThis message came from outside of the app.",
        "This message came from outside. Hello, you charged me 40 EUR twice in May and I want one of them back soon.",
    ],
)
def test_words_about_outside_are_no_warning(text: str) -> None:
    """A writer may speak of senders, links and organisations."""
    assert _reply(text) == text


@pytest.mark.parametrize(
    "line",
    [
        "##- Please type your reply above this line -##",
        "##- Bitte geben Sie Ihre Antwort oberhalb dieser Zeile ein. -##",
        "--- Reply above this line ---",
        "-- Responda por encima de esta línea --",
        "-- Répondez au dessus de cette ligne --",
        "=-=-= Bitte antworten Sie oberhalb dieser Linie =-=-=",
    ],
)
def test_the_line_of_a_help_desk_begins_the_quote(line: str) -> None:
    """Below the line that asks to write above it stands the old mail."""
    assert _reply(f"{OWN}\n\n{line}\n\nShop (Shop)\n3 May, 09:00\n\nWe looked into it.\n", "Re: bill") == OWN


@pytest.mark.parametrize(
    "below",
    [
        "-- \nAnn Smith\nSmith Ltd\n\nP.S. Invoice 4471 is wrong as well.",
        "--\nInvoice 4471 is wrong as well, because it holds a fee that nobody ever agreed to pay.",
        "Kind regards,\nAnn Smith\nSmith Ltd\n+44 20 7946 0000\n\nPS: 4471 is wrong, too",
        "Regards,\nAnn\nSmith Ltd\nwww.smith.example\n4471: 240 EUR",
        "Sent from my iPhone\n\nInvoice 4471, too.",
        "__________\nInvoice 4471, too.",
        "--\nFactura n.º 4471",
    ],
)
def test_what_is_added_below_a_signature_is_kept(below: str) -> None:
    """A postscript, a sum or a sentence below the name is no signature."""
    assert "4471" in _reply(f"{OWN}\n\n{below}\n")


def test_a_notice_is_cut_where_it_begins() -> None:
    """What stands above a notice is the writer's, with or without an empty line between."""
    notice = "This e-mail is confidential and intended only for the addressee.\nSmith Ltd, Leeds"
    assert _reply(f"{OWN}\nAnn Smith\n{notice}") == f"{OWN}\nAnn Smith"
    assert _reply(f"{OWN}\n\n**********\n{notice}\n\nVisit our stand at the fair in May, it is a good one.") == OWN
    banner = "This e-mail was scanned for viruses."
    assert _reply(f"{banner}\n\n{OWN}\n\n{notice}") == f"{banner}\n\n{OWN}"


@pytest.mark.parametrize("left", ["Dear team,", "Hola:", "\N{PARTY POPPER}"])
def test_a_greeting_alone_is_never_all_that_is_left(left: str) -> None:
    """Where only a greeting would remain, what was cut off was no signature and no quote."""
    text = f"{left}\n\n-- \nAnn Smith\nCustomer 4471"
    assert _reply(text) == text
    text = f"{left}\n\nOn 2 Mar 2026 at 10:15, Jane <j@shop.example> wrote:\n\nYour bill is 240."
    assert _reply(text) == text


def test_what_the_writer_cites_and_answers_is_kept() -> None:
    """A short passage with > that nobody is named for, or in the middle of a letter, is part of what is said."""
    assert _reply("> Your payment was not received\n\nThis is wrong, I paid on 3 March.").startswith("> Your payment")
    cited = _reply(
        "You promised me this:\n\nOn Mon, 2 Mar 2026 at 10:15, Jane <j@shop.example> wrote:\n"
        "> We refund 40 within five days.\n\nThat was a month ago, and nothing has come."
    )
    assert "We refund 40" in cited
    assert "wrote:" not in cited
    long = "".join(f"> We have sent you the bill number {number}.\n" for number in range(12))
    assert _reply(f"{long}\nI do not agree.") == "I do not agree."
    assert _reply(f"I do not agree.\n\n{long}\nRegards, Ann") == "I do not agree.\n\nRegards, Ann"


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
    assert [part.label for part in divide(block, subject="WG: Bill")] == ["quoted", "forwarded"]
    assert divide("See you.\n\n" + block, subject="RE: Bill")[-1].label == "quoted"


FORWARDED = (
    "---------- Forwarded message ----------\nFrom: Ann <a@b.example>\nDate: Mon, 2 Mar 2026\nSubject: Bill\n"
    "To: <shop@b.example>\n\nYou charged invoice 12 twice, please return 40 EUR to my card.\n\n"
    "-- \nAnn\n\nOn 1 Mar 2026 at 10:15, Shop <s@shop.example> wrote:\n> Your bill is 240.\n"
)


@pytest.mark.parametrize(
    ("subject", "note"),
    [
        ("Fwd: Bill", "Hi billing, this one is for you. Bob"),
        ("WG: Rechnung", "Bitte kümmert euch darum, sie ist verärgert."),
        ("RV: Factura", "Os lo paso, contestadle a ella. Maribel"),
        ("TR : Facture", "Pour la compta. Merci de la rappeler. Yolande"),
        ("ENC: Fatura", "Financeiro, alguém paga isso hoje?"),
        ("Complaint", "Please see what Ann writes to us."),
        (
            "Fwd: Bill",
            "Hi, Ann wrote this to me by mistake. Could you have a look at it and tell her, please? Thanks, Bob",
        ),
    ],
)
def test_a_note_shorter_than_what_it_forwards_hands_it_on(subject: str, note: str) -> None:
    """A colleague who passes a complaint on: note and complaint are the words, headers and quotes are not."""
    parts = divide(f"{note}\n\n{FORWARDED}", subject=subject)
    reply = own_words(f"{note}\n\n{FORWARDED}", parts, subject=subject)
    assert reply == f"{note}\n\nYou charged invoice 12 twice, please return 40 EUR to my card."
    assert [part.label for part in parts] == ["own", "quoted", "forwarded", "signature", "quoted"]


@pytest.mark.parametrize("prefix", ["> ", ">>> "])
@pytest.mark.parametrize("gap", ["\n", ""], ids=["gap", "no gap"])
def test_a_forward_with_signs_before_its_lines_is_a_forward(prefix: str, gap: str) -> None:
    """Below Fwd: in the subject, what has > is forwarded, and its headers end where its words begin."""
    lines = f"De: Ann\nAsunto: Factura\n{gap}Han girado dos veces la 3391, que nos devuelvan una.".splitlines()
    text = "Os paso lo de Ann.\n\n" + "".join(f"{prefix}{line}\n" for line in lines)
    reply = own_words(text, divide(text, subject="Fwd: Factura"), subject="Fwd: Factura")
    assert "3391" in reply
    assert "Asunto" not in reply
    assert "3391" not in own_words(text, divide(text, subject="Re: Factura"), subject="Re: Factura")


HEADERS = "From: Ann &lt;a@b.example&gt;<br>Sent: Monday, 2 March 2026 10:15<br>To: Bob<br>Subject: Bill<br>"
HTML_FORWARDS = {
    "gmail": (
        "<div dir=ltr>{note}<br><div class='gmail_quote'><div class='gmail_attr'>---------- Forwarded message ---------"
        f"<br>{HEADERS}</div><br><div>{{own}}</div></div></div>"
    ),
    "outlook web": f"<div>{{note}}</div><hr><div id='divRplyFwdMsg'>{HEADERS}</div><div>{{own}}</div>",
    "outlook mobile": (
        "<div>{note}</div><div id='mail-editor-reference-message-container'>"
        f"<div class='ms-outlook-mobile-reference-message'>{HEADERS}</div><p>{{own}}</p></div>"
    ),
    "apple": f"{{note}}<blockquote type=cite>Begin forwarded message:<br><br>{HEADERS}<br>{{own}}</blockquote>",
    "yahoo": (
        "<div>{note}</div><div class='yahoo_quoted'><div>----- Forwarded Message -----</div>"
        f"<div>{HEADERS}</div><br><div>{{own}}</div></div>"
    ),
    "proton": (
        "<div>{note}</div><div class='protonmail_quote'>------- Forwarded Message -------<br>"
        f"{HEADERS}<br><blockquote type=cite>{{own}}</blockquote></div>"
    ),
    "zoho": (
        "<div>{note}</div><div class='zmail_extra'><div>============ Forwarded message ============</div>"
        f"<div>{HEADERS}</div><div>============ Forwarded message ============</div>"
        "<blockquote>{own}</blockquote></div>"
    ),
}


@pytest.mark.parametrize("note", ["", "Bob here, for you."])
@pytest.mark.parametrize("program", HTML_FORWARDS)
def test_markup_of_a_quote_holds_what_is_forwarded(program: str, note: str) -> None:
    """Programs mark forwards as they mark quotes: the subject or the announcement tells which it is."""
    text, marks = to_text(HTML_FORWARDS[program].format(note=note, own=OWN))
    parts = divide(text, marks, subject="Fwd: Bill")
    assert own_words(text, parts, subject="Fwd: Bill") == f"{note}\n\n{OWN}".strip()
    assert parts[-1].label == "forwarded"


def test_a_short_forward_above_a_thread_is_found() -> None:
    """The headers of the mail below it are not the rest of its own."""
    block = "From: {} <a@b.example>\nSent: Monday, 2 March 2026 10:15\nTo: Bob\nSubject: Bill\n"
    text = f"For you.\n\n{block.format('Ann')}{OWN}\n____________________\n{block.format('Shop')}Your bill is 240.\n"
    parts = divide(text, subject="FW: Bill")
    assert own_words(text, parts, subject="FW: Bill") == f"For you.\n\n{OWN}"


def test_words_longer_than_what_they_forward_stand_alone() -> None:
    """Who forwards our reminder below a complaint of their own has said what they want."""
    note = "I paid this on 3 March, the bank confirms it, and yet you send reminders. Please close the case and " * 2
    text = f"{note}\n\n{FORWARDED}"
    assert own_words(text, divide(text, subject="Fwd: Bill"), subject="Fwd: Bill") == note.strip()


def test_the_matter_of_a_web_form_is_found() -> None:
    """A form writes headers in the text; without Re: in the subject they announce the customer's words."""
    text = "You have a new message.\n\nFrom: Ann <a@b.example>\nSubject: Refund\nDate: 3 March 2026\n\n" + OWN
    assert OWN in own_words(text, divide(text, subject="Contact form"), subject="Contact form")


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
    "bare blockquote": "<p>{own}</p><p>Le 2 mars 2026, Jane a écrit :</p><blockquote>old words</blockquote>",
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


@pytest.mark.parametrize("opening", ["", "<div>See below.</div>"])
def test_answers_within_gmails_quote_are_own(opening: str) -> None:
    """Gmail leaves answers between quotes in the element of the quotes."""
    text, marks = to_text(
        f"<div dir=ltr>{opening}<div class='gmail_quote'><div class='gmail_attr'>On Mon, 2 Mar 2026 Jane wrote:</div>"
        "<blockquote class='gmail_quote'>Which invoice is it that you mean?"
        "<div class='gmail_quote'>On Sun Ann wrote:<blockquote class='gmail_quote'>mine</blockquote></div></blockquote>"
        f"<div>4471.</div><blockquote class='gmail_quote'>And what is wrong with it?</blockquote>{OWN}</div></div>"
    )
    said = "See below.\n" if opening else ""
    assert own_words(text, divide(text, marks)).split() == f"{said} 4471. {OWN}".split()


def test_a_greeting_above_a_quote_is_no_opening() -> None:
    """Who answers line by line greets first: the questions stay quoted."""
    text = f"Hello,\n\nOn 2 March 2026 Jane <j@s.example> wrote:\n> Which invoice?\n4471.\n\n> Why?\n{OWN}\n"
    assert _reply(text).split() == f"Hello, 4471. {OWN}".split()


@pytest.mark.parametrize(
    "line",
    [
        "  On Mon, Mar 2, 2026 at 10:15, Shop<s@shop.example> wrote:   Dear Ann,",
        "  Il lun, 2 mar 2026 alle 10:15, Negozio<s@shop.example> ha scritto:   Gentile Ann,",
    ],
)
def test_a_quote_may_begin_in_the_line_of_its_attribution(line: str) -> None:
    """Yahoo's apps break no line there."""
    assert _reply(f"{OWN}\n\n{line}\nyour bill is 240.\n") == OWN


def test_gmails_indent_is_no_quote() -> None:
    """A blockquote that only indents holds own words."""
    text, marks = to_text(f"<blockquote style='margin:0 0 0 40px;border:none;padding:0px'>{OWN}</blockquote>")
    assert not marks
    assert own_words(text, divide(text, marks)) == OWN


def test_a_bare_blockquote_that_nobody_announces_is_own() -> None:
    """Writers indent what they want to stress."""
    text, marks = to_text("<p>These are wrong:</p><blockquote>invoice 4471</blockquote><p>Please refund.</p>")
    assert "4471" in own_words(text, divide(text, marks))


def test_a_letter_inside_a_signature_block_is_kept() -> None:
    """Mobile programs let people type into the element of the signature."""
    text, marks = to_text(
        "<p>Hi,</p><div id='ms-outlook-mobile-signature'>I was charged twice for invoice 4471, please refund me."
        "<br>Sent from Outlook for iOS</div>"
    )
    assert "4471" in own_words(text, divide(text, marks))


@given(st.text(alphabet="a>-_ \n:@.<On wrote", max_size=200))
def test_no_character_is_lost(text: str) -> None:
    """Parts join up to the text, whatever it is."""
    parts = divide(text)
    assert "".join(text[part.start : part.end] for part in parts) == text
    assert bool(own_words(text, parts)) == bool(text.strip())


@pytest.mark.parametrize(
    ("own", "notice"),
    [
        (
            "Me cobraron dos veces 20 EUR.",
            'Has recibido este mensaje porque estás suscrito al grupo "Facturas" de Grupos de Google.\nPara cancelar '
            "la suscripción a este grupo, envía un correo a facturas+unsubscribe@tienda.example.",
        ),
        (
            "Cobraram-me duas vezes 20 EUR.",
            'Você recebeu esta mensagem porque está inscrito no grupo "Faturas" dos Grupos do Google.',
        ),
        (
            "J'ai été débité deux fois de 20 EUR.",
            "Vous recevez ce message, car vous êtes abonné au groupe Google Groupes « Factures ».",
        ),
        (
            "Ich wurde zweimal belastet: 20 EUR.",
            'Sie erhalten diese Nachricht, weil Sie in der Google-Gruppe "Rechnung" angemeldet sind.',
        ),
    ],
)
def test_what_a_group_puts_below_each_mail_is_no_word_of_the_writer(own: str, notice: str) -> None:
    """A support mailbox may be run as a group, which adds its notice in the language of the house."""
    text = f"{own}\n\nAnna\n\n-- \n{notice}\n"
    assert own_words(text, divide(text)) == f"{own}\n\nAnna"


@pytest.mark.parametrize(
    "text",
    [
        "Sie erhalten diese Nachricht, weil Sie mir zweimal 20 EUR abgebucht haben.",
        "Ha recibido este mensaje porque me cobraron dos veces.",
    ],
)
def test_a_reason_to_write_is_no_notice(text: str) -> None:
    """It begins as the notices of groups do."""
    whole = f"Hello,\n\n{text}\n\nAnna\n"
    assert text in own_words(whole, divide(whole))
