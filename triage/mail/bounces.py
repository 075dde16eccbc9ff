"""Reads a bounce: which status, is the address dead, whom did it not reach, and which mail of ours came back.

The fields of RFC 3464 are believed first. Many systems still report in prose (qmail, exim, Notes, gateways of mobile
carriers): their texts are read by the reply codes and phrases in the tables below.
"""

import re
from dataclasses import dataclass

import re2

from triage.mail import headers
from triage.mail.message import Message
from triage.mail.phrases import FORWARD_SUBJECT


@dataclass(frozen=True, kw_only=True)
class Bounce:
    """What a bounce says."""

    #: enhanced status code (RFC 3463) as the bounce states it, None where it states none
    status: str | None
    #: True when the address itself is dead, False when the failure is temporary or has another cause (full, blocked …)
    hard: bool
    recipient: str | None
    original_message_id: str | None


SUBJECT = re2.compile(
    r"(?i)undeliver(?:ed|able)|undelivrable"
    r"|delivery (?:status|failure|notification|has failed|problem|error|report|unsuccessful)"
    r"|(?:mail|message|e-?mail|delivery)[ -](?:delivery )?(?:fail|not delivered|returned|error|rejected"
    r"|system error|could not be delivered)"
    r"|mail delivery (?:sub)?system|returned (?:e-?mail|mail|message)|failure (?:notice|delivery)"
    r"|failed (?:mail|delivery)|mail system error"
    r"|non[- ]?deliver(?:y|able)|could not (?:be delivered|send message)|unable to deliver"
    r"|can ?not (?:be )?deliver|warning: (?:could not|message)"
    r"|unzustellbar|zustellung (?:fehlgeschlagen|ist fehlgeschlagen|verzögert)|nicht zustellbar|zustellfehler"
    r"|mail ?zustellung"
    r"|no (?:se ha podido|se pudo|ha podido) (?:ser )?entrega|correo (?:devuelto|no entregado)"
    r"|(?:fallo|error) (?:en|de) la entrega|mensaje no entregado|no entregable"
    r"|n[ãa]o (?:foi )?(?:entreg|poss[ií]vel entregar)|falha (?:na|de) entrega|devolvid[ao]"
    r"|échec (?:de|du|d')|echec de|non (?:remis|délivré|distribu)|remise (?:impossible|retardée)|avis de non"
    r"|mancat[oa] (?:recapito|consegna)|onbestelbaar|niet (?:bezorgd|afgeleverd)|kunde inte levereras"
    r"|kunne ikke leveres|olevererbart|niedostarcz"
    r"|no se puede entregar|n[ãa]o [ée] poss[ií]vel entregar|non recapitabile|impossibile recapitare"
    r"|impossible (?:de|à) (?:remettre|délivrer|distribuer)|message non (?:distribu|envoy)"
    r"|konnte nicht zugestellt|zustellung nicht möglich|mislukte (?:aflevering|bezorging)"
    r"|kan (?:ikke|inte|niet) (?:leveres|levereras|worden (?:bezorgd|afgeleverd))|ikke leveret|ej levererat"
    r"|nie (?:można dostarczyć|dostarczono)|zwrot (?:poczty|wiadomości)|doručení se nezdařilo|nedoručiteln"
    r"|kézbesíthetetlen|teslim edilemedi|iletilemedi|не удается доставить|无法(?:送达|投递)|無法(?:傳遞|送達)|未送达"
    r"|未能送达|전송 실패|반송"
    r"|недоставл|не доставлен|退信|投递失败|系统退信|配信(?:不能|エラー)|送信エラー|メールエラー|エラー(?:メール|通知)"
    r"|mail(?:ing)? loop|loop (?:alert|detected)"
)
#: senders that speak for a mail system
DAEMON = re.compile(
    r"^(?:mailer[-_.]?daemon|post_?master|mail[-_.]?(?:daemon|delivery|system)|mdaemon|bounces?"
    r"|noreply-bounce|daemon|smtp|mta)(?:[-+=_.].*)?$",
    re.I,
)
DAEMON_NAME = re.compile(
    r"mail(?:er)?[ -]?(?:daemon|delivery|system|administrator)|postmaster|delivery (?:sub)?system", re.I
)

