r"""Rich Text Format → its words (Microsoft, RTF specification 1.9.1).

One pass, no look ahead: groups, the code page of the words that are no ASCII, Unicode beside its stand-in, cells and
rows. What no reader sees is left out: tables of fonts and styles, pictures, objects, fields' instructions, hidden text.
Our own, because striprtf needs more than 50 seconds for a made-up table of fonts of a kilobyte, and leaves out headers,
where bills have their number.
"""

import re
from dataclasses import dataclass, replace

from triage.mail.charset import decode
from triage.mail.documents import MAX_TEXT, Unreadable, check_size

_MAX_DEPTH = 1_000
_MAX_TOKENS = 500_000
_TOKEN = re.compile(rb"\\([A-Za-z]{1,32})(-?\d{1,10})? ?|\\'([0-9A-Fa-f]{2})|\\(.)|([{}])|([^\\{}]+)", re.S)
#: groups without words for the reader; those behind \* are left out as well
_UNSEEN = frozenset(
    b"fonttbl colortbl stylesheet info pict object fldinst listtable listoverridetable rsidtbl revtbl filetbl"
    b" themedata datastore latentstyles xmlnstbl pntext pnseclvl bkmkstart bkmkend atnid atnauthor annotation"
    b" generator template operator title author".split()
)
_SIGNS = {
    b"par": "\n", b"line": "\n", b"sect": "\n", b"page": "\n", b"row": "\n", b"nestrow": "\n", b"cell": "\t",
    b"nestcell": "\t", b"tab": "\t", b"emdash": "—", b"endash": "–", b"bullet": "•", b"lquote": "‘", b"rquote": "’",
    b"ldblquote": "“", b"rdblquote": "”", b"emspace": " ", b"enspace": " ", b"qmspace": " ",
}  # fmt: skip
_SYMBOLS = {b"~": "\xa0", b"_": "-", b"\\": "\\", b"{": "{", b"}": "}", b"\n": "\n", b"\r": "\n", b"\t": "\t"}
#: charsets of fonts whose code page is another than its number says (\fcharset)
_CHARSETS = {
    77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gbk", 136: "big5", 161: "cp1253", 162: "cp1254",
    163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250",
    254: "cp437", 255: "cp850",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Group:
    """What holds up to the next closing brace."""

    unseen: bool = False
    hidden: bool = False
    #: within the table of fonts
    fonts: bool = False
    #: the code page of the font in use; "" for the document's
    charset: str = ""
    #: bytes that stand in for a Unicode character, for readers that know none
    stand_in: int = 1


def read(content: bytes, _: str | None) -> tuple[str, str]:
    """Paragraphs and rows as lines, cells separated by tabs."""
    check_size(content)
    if not content.lstrip()[:5].lower().startswith(b"{\\rtf"):
        raise Unreadable("not read: it is damaged")
    reader = _Reader(content)
    return reader.text(), reader.note


class _Reader:
    """Walks over the tokens once."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.note = ""
        self.out: list[str] = []
        self.length = 0
        #: bytes in the code page of the text, and UTF-16 units, until they are whole
        self.raw = bytearray()
        self.units = bytearray()
        self.charset = "cp1252"
        self.fonts: dict[int, str] = {}
        self.font = -1
        self.group = _Group()
        self.outer: list[_Group] = []
        #: bytes still to be skipped after a Unicode character
        self.skip = 0

    def text(self) -> str:
        position = 0
        for _ in range(_MAX_TOKENS):
            token = _TOKEN.match(self.content, position)
            if token is None or self.length > MAX_TEXT:
                break
            position = token.end()
            word, number, code, symbol, brace, words = token.groups()
            if word == b"bin":
                position += max(0, int(number or 0))
            elif word:
                self._word(word.lower(), int(number) if number else None)
            elif brace:
                self._brace(brace)
                if not self.outer:
                    break
            elif code:
                self._bytes(bytes([int(code, 16)]))
            elif symbol == b"*":
                self.group = replace(self.group, unseen=True)
            elif symbol is not None:
                self._say(_SYMBOLS.get(symbol, ""))
            elif words:
                self._bytes(words.translate(None, b"\r\n\0"))
        else:
            self.note = "only the beginning was read"
        self._settle()
        return "".join(self.out)

    def _brace(self, brace: bytes) -> None:
        self._settle()
        self.skip = 0
        if brace == b"}":
            self.group = self.outer.pop() if self.outer else _Group()
            return
        if len(self.outer) >= _MAX_DEPTH:
            raise Unreadable("not read: it is damaged")
        self.outer.append(self.group)

    def _word(self, word: bytes, number: int | None) -> None:
        if word == b"u" and number is not None:
            self._unicode(number)
            return
        self.skip = 0
        if word in _SIGNS:
            self._say(_SIGNS[word])
        elif word in _UNSEEN:
            self.group = replace(self.group, unseen=True, fonts=word == b"fonttbl")
        elif word == b"v":
            self.group = replace(self.group, hidden=number != 0)
        elif word == b"uc" and number is not None:
            self.group = replace(self.group, stand_in=min(max(number, 0), 16))
        elif word == b"ansicpg" and number:
            self.charset = f"cp{number}"
        elif word == b"mac":
            self.charset = "mac_roman"
        elif word == b"f" and number is not None:
            self._settle()
            self.font = number
            if self.fonts.get(number, "") != self.group.charset:
                self.group = replace(self.group, charset=self.fonts.get(number, ""))
        elif word == b"plain":
            self._settle()
            self.group = replace(self.group, hidden=False, charset="")
        elif word == b"fcharset" and self.group.fonts and number in _CHARSETS and len(self.fonts) < _MAX_DEPTH:
            self.fonts[self.font] = _CHARSETS[number]

    def _unicode(self, number: int) -> None:
        """One UTF-16 unit; two make a character beyond the first plane."""
        if self.raw:
            self._settle()
        if not (self.group.unseen or self.group.hidden):
            self.units += (number & 0xFFFF).to_bytes(2, "little")
        self.skip = self.group.stand_in

    def _bytes(self, raw: bytes) -> None:
        if self.skip:
            skipped = min(self.skip, len(raw))
            self.skip -= skipped
            raw = raw[skipped:]
        raw = raw[: MAX_TEXT + 1]
        if not raw or self.group.unseen or self.group.hidden:
            return
        if self.units:
            self._settle()
        self.raw += raw
        self.length += len(raw)

    def _say(self, words: str) -> None:
        self._settle()
        if not (self.group.unseen or self.group.hidden):
            self.out.append(words)
            self.length += len(words)

    def _settle(self) -> None:
        """Decode what has come together."""
        if self.units:
            self.out.append(self.units.decode("utf-16-le", "replace"))
            self.length += len(self.units) // 2
            self.units.clear()
        if self.raw:
            self.out.append(decode(bytes(self.raw), self.group.charset or self.charset))
            self.raw.clear()
