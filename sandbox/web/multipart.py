"""A form that carries a file, as a browser sends it: its texts and its files, by name."""

from collections.abc import Iterator

KIND = "multipart/form-data"


def texts(content_type: str, body: bytes) -> dict[str, str]:
    """The fields that are no file, decoded as a browser encodes them on a Latin-1 page (windows-1252)."""
    parts = _parts(content_type, body)
    return {name: content.decode("cp1252", "replace") for name, is_file, content in parts if not is_file}


def files(content_type: str, body: bytes) -> dict[str, bytes]:
    """The bytes of each file; empty when none was chosen."""
    return {name: content for name, is_file, content in _parts(content_type, body) if is_file}


def _parts(content_type: str, body: bytes) -> Iterator[tuple[str, bool, bytes]]:
    boundary = b"\r\n--" + content_type.partition("boundary=")[2].strip('"').encode("ascii")
    for part in (b"\r\n" + body).split(boundary)[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        said = head.decode("cp1252", "replace")
        yield said.partition(' name="')[2].partition('"')[0], ' filename="' in said, content
