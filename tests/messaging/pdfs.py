"""PDFs made here: letters of some pages, and those that a stranger could send to do harm."""

import zlib
from collections.abc import Sequence
from functools import cache


def written(objects: Sequence[bytes], trailer: bytes = b"") -> bytes:
    """Return a PDF of these objects, the first being its catalog."""
    out, offsets = b"%PDF-1.7\n", []
    for number, each in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    end = b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    end += b"trailer\n<< /Size %d /Root 1 0 R %s >>\n" % (len(objects) + 1, trailer)
    return out + end + b"startxref\n%d\n%%%%EOF\n" % len(out)


def stream(data: bytes, about: bytes = b"") -> bytes:
    """Return a stream object."""
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), about, data)


def letter(pages: int = 1, *, box: tuple[int, int] = (612, 792), trailer: bytes = b"") -> bytes:
    """Return a PDF whose pages carry their number; a text is drawn on each."""
    first = 4
    kids = b" ".join(b"%d 0 R" % (first + 2 * n) for n in range(pages))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, pages),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for n in range(pages):
        said = b"BT /F1 40 Tf 72 650 Td (Page %d) Tj ET" % (n + 1)
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents %d 0 R"
            b" /Resources << /Font << /F1 3 0 R >> >> >>" % (*box, first + 2 * n + 1)
        )
        objects.append(stream(said))
    return written(objects, trailer)


def one_page(content: bytes, *more: bytes, resources: bytes = b"", catalog: bytes = b"") -> bytes:
    """Return a PDF of one page; `content` is its stream object, `more` begin with object 5."""
    return written(
        [
            b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalog,
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << %s >> %s >>"
            % (resources, b"/Annots [5 0 R]" if catalog else b""),
            content,
            *more,
        ]
    )


def filled_in() -> bytes:
    """Return a form with one field that somebody has filled in: a black box."""
    look = stream(b"0 g 0 0 400 200 re f", b"/Type /XObject /Subtype /Form /BBox [0 0 400 200]")
    field = (
        b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (Ana) /F 4 /P 3 0 R /Rect [100 400 500 600]"
        b" /AP << /N 6 0 R >> >>"
    )
    return one_page(stream(b""), field, look, catalog=b"/AcroForm << /Fields [5 0 R] >>")


def locked() -> bytes:
    """Return a PDF that opens with a password alone."""
    marks = b"<%s>" % (b"5a" * 32)
    lock = b"/Encrypt << /Filter /Standard /V 1 /R 2 /Length 40 /P -44 /O %s /U %s >> /ID [%s %s]" % (
        marks,
        marks,
        b"<00112233445566778899aabbccddeeff>",
        b"<00112233445566778899aabbccddeeff>",
    )
    return letter(trailer=lock)


@cache
def bomb() -> bytes:
    """Return five kilobytes whose page says three gigabytes."""
    packing = zlib.compressobj(9)
    once = b"".join(packing.compress(b"\0" * (1 << 20)) for _ in range(3000)) + packing.flush()
    return one_page(stream(zlib.compress(once, 9), b"/Filter [/FlateDecode /FlateDecode]"))


def endless() -> bytes:
    """Return a page that draws itself ten times in each of ten layers."""
    layers = [
        stream(
            b"/F Do " * 10,
            b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /F %d 0 R >> >>"
            % (6 + n),
        )
        for n in range(9)
    ]
    last = stream(b"0 0 9 9 re f", b"/Type /XObject /Subtype /Form /BBox [0 0 9 9]")
    return one_page(stream(b"/F Do " * 10), *layers, last, resources=b"/XObject << /F 5 0 R >>")


def broken() -> bytes:
    """Return what begins like a PDF."""
    return b"%PDF-1.7\n" + b"x" * 300


def cut() -> bytes:
    """Return a third of a letter."""
    whole = letter(3)
    return whole[: len(whole) // 3]
