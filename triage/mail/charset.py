"""Bytes and a charset label → text, whatever the label says.

Labels lie: the bytes are believed first (byte order marks, valid UTF-8), then the label, then a detector. Text that
was decoded wrongly before it reached us ("facturaciÃ³n") is repaired where the repair is certain. What comes out can
always be encoded again: no lone surrogates, no NUL.
"""

import codecs
import re

from resiliparse.parse.encoding import detect_encoding

#: labels that mean another codec than their name says; WHATWG reads latin-1 as the Windows superset, as all clients do
_MEANT = {
    "ansi_x3.110-1983": "cp1252",
    "ascii": "cp1252",
    "cp-850": "cp850",
    "euc-kr": "cp949",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gbk": "gb18030",
    "iso-8859-1": "cp1252",
    "iso-8859-8-e": "iso-8859-8",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-9": "cp1254",
    "iso8859-1": "cp1252",
    "iso_8859-1": "cp1252",
    "ks_c_5601-1987": "cp949",
    "latin1": "cp1252",
    "macintosh": "mac_roman",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "tis-620": "cp874",
    "unicode-1-1-utf-7": "utf-7",
    "unicode-1-1-utf-8": "utf-8",
    "us-ascii": "cp1252",
    "utf8mb4": "utf-8",
    "windows-31j": "cp932",
    "windows-874": "cp874",
    "x-gbk": "gb18030",
    "x-mac-roman": "mac_roman",
    "x-sjis": "cp932",
}
#: labels that say nothing
_NO_LABEL = frozenset(
    {"", "unknown", "unknown-8bit", "x-unknown", "default", "_autodetect", "8bit", "7bit", "none", "x-user-defined"}
)
#: Python's text codecs that are not charsets of mail; punycode takes quadratic time
_NEVER = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"})
#: 7-bit codecs, where valid ASCII does not yet mean ASCII
_SEVEN_BIT = ("iso2022", "iso-2022", "hz", "utf-7", "utf_7", "csiso2022")
_LABEL = re.compile(r"[A-Za-z0-9_.:+-]{1,40}")
#: as far as a detector looks; longer mail repeats itself
_SAMPLE = 65_536

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def decode(data: bytes, label: str | None = None) -> str:
    """The text of `data`; never raises, never loses more than the characters that no charset explains."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return clean(data[len(bom) :].decode(encoding, "replace"))
    name = _codec(label)
    wide = (name or "").startswith(("utf-16", "utf-32"))
    # a text of two or four bytes a character has zeros, in its line ends at the least
    if data.isascii() and not (name or "").startswith(_SEVEN_BIT) and not (wide and b"\0" in data):
        return clean(data.decode("ascii"))
    if not data.isascii():
        try:
            # Text that happens to be valid UTF-8 is UTF-8, whatever a hurried gateway wrote over it.
            return clean(data.decode("utf-8"))
        except UnicodeDecodeError:
            pass
    return clean(_by_label(data, name) or _by_evidence(data, name))


def _codec(label: str | None) -> str | None:
    """The Python codec for a label, None when the label is of no use."""
    found = _LABEL.search(label or "")
    name = found[0].lower() if found else ""
    name = _MEANT.get(name, name)
    if name in _NO_LABEL:
        return None
    try:
        codec = codecs.lookup(name).name
        b"".decode(codec)
    except (LookupError, ValueError):
        return None
    return None if codec in _NEVER else codec


def _by_label(data: bytes, name: str | None) -> str | None:
    """Strictly as labelled, None when the label does not hold."""
    if name is None or name.startswith("utf-8"):
        return None
    try:
        return data.decode(name)
    except (UnicodeError, ValueError):
        return None


def _by_evidence(data: bytes, name: str | None) -> str:
    """The label has failed or says nothing: mostly UTF-8 with strays, or what the detector thinks."""
    text = data.decode("utf-8", "surrogateescape")
    strays = len(_STRAY.findall(text))
    if len(data) - len(text) > strays:
        return _STRAY.sub(lambda found: bytes([ord(found[0]) - 0xDC00]).decode("cp1252", "replace"), text)
    if name and name.startswith(("cp125", "iso8859", "iso-8859", "mac")):
        return data.decode(name, "replace")
    if not _NEIGHBOURS.search(data):
        # Single letters among ASCII are accents; detectors take a few of them for Chinese.
        return data.decode("cp1252", "replace")
    for encoding in (_codec(detect_encoding(data[:_SAMPLE])), "gb18030", "cp949"):
        try:
            if encoding:
                return data.decode(encoding)
        except ValueError:
            continue
    return data.decode("cp1252", "replace") if strays < len(data) else data.decode("latin-1")


_NEIGHBOURS = re.compile(rb"[\x80-\xff]{3}")
#: a byte that UTF-8 could not explain, as `surrogateescape` keeps it
_STRAY = re.compile("[\udc80-\udcff]")

#: how cp1252 shows the bytes 80 to BF; the five it leaves out show as themselves
_SHOWN = "".join(
    bytes([byte]).decode("cp1252") if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else chr(byte)
    for byte in range(0x80, 0xC0)
)
_CONTINUES = f"[\x80-\x9f{re.escape(_SHOWN)}]"
#: UTF-8 of two to four bytes, read as cp1252
_MOJIBAKE = re.compile(f"[Ã-ß]{_CONTINUES}|Â{_CONTINUES}|[à-ï]{_CONTINUES}{{2}}|[ð-ô]{_CONTINUES}{{3}}")
#: a capital word may end in Ã before a closing quote or a dash: that is Portuguese, not mojibake
_CLOSING = re.compile("[A-ZÀ-Þ]Ã[‘’“”–—…]")


def repair(text: str) -> str:
    """`text` with UTF-8 that was once read as Windows-1252 put right ("Ã©" → "é"); other text is returned as it is."""
    for _ in range(2):
        if text.isascii() or not _MOJIBAKE.search(text):
            break
        text = _MOJIBAKE.sub(_mend, text)
    return text


def _mend(found: re.Match[str]) -> str:
    if found.start() and _CLOSING.match(found.string, found.start() - 1):
        return found[0]
    raw = b"".join(character.encode("latin-1" if ord(character) < 0x100 else "cp1252") for character in found[0])
    try:
        mended = raw.decode("utf-8")
    except UnicodeDecodeError:
        return found[0]
    # Letters, signs of money and typography are what gets garbled; anything else was meant as it stands.
    return mended if mended.isprintable() or mended == "\xa0" else found[0]


def clean(text: str) -> str:
    """Without NUL and lone surrogates, which neither databases nor JSON take."""
    if "\0" in text:
        text = text.replace("\0", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


#: what drives a terminal instead of being shown (ECMA-48): sequences whole, and every control but tab and line feed
_CONTROLS = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*+[ -/]*+[@-~]"
    r"|(?:\x1b[P\]X^_]|[\x90\x98\x9d-\x9f])[^\x00-\x1f\x7f-\x9f]*+(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*+[0-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f]"
)


def without_controls(text: str) -> str:
    """Without control characters and the sequences that they begin; tabs and line feeds stay."""
    return text if text.isprintable() else _CONTROLS.sub("", text)
