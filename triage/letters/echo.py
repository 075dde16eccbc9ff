"""What of a stranger's words may stand in a letter of ours.

A letter repeats a name, a subject, a number. Each goes through here first, so that none of them can carry a second
header line, a link for someone else's inbox, hidden text, or a card number. What does not fit is left out, not mended.
"""

import re
import unicodedata

#: longest subject that is repeated; Outlook shows about this much
SUBJECT_LIMIT = 120
#: longest invoice number or amount that is repeated
VALUE_LIMIT = 40
NAME_LIMIT = 60
# more is never repeated, and the patterns below need not be asked about it
_READ_LIMIT = 1000

# Re and Fwd as mail clients of our languages and their neighbours write them, also numbered ("Re[2]:").
_PREFIX = re.compile(
    r"^(?:re|aw|antw|antwort|sv|vs|rv|res|resp|enc|fw|fwd|wg|tr|rif|r|i|odp|ynt)\s*(?:\[\d+\]|\(\d+\))?\s*[::]\s*",
    re.IGNORECASE,
)
_OWN_TOKEN = re.compile(r"\[?\bDSP-[A-Z0-9-]+\]?", re.IGNORECASE)
_GATEWAY_TAG = re.compile(r"\[(?:ext|extern|external|externo|externe|spam\??|caution|suspicious)\]", re.IGNORECASE)
_LINK = re.compile(
    r"\b[a-z][a-z0-9+.-]{1,15}://\S*|\bwww\.\S+|[\w.+-]+@[\w.-]+\.\w+|\b[\w-]{2,}(?:\.[\w-]+)*\.[a-z]{2,}(?:[/?#]\S*|\b)",
    re.IGNORECASE,
)
_LONG_NUMBER = re.compile(r"(?<![\w])\d(?:[ .-]?\d){11,18}(?![\w])")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b")
_NAME = re.compile(r"[^\W\d_](?:[^\W\d_]|[ .'’\-·])*")


def one_line(text: str) -> str:
    """The text on one line, without control, format (bidirectional, zero width) and private characters."""
    spaced = re.sub(r"\s+", " ", text[:_READ_LIMIT])
    return "".join(c for c in spaced if c == " " or unicodedata.category(c)[0] != "C").strip()


def subject_words(subject: str) -> str:
    """The subject without stacked prefixes, references of ours, gateway tags, links and account numbers; may be ""."""
    words = one_line(subject)
    before = None
    while words != before:
        before = words
        words = _GATEWAY_TAG.sub("", _OWN_TOKEN.sub("", _PREFIX.sub("", words))).strip()
    words = re.sub(r"\s+", " ", mask_numbers(_LINK.sub("", words))).strip(" -–|:")
    if len(words) > SUBJECT_LIMIT:
        words = words[: SUBJECT_LIMIT - 1].rsplit(" ", 1)[0] + "…"
    return words


def greeting_name(name: str) -> str:
    """A display name that can follow "Dear", or "" when it is no name: an address, a link, a number, a slogan."""
    words = one_line(name).strip("\"'")
    if words.count(",") == 1:
        family, given = (part.strip() for part in words.split(","))
        words = f"{given} {family}".strip()
    if len(words) > NAME_LIMIT or words.casefold() in _NOT_NAMES or _LINK.search(words):
        return ""
    return words if _NAME.fullmatch(words) else ""


_NOT_NAMES = frozenset({"none", "null", "undefined", "unknown", "nan", "n/a", "customer", "user", "info", "test"})


def value(text: str) -> str:
    """A number or an amount as the customer wrote it, or "" when it is too long or carries more than itself."""
    words = one_line(text)
    if len(words) > VALUE_LIMIT or _LINK.search(words) or mask_numbers(words) != words:
        return ""
    return words


def mask_numbers(text: str) -> str:
    """Card numbers (Luhn) and IBANs (ISO 13616) shortened to their last four characters."""
    return _IBAN.sub(_mask_iban, _LONG_NUMBER.sub(_mask_card, text))


def _mask_card(match: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", match[0])
    return f"••••{digits[-4:]}" if _luhn(digits) else match[0]


def _mask_iban(match: re.Match[str]) -> str:
    plain = match[0].replace(" ", "")
    rearranged = "".join(str(int(c, 36)) for c in plain[4:] + plain[:4])
    return f"••••{plain[-4:]}" if int(rearranged) % 97 == 1 else match[0]


def _luhn(digits: str) -> bool:
    doubled = [int(d) * (1 + i % 2) for i, d in enumerate(reversed(digits))]
    return len(set(digits)) > 1 and sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0