#: from here on a bounce in prose repeats the mail that failed
_RETURNED = re.compile(
    r"^[ \t>*]{0,20}-{0,80} ?(?:(?:this is a copy of (?:the|your)|the (?:header|body) of|original message|returned"
    r" message|unsent message|message header|copy of)"
    r"|below this line is a copy|--- (?:below|the) .{0,60}(?:original|copy|header)|message headers follow"
    r"|original mail as follows|the original message (?:follows|headers)"
    r"|(?:original|returned|undelivered|non-delivered) (?:message|mail)(?: headers?)?(?: follows?)?[ :-]*$"
    r"|forwarded message -"
    r"|return-path:|received: (?:from|by|\()|x-received:|dkim-signature:|--+ (?:ursprüngliche|mensaje|message)"
    r"|unsent message below)",
    re.I | re.M,
)
_ENHANCED = re.compile(r"(?<![\d.])([45])\.(\d{1,2})\.(\d{1,3})(?!\.?\d)")
#: the reply of a server with its enhanced code: "550 5.1.1", "550-5.1.1", "554 (#5.7.1)", "smtp;550 5.2.1"
_REPLY = re.compile(
    r"(?<![\d.])([45]\d\d)[ -]{1,3}(?:<[^>\n]{1,200}>[ :.]*)?['(\[#]{0,2}([45]\.\d{1,2}\.\d{1,3})(?!\.?\d)"
)
#: words above a forwarded bounce that say nothing of a matter
_MAX_NOTE = 12
_DAEMON_WRITES = re.compile(r"^[\s>*|]*\w{2,12} ?:.{0,80}(?:mailer-daemon|postmaster|mail delivery)", re.I | re.M)
#: characters of a notice that are read
_MAX_NOTICE = 20_000
_BARE_REPLY = re.compile(r"(?:^|[^\d.:])([45]\d\d)[ -](?!\d+[/:])", re.M)
_AFTER_DATA = re.compile(r"in reply to (?:end of )?data|after (?:end of )?data|>>> data\b", re.I)
#: sendmail sends DATA before it has heard what became of the recipient
_UNKNOWN = re.compile(r"^5\d\d[ -]5\.1\.[1-3]\b", re.M)
#: a server that says beyond doubt that nobody lives there, whatever status it gives
_NOBODY = re.compile(
    r"user unknown|unknown user|no such (?:user|recipient|mailbox)|recipient (?:address )?(?:is )?(?:unknown|invalid)"
    r"|invalid recipient|(?:mailbox|user|recipient|account) (?:does not|doesn't) exist"
    r"|does not accept (?:any )?(?:e-?)?mail"
    r"|recipient address rejected: access denied",
    re.I,
)
#: what Exchange Online says of an address that it does not know, with 5.4.1
_REFUSED_ADDRESS = re.compile(r"recipient address rejected: access denied", re.I)
_MESSAGE_ID = re.compile(r"^[ \t>]*message-id:\s*(<[^<>\s]{1,900}>)", re.I | re.M)
#: the same in the JSON of a mail service, which may stand quoted within other JSON
_MESSAGE_ID_JSON = re.compile(r"\bmessage-?id\W{1,12}(?:value\W{1,12})?(<[^<>\s\"\\]{1,900}@[^<>\s\"\\]{1,900}>)", re.I)
_ADDRESS = re.compile(r"[A-Za-z0-9._%+=&'*/-]{1,80}@[A-Za-z0-9-]{1,80}(?:\.[A-Za-z0-9-]{1,63})+")

#: the subject and detail of a status that settle the matter: is the address dead?
_BY_STATUS = {
    "1.1": True, "1.2": True, "1.3": True, "1.6": True, "1.10": True, "4.4": True,
    "1.7": False, "1.8": False, "2.2": False, "2.3": False, "2.4": False,
    "3.1": False, "3.4": False, "4.1": False, "4.2": False, "4.6": False, "4.7": False,
}  # fmt: skip

