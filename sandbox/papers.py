"""Papers as people deposit them: a whole PDF of one page, longer or under a password on demand."""

from hashlib import sha256
from io import BytesIO


def paper(words: str, least: int = 0) -> bytes:
    """A whole PDF of one page with these words, in ASCII, of `least` bytes or a little more."""
    text = f"BT /F1 12 Tf 72 720 Td ({words}) Tj ET".encode("ascii")
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(text), text),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out = bytearray(b"%PDF-1.4\n")
    out += b"%" + b"-" * least + b"\n"
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start, size = len(out), len(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R>>\n" % (size, table, size)
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)


def encrypted(data: bytes) -> bytes:
    """The same PDF under a password, the same bytes every time."""
    from pypdf import PdfReader, PdfWriter  # noqa: PLC0415 - for a few deposits alone
    from pypdf.generic import ArrayObject, ByteStringObject  # noqa: PLC0415 - as above

    class Writer(PdfWriter):
        def generate_file_identifiers(self) -> None:
            """Name the file by its content: pypdf draws a name, and a deposit made again would be another."""
            self._ID = ArrayObject([ByteStringObject(sha256(data).digest()[:16])] * 2)

    writer, out = Writer(), BytesIO()
    writer.append(PdfReader(BytesIO(data)))
    writer.encrypt("secret", algorithm="RC4-128")
    writer.write(out)
    return out.getvalue()
