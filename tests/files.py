"""Files as customers attach them, made by the tests."""

import io
import struct
import zipfile
from itertools import pairwise

import pypdfium2


def packed(members: dict[str, str | bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip with these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as package:
        for name, content in members.items():
            package.writestr(name, content)
    return out.getvalue()


#: a folder of a compound file: its name → the bytes of a stream, or a folder
Folder = dict[str, "bytes | Folder"]
_END, _NONE, _TABLE = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD


def compound(root: Folder) -> bytes:
    """A compound file (MS-CFB, version 3) of up to 126 sectors with these streams and folders."""
    entries: list[tuple[str, int, list[int], bytes]] = []

    def add(name: str, kind: int, content: bytes | Folder) -> int:
        at = len(entries)
        entries.append((name, kind, [], content if isinstance(content, bytes) else b""))
        if not isinstance(content, bytes):
            entries[at][2].extend(
                add(each, 2 if isinstance(inner, bytes) else 1, inner) for each, inner in content.items()
            )
        return at

    add("Root Entry", 5, root)
    mini, mini_fat = b"", list[int]()
    sectors: list[bytes] = [b""]  # the first is the table
    fat = [_TABLE]

    def store(data: bytes) -> int:
        first, count = len(sectors), -(-len(data) // 512)
        sectors.extend(data[at : at + 512].ljust(512, b"\0") for at in range(0, len(data), 512))
        fat.extend([*range(first + 1, first + count), _END][:count])
        return first if count else _END

    places = {}
    for at, (_, kind, _, data) in enumerate(entries):
        if kind == 2 and len(data) >= 4096:
            places[at] = store(data)
        elif kind == 2:
            count = -(-len(data) // 64)
            places[at] = len(mini_fat) if count else _END
            mini_fat += [*range(len(mini_fat) + 1, len(mini_fat) + count), _END][:count]
            mini += data.ljust(count * 64, b"\0")
    places[0] = store(mini)
    mini_table = store(struct.pack(f"<{len(mini_fat)}I", *mini_fat).ljust(-(-len(mini_fat) // 128) * 512, b"\xff"))
    beside = {left: right for _, _, inner, _ in entries for left, right in pairwise(inner)}
    directory = b"".join(
        (name.encode("utf-16-le") + b"\0\0").ljust(64, b"\0")
        + struct.pack("<HBB", len(name) * 2 + 2, kind, 1)
        + struct.pack("<III", _NONE, beside.get(at, _NONE), inner[0] if inner else _NONE)
        + bytes(36)
        + struct.pack("<IQ", places.get(at, 0), len(mini) if at == 0 else len(data))
        for at, (name, kind, inner, data) in enumerate(entries)
    )
    first_directory = store(directory)
    assert len(fat) <= 128
    sectors[0] = struct.pack(f"<{len(fat)}I", *fat).ljust(512, b"\xff")
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(10)
    header += struct.pack("<IIIIIIII", 1, first_directory, 0, 4096, mini_table, -(-len(mini_fat) // 128), _END, 0)
    return (header + struct.pack("<I", 0)).ljust(512, b"\xff") + b"".join(sectors)


def saved_mail(*, files: Folder | None = None, **properties: str | bytes) -> bytes:
    """A mail as Outlook saves it; properties by their number and type: `p0037001F="Subject"`."""
    streams: Folder = {"__properties_version1.0": bytes(32)}
    for name, value in properties.items():
        kind = "utf-16-le" if name.endswith("1F") else "cp1252"
        content = value if isinstance(value, bytes) else value.encode(kind)
        streams[name if name.startswith("__") else f"__substg1.0_{name[1:]}"] = content
    return compound(streams | (files or {}))


def pdf_with(name: str, content: bytes) -> bytes:
    """An empty page with this file embedded, as Factur-X has it."""
    document = pypdfium2.PdfDocument.new()
    document.new_page(200, 200)
    document.new_attachment(name).set_data(content)
    out = io.BytesIO()
    document.save(out)
    document.close()
    return out.getvalue()
