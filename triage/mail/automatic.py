"""Was this mail written by a machine? (RFC 3834, 3464, 5965, 8098; and the wild ones.)

`recognise` looks at one message and says which kind of machine wrote it, and whether an automatic answer must be
withheld. It does not look at what the store knows: repeated bodies and storms are the business of deciding.
The order of the checks is the table `_CHECKS`: the first that finds its sign settles the label.
"""

import re
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Literal

import re2

from triage.mail import bounces, desks
from triage.mail.message import Message

Label = Literal["human", "auto_reply", "auto_other", "bounce", "feedback", "mdn", "list", "loop"]


@dataclass(frozen=True, kw_only=True)
class Own:
    """How this site's own mail is recognised, all in lower case."""

    addresses: AbstractSet[str] = frozenset()
    domains: AbstractSet[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Automatic:
    """What `recognise` found."""

    #: True when no automatic answer may be sent
    suppress: bool
    label: Label
    #: the sign that settled it, in plain words
    why: str
    #: enhanced status code of a bounce ("5.1.1"), None when unknown
    dsn: str | None = None
    #: True when a bounce says that the address is dead, False when the cause is temporary or another,
    #: None when it is no bounce
    hard: bool | None = None
    #: whom the bounced mail did not reach
    recipient: str | None = None
    #: Message-ID of the mail that came back
    original_message_id: str | None = None


def recognise(message: Message, own: Own) -> Automatic:
    """Which kind of machine wrote `message`, if any."""
    for label, check in _CHECKS:
        why = check(message, own)
        if why:
            found = Automatic(suppress=True, label=label, why=why)
            if label != "bounce":
                return found
            bounce = bounces.read(message)
            return replace(
                found,
                dsn=bounce.status,
                hard=bounce.hard,
                recipient=bounce.recipient,
                original_message_id=bounce.original_message_id,
            )
    return Automatic(suppress=False, label="human", why="no sign of a machine")


# ------------------------------------------------------------------------------------------------- the wordings

_REPLY_PREFIX = r"^\s*(?:(?:re|aw|sv|antw|rv|res|odp|r|fwd?|wg)\s*:\s*)*"
#: subjects that only programs write
_REPLY_SUBJECT = re.compile(
    _REPLY_PREFIX
    + r"(?:\[?\(?auto(?:matic|mated|matisch\w*|m[aá]tic[ao]|matique)?[ -]?(?:reply|response|answer|responder"
    r"|antwort|svar)\b"
    r"|auto(?:matic|mated)? ?:|autoresponder\b|\[auto[- ]?reply\]|out[- ]of[- ](?:the[- ])?office\b"
    r"|ooo\b ?[:-]|.{0,60}\bis (?:currently )?out of (?:the )?office"
    r"|away from (?:my |the )?(?:office|mail|e-?mail|desk)|vacation (?:reply|response|message|notice)"
    r"|i(?:'m| am) (?:currently )?(?:away|out of|on (?:vacation|holiday|leave))"
    r"|autorespuesta|auto-?respuesta|respuesta autom[aá]tica|(?:estoy )?fuera de (?:la )?oficina"
    r"|ausente de la oficina|mensaje de ausencia"
    r"|resposta autom[aá]tica|auto-?resposta|fora do escrit[oó]rio|ausente do escrit[oó]rio|mensagem de aus[eê]ncia"
    r"|r[eé]ponse automatique|absence du bureau|absent du bureau|message d'absence|notification d'absence"
    r"|hors du bureau"
    r"|automatische (?:antwort|r(?:ü|ue)ckmeldung|abwesenheit)"
    r"|abwesenheits?(?:notiz|benachrichtigung|meldung|nachricht|assistent)|abwesenheit\b|abwesend\b"
    r"|(?:bin |ich bin )?(?:au(?:ß|ss)er haus|nicht im (?:b(?:ü|ue)ro|haus))"
    r"|automatisch antwoord|afwezig(?:heid)?\b|risposta automatica|fuori (?:sede|ufficio)|autosvar"
    r"|automatiskt? svar|fr[aå]nvaro|frav[aæ]r\w*|automaattinen vastaus|automatyczna odpowied|odpowiedź automatyczna"
    r"|nieobecno|automatick[aá] odpov[eě]|automatikus válasz|r[aă]spuns automat|automatski odgovor|samodejni odgovor"
    r"|otomatik (?:yanıt|cevap)|αυτόματη απάντηση|resposta automàtica|automatinis atsakymas|automātiska atbilde"
    r"|automaatvastus|автоответ|автоматич(?:еский ответ|на відповідь|ен отговор)|balasan otomatis|trả lời tự động"
    r"|ตอบกลับอัตโนมัติ|תשובה אוטומטית|رد تلقائي"
    r"|自動返信|自動応答|不在通知|自动(?:回复|答复)|自動回覆|부재중|자동 ?(?:응답|회신))",
    re.I,
)
#: receipts of help desks and web forms
_RECEIPT_SUBJECT = re.compile(
    _REPLY_PREFIX
    + r"(?:thank you for (?:contacting|your (?:e-?mail|message|enquiry|inquiry|request))|(?:we|we've|we have)"
    r" received your|your (?:message|request|e-?mail|enquiry|inquiry|ticket) (?:has been|was) received"
    r"|request received\b"
    r"|(?:hemos )?recibi(?:do|mos) su (?:mensaje|correo|solicitud)"
    r"|gracias por (?:contactar|su (?:mensaje|correo))|recebemos (?:a |o )?(?:su?a|seu) (?:mensagem|e-?mail)"
    r"|obrigado por (?:contactar|entrar em contato)"
    r"|nous avons (?:bien )?re[cç]u votre|accus[eé] de r[eé]ception"
    r"|wir haben ihre (?:nachricht|anfrage|e-?mail) erhalten|eingangsbest(?:ä|ae)tigung"
    r"|vielen dank f(?:ü|ue)r ihre (?:nachricht|anfrage|e-?mail))",
    re.I,
)
#: subjects of programs that report something
_PROGRAM_SUBJECT = re.compile(
    _REPLY_PREFIX + r"(?:[\[(]?auto(?:matically)?[- ]?generated\b|cron <|loop alert|logwatch for )", re.I
)
#: what only a program says of its own mail; RE2 reads a text once however many wordings there are
_SAYS_AUTOMATIC = re2.compile(
    r"(?i)this is an? (?:auto(?:mated|matic(?:ally)?)[ -]?(?:generated )?(?:reply|response|answer|message|e-?mail"
    r"|mail|notification)|auto-?(?:reply|response|generated))"
    r"|this (?:e-?mail|message) (?:was|is|has been) (?:sent |generated |created |produced )?automatically"
    r"|automatically generated (?:e-?mail|message|reply|response|mail)"
    r"|(?:do|please do) not (?:reply|respond)(?: directly)? to this (?:e-?mail|message|mail|address)"
    r"|please do not reply\b|auto-?generated (?:message|e-?mail)"
    r"|(?:este|esta) (?:es|é) (?:un|una|um|uma)a? (?:mensaje|correo|respuesta|mensagem|e-?mail|resposta)"
    r" (?:autom[aá]tic[oa]|generad[oa] autom|gerad[oa] autom)"
    r"|(?:mensaje|correo|mensagem|e-?mail) (?:generado|enviado|gerada|gerado|enviada) autom[aá]ticamente"
    r"|mensagem autom[aá]tica|mensaje autom[aá]tico"
    r"|(?:por favor,? )?no (?:responda|conteste) a este (?:mensaje|correo|e-?mail)"
    r"|(?:por favor,? )?n[aã]o responda (?:a )?(?:este|esta) (?:mensagem|e-?mail)"
    r"|(?:ceci est|il s'agit d')\s?une? (?:r[eé]ponse|message|e-?mail|courriel|mail) automatique"
    r"|(?:message|courriel|e-?mail|mail) (?:envoy[eé]|g[eé]n[eé]r[eé]) automatiquement"
    r"|merci de ne pas r[eé]pondre|ne (?:pas r[eé]pondre|r[eé]pondez pas) [aà] ce"
    r"|(?:dies ist|dieses ist) eine automatisch|automatisch (?:generierte|erstellte|erzeugte|versendete)"
    r"|(?:wurde|wird) automatisch (?:generiert|erstellt|erzeugt|versendet|verschickt)"
    r"|(?:bitte )?antworten sie (?:bitte )?nicht auf diese"
    r"|dit is een automatisch|automatisch gegenereerd"
    r"|(?:niet|gelieve niet te) (?:antwoorden|beantwoorden) op d(?:it|eze)"
    r"|questo (?:è|e') un(?:'e-?mail| messaggio) automatic|(?:generat[ao]|inviat[ao]) automaticamente"
    r"|non risponder?e? a quest|det(?:ta|te) (?:är|er) (?:ett|en|et) automatisk|svara inte på det|svar ikke på denne"
    r"|wiadomość (?:została )?wygenerowan[ae] automatycznie|wiadomość automatyczna|nie odpowiada(?:ć|j) na t"
    r"|это автоматическ|не отвечайте на это|自動(?:的に)?(?:送信|配信)|返信しないで"
    r"|请勿(?:直接)?回复|系统自动(?:发送|生成)"
)
#: a holiday notice in its first words; counts only in answer to a mail
_AWAY = re2.compile(
    r"(?i)\b(?:i|we)(?:'m| am|'ll be| will be|'re| are| have been)? (?:currently |presently |now )?(?:be )?(?:out"
    r" of (?:the |my )?office|away from (?:the|my) (?:office|desk|e-?mail)|on (?:annual |maternity |sick "
    r"|parental |paternity )?(?:leave|vacation|holidays?)|not in the office|away until|travel+ing)"
    r"|(?:will|shall) (?:return|be back|reply|respond) (?:to (?:the office|you|your e-?mail) )?(?:on|when"
    r"|upon|after) |limited access to (?:my )?e-?mail"
    r"|(?:me encuentro|estoy|estar[eé]) (?:actualmente )?(?:fuera de (?:la )?oficina|de vacaciones|ausente)"
    r"|(?:estou|estarei|encontro-me) (?:fora do escrit[oó]rio|de f[eé]rias|ausente)"
    r"|je suis (?:actuellement )?(?:absente?|en cong[eé]s?|en vacances|hors du bureau)"
    r"|(?:ich bin|bin) (?:zur ?zeit |derzeit |momentan |ab dem |vom |bis |wieder |leider )?.{0,40}(?:nicht im"
    r" (?:b(?:ü|ue)ro|haus)|im urlaub|abwesend|nicht erreichbar|au(?:ß|ss)er haus)"
    r"|ik ben (?:momenteel )?(?:afwezig|op vakantie)|sono (?:attualmente )?(?:assente|in ferie|fuori ufficio)"
    r"|jag [aä]r (?:p[aå] semester|borta)|jeg er (?:p[aå] ferie|ikke p[aå] kontoret|bortrejst)"
    r"|olen (?:lomalla|poissa)|jestem (?:na urlopie|nieobecn|poza biurem)|jsem (?:na dovolené|mimo kancelář)"
    r"|я (?:в отпуске|отсутствую)|休暇(?:中|を)|不在(?:に|で|と)|我(?:正在|目前)?(?:休假|不在办公室)"
)
#: what a holiday notice goes on with: when it is over, who answers instead
_INSTEAD = re2.compile(
    r"(?i)\b(?:(?:a|tras|después de) mi (?:regreso|vuelta|reincorporación)|en caso de urgencia|para (?:temas|asuntos)"
    r" urgentes|(?:responderé|contestaré|atenderé)"
    r"|(?:no|após o|depois do) meu (?:regresso|retorno)|em caso de urgência|(?:responderei|retornarei)"
    r"|(?:à|dès) mon retour|de retour le|en cas d[’']urgence|pour toute urgence|je (?:vous )?répondrai"
    r"|nach meiner (?:rückkehr|abwesenheit)|in dringenden (?:fällen|angelegenheiten)"
    r"|ab dem .{0,20} wieder (?:da|im|für)"
    r"|werde (?:ich )?(?:ihre|deine|eure|die) .{0,40}(?:beantworten|bearbeiten|lesen|melden)|nicht weitergeleitet"
    r"|al mio (?:rientro|ritorno)|per (?:le )?urgenze|in caso di urgenza"
    r"|bij (?:mijn )?terugkomst|voor dringende (?:zaken|vragen)|weer bereikbaar)"
)
#: what a notice does not speak of: the matter of the mail that it answers
_MATTER = re2.compile(
    r"(?i)[€$£]|charg|refund|twice|cobr|reembols|devol|prélev|rembours|facturé|abgebucht|erstatt|doppelt|berechnet"
    r"|addebit|rimbors|afgeschreven|terugbetal"
)
_READ_SUBJECT = re.compile(
    r"^\s*(?:read|not read|gelesen|ungelesen|le[ií]do|no le[ií]do|lida?|n[aã]o lida|lu|non lu|letto|gelezen"
    r"|l[aä]st|l[aæ]st|luettu|přečteno|olvasva|okundu|przeczytane|прочитано|已读|已讀|읽음|開封済み"
    r"|return receipt|disposition notification|read receipt"
    r"|empfangsbest(?:ä|ae)tigung|lesebest(?:ä|ae)tigung|confirmaci[oó]n de lectura|confirma[cç][aã]o de"
    r" leitura|accus[eé] de lecture|confirmation de lecture|recibo de (?:lectura|leitura)|lettura"
    r"|(?:conferma|avviso) di lettura|ricevuta di (?:lettura|ritorno)|leesbevestiging|l[aæ]sekvittering|läskvitto"
    r"|lesekvittering)\s*(?:\(displayed\)\s*)?[:\-–]",
    re.I,
)
_NO_REPLY = re.compile(
    r"^(?:.*[-_.+])?(?:no[-_.]?(?:reply|responder|responda|responde|respuesta|resposta|contestar|conteste)"
    r"|do[-_.]?not[-_.]?reply|dont[-_.]?reply|(?:ne|nao|não)[-_.]?(?:pas[-_.]?)?(?:repondre|responda"
    r"|responder)|ne[-_.]?repondez[-_.]?pas|keine?[-_.]?antwort|nicht[-_.]?antworten|antwort[-_.]?nicht"
    r"|geen[-_.]?antwoord|nepasrepondre|naoresponda|noresponder|unattended|autoresponder|auto[-_.]?reply"
    r"|automailer)(?:[-_.+].*)?$",
    re.I,
)


# --------------------------------------------------------------------------------------------------- the checks


def _loop(message: Message, own: Own) -> str:
    if message.sender.address and message.sender.address in own.addresses:
        return f"sent from our own address {message.sender.address}"
    return ""


def _report_type(message: Message) -> str:
    found = re.search(r"report-type\s*=\s*\"?([\w-]+)", message.header("content-type"), re.I)
    return found[1].lower() if found else ""


def _feedback(message: Message, _: Own) -> str:
    if _report_type(message) == "feedback-report" or any("feedback-type" in block for block in message.report):
        return "a feedback report (RFC 5965)"
    if any(part.content_type == "message/feedback-report" for part in message.attachments):
        return "a feedback report (RFC 5965)"
    if _notified(message) == "complaint":
        return "a complaint that a mail service reports as JSON"
    if message.header("x-loop").lower() == "scomp" or message.header("x-hmxmroriginalrecipient"):
        return "a feedback report of a mail provider"
    if message.header("x-apple-unsubscribe"):
        return "Apple Mail asks to unsubscribe somebody"
    if re.search(
        r"^\[?(?:feedback|complaint) (?:loop|report)|^complaint about message from|abuse report\b",
        message.subject,
        re.I,
    ) and (message.returned or message.report):
        return f"the subject “{message.subject[:60]}” with a returned mail"
    return ""


#: Amazon SES over SNS, and services that copy it
_NOTIFICATION = re.compile(r"notificationType\W{1,12}(Bounce|Complaint)", re.I)


def _notified(message: Message) -> str:
    """What a mail service's JSON notification is about: "bounce", "complaint" or ""."""
    found = _NOTIFICATION.search(message.text[:4000])
    return found[1].lower() if found else ""


def _receipt(message: Message, _: Own) -> str:
    kinds = {part.content_type for part in message.attachments}
    if _report_type(message) == "disposition-notification" or "message/disposition-notification" in kinds:
        return "a reading receipt (RFC 8098)"
    if any("disposition" in block for block in message.report):
        return "a reading receipt (RFC 8098)"
    if _READ_SUBJECT.match(message.subject) and (
        _is_null_path(message) or (len(message.text) < 600 and message.references)
    ):
        return f"the subject “{message.subject[:60]}” of a reading receipt"
    return ""


def _bounce(message: Message, _: Own) -> str:
    if _report_type(message) == "delivery-status" or any(
        "final-recipient" in block or "reporting-mta" in block for block in message.report
    ):
        return "a delivery report (RFC 3464)"
    if message.header("x-failed-recipients"):
        return "it names failed recipients"
    says = bounces.SUBJECT.search(message.subject)
    local = message.sender.address.partition("@")[0]
    raw = message.header("from")
    daemon = bool(bounces.DAEMON.match(local) or bounces.DAEMON_NAME.search(raw))
    automatic = (
        daemon
        or _is_null_path(message)
        or "auto-" in message.header("auto-submitted").lower()
        or bool(_NO_REPLY.match(local))
    )
    if says and automatic:
        return f"a mail system writes “{message.subject[:60]}”"
    if daemon and (
        _is_null_path(message) or bounces.states_failure(message.text) or bounces.SUBJECT.search(message.text[:600])
    ):
        return f"sent by {message.sender.address or raw[:60]} about a failed delivery"
    if _notified(message) == "bounce":
        return "a bounce that a mail service reports as JSON"
    if says and message.header("x-ms-exchange-message-is-ndr"):
        return "Exchange says that it is a non-delivery report"
    if _is_null_path(message) and bounces.SUBJECT.search(message.text[:600]):
        return "no return path, and the text reports a failed delivery"
    if bounces.is_forwarded(message):
        return f"a forwarded bounce, “{message.subject[:60]}”"
    if says and not message.references and (bounces.states_failure(message.text) or not message.sender.address):
        return f"the subject “{message.subject[:60]}” and a server's reply in the text"
    return ""


def _is_null_path(message: Message) -> bool:
    """RFC 3834 section 2: no answer to a mail without a return path."""
    values = message.headers.get("return-path", ())
    return bool(values) and re.sub(r"\s", "", values[0]) in ("<>", "")


#: headers that answering programs set
_REPLY_HEADERS = (
    "x-autoreply", "x-autorespond", "x-auto-reply", "x-auto-respond", "x-autoreply-from", "x-mail-autoreply",
    "x-autoresponse", "x-vacation", "x-autoresponder", "autoreply",
)  # fmt: skip


def _auto_reply(message: Message, _: Own) -> str:
    submitted = message.header("auto-submitted").lower()
    if submitted.startswith("auto-replied"):
        return "Auto-Submitted: auto-replied"
    for name in _REPLY_HEADERS:
        if message.header(name) and message.header(name).lower() not in ("no", "false"):
            return f"the header {name}"
    precedence = message.header("precedence").lower()
    if precedence.replace("-", "_").startswith("auto_reply"):
        return f"Precedence: {precedence}"
    if re.search(r"auto-?repl|vacation", message.header("x-mailer"), re.I):
        return "written by an answering program"
    if _REPLY_SUBJECT.match(message.subject):
        return f"the subject “{message.subject[:60]}”"
    words = message.reply[:800]
    if _RECEIPT_SUBJECT.match(message.subject) and (_is_automatic_at_all(message) or _SAYS_AUTOMATIC.search(words)):
        return f"the subject “{message.subject[:60]}” of a receipt"
    is_answer = bool(message.references) or bool(
        re.match(_REPLY_PREFIX + r"\S", message.subject) and ":" in message.subject[:8]
    )
    if _AWAY.search(words[:400]) and (_is_automatic_at_all(message) or (is_answer and _away_only(words))):
        return "a holiday notice"
    return desks.answers(message.subject, message.reply)


def _away_only(words: str) -> bool:
    """A notice speaks of being away and of nothing that was charged."""
    if len(words) >= 700:
        return False
    return len(_AWAY.findall(words)) >= 2 or bool(_INSTEAD.search(words) and not _MATTER.search(words))


def _is_automatic_at_all(message: Message) -> bool:
    return (
        _is_null_path(message)
        or message.header("auto-submitted").lower().startswith("auto-generated")
        or message.header("precedence").lower() in ("bulk", "junk")
        or bool(message.header("x-auto-response-suppress"))
    )


_LIST_HEADERS = (
    "list-id", "list-post", "list-unsubscribe", "list-help", "list-subscribe", "list-owner", "mailing-list",
    "x-mailing-list", "x-mailman-version", "x-beenthere", "x-listname", "x-ml-name",
)  # fmt: skip


def _list(message: Message, own: Own) -> str:
    if _is_own_list(message, own):
        return ""
    for name in _LIST_HEADERS:
        if message.header(name):
            return f"a mailing list or mass mailing: {name}"
    if message.header("precedence").lower() == "list":
        return "Precedence: list"
    local = message.sender.address.partition("@")[0]
    return (
        "sent by a list manager" if re.match(r"owner-|.*-(?:request|owner)$|majordomo|listserv|mailman", local) else ""
    )


def _is_own_list(message: Message, own: Own) -> bool:
    """The mailbox itself is run as a list (Google Groups and others): what comes through it is from people."""
    named = " ".join(
        message.header(name) for name in ("list-id", "list-post", "mailing-list", "x-mailing-list")
    ).lower()
    return any(address in named or f"<{address.replace('@', '.')}>" in named for address in own.addresses)


def _auto_other(message: Message, _: Own) -> str:
    submitted = message.header("auto-submitted").lower().partition(";")[0].strip()
    # A person's mail that a rule of theirs forwarded is still a person's mail.
    if submitted and submitted not in ("no", "auto-forwarded"):
        return f"Auto-Submitted: {submitted}"
    if re.search(r"\b(?:all|autoreply|oof)\b", message.header("x-auto-response-suppress"), re.I):
        return "X-Auto-Response-Suppress asks for no automatic answer"
    precedence = message.header("precedence").lower()
    if re.match(r"bulk|junk|auto", precedence):
        return f"Precedence: {precedence}"
    for name in (
        "x-autogenerated",
        "x-auto-generated",
        "x-loop",
        "x-cron-env",
        "feedback-id",
        "x-campaignid",
        "x-ms-exchange-generated-message-source",
    ):
        if message.header(name):
            return f"the header {name}"
    if _PROGRAM_SUBJECT.match(message.subject):
        return f"the subject “{message.subject[:60]}” of a program"
    if _is_null_path(message):
        return "no return path"
    local, domain = message.sender.address.partition("@")[::2]
    if _NO_REPLY.match(local) or re.match(r"no-?reply\b|do not reply", message.sender.name, re.I):
        # A web form writes as noreply@ of its own site and names the customer in Reply-To.
        customers = [address for address in message.reply_to if not address.address.endswith("@" + domain)]
        if not customers or _NO_REPLY.match(customers[0].address.partition("@")[0]):
            return f"{message.sender.address} takes no answers"
    if bounces.DAEMON.match(local):
        return f"sent by {message.sender.address}"
    if _SAYS_AUTOMATIC.search(message.reply[:3000]):
        return "it says that it was written automatically"
    return ""


_CHECKS: tuple[tuple[Label, Callable[[Message, Own], str]], ...] = (
    ("loop", _loop),
    ("feedback", _feedback),
    ("mdn", _receipt),
    ("bounce", _bounce),
    ("auto_reply", _auto_reply),
    ("list", _list),
    ("auto_other", _auto_other),
)