#: what went wrong, in words; the first that is found counts: (is the address dead?, words)
_REASONS: tuple[tuple[bool, re.Pattern[str]], ...] = (
    (
        True,  # moved away, a domain that takes no mail
        re.compile(
            r"mailbox has moved|user has moved|(?:he|she|recipient|user) (?:has )?moved to"
            r"|no longer (?:at|with) (?:this|us)|account (?:has )?moved"
            r"|does not accept (?:any )?(?:e-?)?mail|null ?MX|domain .{0,40}not accepting mail|no forwarding address",
            re.I,
        ),
    ),
    (
        False,  # full
        re.compile(
            r"(?:mail ?box|mail ?folder|inbox|mail ?drop|account|storage|disk|user).{0,50}(?:\bfull\b|over"
            r" ?quota|exceed|out of space|limit)"
            r"|over ?quota|quota (?:is )?(?:full|exceed)|exceed\w* .{0,30}(?:quota|storage|limit)|quota"
            r"|insufficient (?:disk|system|storage)"
            r"|not enough (?:storage|space|disk)|too (?:many|much) .{0,20}(?:in|on) (?:this )?mailbox"
            r"|buz[oó]n .{0,40}llen[oa]|(?:postfach|mailbox) .{0,60}\bvoll\b|caixa .{0,60}(?:cheia|lotada)"
            r"|bo[iî]te .{0,60}pleine|cassetta .{0,60}piena|(?:postvak|mailbox) .{0,40}\bvol\b|inkorg.{0,40}\bfull\b"
            r"|postkasse.{0,40}\bfuld?l?t?\b|skrzynka .{0,40}pełna|いっぱい|一杯|容量|已满|已滿|переполнен",
            re.I,
        ),
    ),
    (
        False,  # blocked, spam, policy, authentication
        re.compile(
            r"black ?list|block ?list|\bblocked\b|blocking|\bspam|\brbl\b|dnsbl|spamhaus|spamcop|barracuda"
            r"|reputation|abuse|dmarc|\bspf\b|\bdkim\b|unauthenticated"
            r"|authenticat|banned|virus|malware|content (?:rejected|filter|restriction)|polic(?:y|ies)"
            r"|not authori[sz]ed|not permitted|permission|access denied"
            r"|relay(?:ing)? (?:access |not |denied|is )|reverse dns|\bptr\b|dynamic ip|helo"
            r"|\blisted (?:in|by|at) .{0,40}(?:list|rbl|\bbl\b)|too many (?:connections|recipients|messages)"
            r"|rate limit|greylist|gr[ea]ylisted"
            r"|sender (?:address )?(?:rejected|denied|verify|not allowed|domain)"
            r"|message (?:rejected|refused|content)|refused by|rejected by .{0,30}(?:filter|rule)|not a member"
            r"|message filter|prohibi(?:ted|ci[oó]n)|权限|權限|権限|垃圾邮件|スパム|迷惑メール"
            r"|als spam|indésirable|no deseado|rechazad[oa] por|rejeitad[ao] (?:pel|por)|refusé par"
            r"|abgelehnt (?:von|durch)",
            re.I,
        ),
    ),
    (
        False,  # too big
        re.compile(
            r"(?:message|mail|size|length).{0,40}(?:too (?:big|large|long)|exceeds?|limit)|line limit"
            r"|maximum (?:allowed )?size",
            re.I,
        ),
    ),
    (
        False,  # switched off for now
        re.compile(
            r"(?:account|user|mailbox|recipient|address).{0,40}(?:disabled|suspended|inactive|locked"
            r"|deactivated|on hold|expired|not (?:currently )?(?:active|activated)|temporarily)"
            r"|(?:disabled|suspended|inactive|deactivated) .{0,20}(?:account|user|mailbox|recipient)",
            re.I,
        ),
    ),
    (False, re.compile(r"try again", re.I)),
    (
        True,  # no such host
        re.compile(
            r"host (?:or domain(?: name)? )?(?:was )?(?:not found|unknown)|unknown host"
            r"|(?:domain|host)(?: name)? .{0,60}(?:not found|not exist|doesn't exist|invalid|could not be"
            r" found|unknown)"
            r"|no such (?:domain|host)|name (?:or )?service (?:not known|error)|name service error"
            r"|dns (?:lookup )?(?:failure|error)|unrouteable (?:mail )?domain|illegal host"
            r"|(?:bad|invalid|unresolvable) (?:destination )?(?:host|domain)"
            r"|no (?:mx|mail exchanger|mail server)|couldn't find any host|domain does not|nxdomain"
            r"|[45]\d\d (?:[\w-]+\.)+[a-z]{2,} does not exist",
            re.I,
        ),
    ),
    (
        False,  # not yet, not now
        re.compile(
            r"expired|timed? ?out|timeout|has been delayed|delayed|deferred|will (?:be )?retr|retry time"
            r"|still (?:trying|undelivered)|not respond|no(?:t)? (?:answer|response)"
            r"|connection (?:refused|reset|timed|lost|dropped|closed)"
            r"|could not connect|cannot connect|unable to connect|network (?:is )?unreachable|no route to host"
            r"|temporar(?:y|ily)|try again later|service unavailable|loop|too many hops"
            r"|within .{0,20}(?:days?|hours?)",
            re.I,
        ),
    ),
    (
        True,  # no such person
        re.compile(
            r"(?:user|recipient|mailbox|account|address|alias|local part|member|customer|inbox|person|name"
            r"|id)s?\b.{0,80}?(?:unknown|not (?:be )?found|not known|not exist|n't exist|not listed|not valid"
            r"|invalid|isn't|undeliverable|no such|not recogni[sz]ed|not a valid|does not have|has been"
            r" (?:removed|deleted|closed)|not available|unavailable|terminated)"
            r"|(?:unknown|invalid|no such|bad|nonexistent|non-existent|illegal|not a valid|unrouteable"
            r"|undeliverable|unrecogni[sz]ed|ambiguous|incorrect).{0,30}(?:user|recipient|mailbox|account"
            r"|address|alias|local|person|name|id|here)"
            r"|doesn't have an? .{0,40}account|no mailbox here|not our customer|couldn't be found"
            r"|could not be found|wasn't found|does not like recipient|no existe|desconocid|não existe|inexist"
            r"|inconnu|n'existe pas|introuvable|unbekannt|existiert nicht|nicht gefunden"
            r"|ungültige? (?:adresse|empfänger)"
            r"|no se (?:encontró|ha encontrado|encuentra)|direcci[oó]n .{0,20}(?:incorrecta|no v[aá]lida)"
            r"|não (?:foi )?encontrad|endereço .{0,20}inválido|impossibile trovare|non trovat|non esiste|sconosciuto"
            r"|onbekend|niet gevonden|bestaat niet|okänd|hittades inte|finns inte|ukendt|ukjent|findes ikke|finnes ikke"
            r"|nieznany|nie istnieje|nie znaleziono|не (?:найден|существует)|неизвестн|bulunamadı"
            r"|見つかりません|リストにありません|存在しません|不存在|no account|user not",
            re.I,
        ),
    ),
)


