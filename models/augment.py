"""Makes a mail look as mail looks: typed in haste, wrapped by a gateway, forwarded by a colleague.

Nothing here changes what a mail says, so that its label stays right. Numbers are drawn anew now and then, because no
classifier should remember one; sums that `models.marks` has marked grow or shrink together, because what was charged
and what was agreed are told by which is more.
"""

import math
import random
import re
from collections.abc import Callable

from models.marks import AMOUNTS
from triage.understanding.classify import Words
from triage.understanding.findings import Language

Change = Callable[[Words, random.Random], Words]

_DISCLAIMER: dict[str, str] = {
    "en": "This message and its attachments are meant for the addressee only. If you got it by mistake, delete it.",
    "es": "Este mensaje va dirigido solo a su destinatario. Si lo ha recibido por error, bórrelo y avísenos.",
    "pt": "Esta mensagem destina-se apenas ao seu destinatário. Se a recebeu por engano, elimine-a, por favor.",
    "fr": "Ce message est destiné à la seule personne nommée. Si vous l'avez reçu par erreur, merci de le supprimer.",
    "de": "Diese Nachricht ist nur für den Empfänger bestimmt. Bei Irrtum bitten wir, sie zu löschen.",
}
_DEVICE: dict[str, str] = {
    "en": "Sent from my phone",
    "es": "Enviado desde mi móvil",
    "pt": "Enviado do meu telemóvel",
    "fr": "Envoyé de mon téléphone",
    "de": "Von meinem Handy gesendet",
}
_FORWARD: dict[str, str] = {
    "en": "For you, I think.\n\n---------- Forwarded message ----------\nFrom: {who}\nSubject: {subject}\n\n",
    "es": "Os lo paso.\n\n---------- Mensaje reenviado ----------\nDe: {who}\nAsunto: {subject}\n\n",
    "pt": "Encaminho para vocês.\n\n---------- Mensagem encaminhada ----------\nDe: {who}\nAssunto: {subject}\n\n",
    "fr": "Je vous transfère ceci.\n\n---------- Message transféré ----------\nDe : {who}\nObjet : {subject}\n\n",
    "de": "Bitte übernehmen.\n\n---------- Weitergeleitete Nachricht ----------\nVon: {who}\nBetreff: {subject}\n\n",
}
_PEOPLE = ("A. Keller", "M. Santos", "office@firm.example", "J. Moreau", "front desk", "L. Ortega", "k.w@post.example")
_PREFIXES = ("RE: ", "Re: ", "FW: ", "Fwd: ", "AW: ", "WG: ", "RV: ", "TR: ", "ENC: ", "Re: Re: ", "[EXTERNAL] ")
_ACCENTS = str.maketrans("áàâãäéèêëíìîïóòôõöúùûüçñ", "aaaaaeeeeiiiiooooouuuucn")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def augment(words: Words, chance: random.Random) -> Words:
    """The same mail as it might have come on another day; about one in three comes as it is."""
    if chance.random() < 0.35:
        return _numbers(words, chance)
    for rate, change in _CHANGES:
        if chance.random() < rate:
            words = change(words, chance)
    return words


def _numbers(words: Words, chance: random.Random) -> Words:
    """Other digits of the same length, with what was equal still equal; sums keep their order and their proportions."""
    digits = list("123456789")
    chance.shuffle(digits)
    table = str.maketrans("123456789", "".join(digits))
    factor = _factor(f"{words.subject}\n{words.reply}", chance)

    def anew(text: str) -> str:
        pieces, last = [], 0
        for amount in AMOUNTS.finditer(text):
            pieces += [text[last : amount.start()].translate(table), _scaled(amount[0], factor)]
            last = amount.end()
        return "".join(pieces) + text[last:].translate(table)

    return Words(subject=anew(words.subject), reply=anew(words.reply), language=words.language)


def _factor(text: str, chance: random.Random) -> float:
    """By what all sums of a mail can be multiplied without one of them growing or losing a digit."""
    low, high = 0.0, math.inf
    for amount in AMOUNTS.finditer(text):
        digits = "".join(re.findall(r"\d", amount[0])).lstrip("0")
        if digits:
            low = max(low, 10 ** (len(digits) - 1) / int(digits))
            high = min(high, (10 ** len(digits) - 1) / int(digits))
    return chance.uniform(low, high) if low < high < math.inf else 1.0