def read(message: Message) -> Bounce:
    """The facts of a mail that is known to be a bounce."""
    failed = _failed_block(message)
    notice = _notice(message)
    diagnostic = failed.get("diagnostic-code", "")[:_MAX_NOTICE]
    status = _status(failed, diagnostic, notice)
    return Bounce(
        status=status,
        hard=_is_hard(status, failed, diagnostic, notice),
        recipient=_recipient(message, failed, notice),
        original_message_id=_original_id(message),
    )


def states_failure(text: str) -> bool:
    """Prose with a server's reply or an enhanced status in it."""
    text = text[:_MAX_NOTICE]
    return bool(_REPLY.search(text) or _ENHANCED.search(text) or _BARE_REPLY.search(text))


def _failed_block(message: Message) -> dict[str, str]:
    """The report on the recipient who was not reached."""
    blocks = [
        dict(block) for block in message.report if "final-recipient" in block or "action" in block or "status" in block
    ]
    for block in blocks:
        if block.get("action", "").lower().startswith("fail"):
            return block
    return blocks[0] if blocks else {}


def is_forwarded(message: Message) -> bool:
    """Whether a person hands on a bounce without words of their own."""
    subject = FORWARD_SUBJECT.sub("", message.subject)
    own = "".join(message.text[part.start : part.end] for part in message.parts if part.label == "own")
    return (
        subject != message.subject
        and bool(SUBJECT.search(subject))
        and len(own.split()) <= _MAX_NOTE
        and bool(_DAEMON_WRITES.search(message.text))
        and states_failure(message.text)
    )