def _scaled(amount: str, factor: float) -> str:
    """The sum times a factor, written as it was: its signs, and zeros at its end, stay where they are."""
    written = [at for at, sign in enumerate(amount) if sign in "0123456789"]
    digits = "".join(amount[at] for at in written)
    zeros = len(digits) - len(digits.rstrip("0"))
    step = 10 ** min(zeros, max(len(digits.lstrip("0")) - 2, 0))
    grown = str(round(int(digits or "0") * factor / step) * step).zfill(len(digits))
    if len(grown) != len(digits):
        return amount
    signs = list(amount)
    for at, digit in zip(written, grown, strict=True):
        signs[at] = digit
    return "".join(signs)


def _accents(words: Words, chance: random.Random) -> Words:
    table = _UMLAUTS if words.language == "de" else _ACCENTS
    return Words(subject=words.subject.translate(table), reply=words.reply.translate(table), language=words.language)


def _typos(words: Words, chance: random.Random) -> Words:
    """A letter swapped, dropped or doubled in about one word of thirty."""

    def mistype(match: re.Match[str]) -> str:
        word = match[0]
        if chance.random() > 0.033:
            return word
        at = chance.randrange(1, len(word) - 1)
        kinds = (
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
        )
        return chance.choice(kinds)

    return _reply(words, re.sub(r"[^\W\d_]{4,}", mistype, words.reply))


def _case(words: Words, chance: random.Random) -> Words:
    if chance.random() < 0.75:
        return Words(subject=words.subject.lower(), reply=words.reply.lower(), language=words.language)
    return Words(subject=words.subject.upper(), reply=words.reply.upper(), language=words.language)


def _mojibake(words: Words, chance: random.Random) -> Words:
    try:
        broken = words.reply.encode().decode("cp1252")
    except UnicodeDecodeError:
        broken = words.reply.encode("ascii", "replace").decode()
    return _reply(words, broken)


def _disclaimer(words: Words, chance: random.Random) -> Words:
    # Gateways speak the language of the company, not of the mail.
    language: Language | str = words.language if chance.random() < 0.7 else "en"
    return _reply(words, f"{words.reply}\n\n{_DISCLAIMER.get(language, _DISCLAIMER['en'])}")


def _device(words: Words, chance: random.Random) -> Words:
    return _reply(words, f"{words.reply}\n\n{_DEVICE.get(words.language, _DEVICE['en'])}")


def _forwarded(words: Words, chance: random.Random) -> Words:
    opening = _FORWARD.get(words.language, _FORWARD["en"]).format(who=chance.choice(_PEOPLE), subject=words.subject)
    subject = chance.choice(("Fwd: ", "FW: ", "WG: ", "TR: ", "ENC: ", "RV: ")) + words.subject
    return Words(subject=subject, reply=opening + words.reply, language=words.language)


def _prefix(words: Words, chance: random.Random) -> Words:
    return Words(subject=chance.choice(_PREFIXES) + words.subject, reply=words.reply, language=words.language)


def _no_subject(words: Words, chance: random.Random) -> Words:
    return Words(subject="", reply=words.reply, language=words.language)


def _wrapped(words: Words, chance: random.Random) -> Words:
    """Marks and holes that HTML to text and old gateways leave."""
    text = words.reply.replace("\n\n", chance.choice(("\n", "\n\n\n\n", "\n> ", " \xa0\n", "\n\n* * *\n\n")))
    return _reply(words, text.replace("&", "&amp;") if chance.random() < 0.5 else text)


def _scanned(words: Words, chance: random.Random) -> Words:
    """What optical character recognition mistakes."""
    table = str.maketrans({"l": "1"} if chance.random() < 0.5 else {"O": "0", "ü": "ii"})
    noisy = [word.translate(table) if chance.random() < 0.08 else word for word in words.reply.split(" ")]
    return _reply(words, " ".join(noisy))


def _reply(words: Words, reply: str) -> Words:
    return Words(subject=words.subject, reply=reply, language=words.language)


#: how often, and what; in the order in which a mail meets it on its way
_CHANGES: tuple[tuple[float, Change], ...] = (
    (0.5, _numbers),
    (0.3, _typos),
    (0.15, _accents),
    (0.1, _case),
    (0.1, _device),
    (0.12, _disclaimer),
    (0.15, _prefix),
    (0.12, _no_subject),
    (0.1, _wrapped),
    (0.08, _forwarded),
    (0.05, _scanned),
    (0.04, _mojibake),
)