def _notice(message: Message) -> str:
    """What the mail system wrote, without the mail that came back."""
    text = message.text[:_MAX_NOTICE]
    if is_forwarded(message):
        return text
    returned = _RETURNED.search(text)
    return text[: returned.start()] if returned and returned.start() > 40 else text


def _status(failed: dict[str, str], diagnostic: str, notice: str) -> str | None:
    stated = _ENHANCED.search(failed.get("status", ""))
    reply = _REPLY.search(diagnostic)
    code = stated[0] if stated else None
    if reply and (code is None or code.endswith(".0.0") or (reply[2][0] == code[0] and not reply[2].endswith(".0.0"))):
        return reply[2]
    loose = _ENHANCED.search(diagnostic)
    if code is None or code.endswith(".0.0"):
        in_words = _REPLY.search(notice)
        spoken = _ENHANCED.search(notice)
        for found in (loose and loose[0], in_words and in_words[2], spoken and spoken[0]):
            if found and (code is None or not found.endswith(".0.0")):
                return found
    return code


def _is_hard(status: str | None, failed: dict[str, str], diagnostic: str, notice: str) -> bool:
    if failed.get("action", "").lower().startswith("delay"):
        return False
    # Servers give 4.1.1, 5.4.1 or 5.7.1 to addresses that they do not know; once the sender gave up, they are dead.
    if (
        status
        and status[2:] in ("1.1", "4.1", "7.1", "7.27")
        and (_NOBODY.search(diagnostic) or (status[2:] == "4.1" and _REFUSED_ADDRESS.search(notice)))
    ):
        return failed.get("action", "").lower().startswith("fail") or not status.startswith("4")
    if (status or "").startswith("4"):
        return False
    if status:
        known = _BY_STATUS.get(status[2:])
        if known is not None:
            return known
        if status[2] in "67":
            return False
    # Who took the recipient and refuses the mail knows the address: a filter, whatever it calls itself.
    refused = bool(_AFTER_DATA.search(notice)) and not _UNKNOWN.search(notice)
    for words in (diagnostic, notice):
        for dead, pattern in _REASONS:
            if words and pattern.search(words):
                return dead and not refused
    return False


def _recipient(message: Message, failed: dict[str, str], notice: str) -> str | None:
    for name in ("original-recipient", "final-recipient", "x-actual-recipient"):
        found = _ADDRESS.search(failed.get(name, ""))
        if found:
            return found[0].lower()
    named = _ADDRESS.search(message.header("x-failed-recipients"))
    if named:
        return named[0].lower()
    others = {message.sender.address, *(address.address for address in message.to)}
    for found in _ADDRESS.finditer(notice):
        if found[0].lower() not in others and not DAEMON.match(found[0].partition("@")[0]):
            return found[0].lower()
    sent_to = message.returned.get("to", ())
    addresses = headers.addresses(sent_to[0].encode()) if sent_to else ()
    return addresses[0].address or None if addresses else None


def _original_id(message: Message) -> str | None:
    for value in message.returned.get("message-id", ()):
        for found in headers.message_ids(value):
            return found
    in_text = _MESSAGE_ID.search(message.text) or _MESSAGE_ID_JSON.search(message.text[:_MAX_NOTICE])
    if in_text:
        return in_text[1]
    return message.references[-1] if message.references else None
