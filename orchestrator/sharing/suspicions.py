"""What must never leave a caisse with a robot: numbers of people, bank accounts, secrets. Reasons never repeat the text."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from orchestrator.domain.personal import Iban, Nir

_GAP = r"[ .\u00a0\u202f-]?"
_NIR = re.compile(rf"(?<![0-9A-Za-z])[1-478](?:{_GAP}[0-9ABab]){{14}}(?![0-9A-Za-z])")
_NIR_WITHOUT_KEY = re.compile(
    rf"(?<![0-9A-Za-z])[1-478]{_GAP}\d\d{_GAP}(?:0[1-9]|1[0-2]){_GAP}(?:\d\d|2[ABab]){_GAP}(?P<commune>\d{{3}}){_GAP}\d{{3}}"
    r"(?![0-9A-Za-z])"
)
_ABOUT_PEOPLE = re.compile(r"\b(nir|nni|assuré|assure|matricule|sécu)", re.IGNORECASE)
#: A commune that does not exist: how people of tests are numbered (DOMAIN §3.1).
_NOWHERE = "999"
_IBAN = re.compile(r"(?<![0-9A-Za-z])[A-Z]{2}\d{2}(?:[ \u00a0]?[A-Z0-9]){11,30}")
_LENGTHS = {
    "AT": 20, "BE": 16, "CH": 21, "DE": 22, "ES": 24, "FR": 27, "GB": 22, "IE": 22, "IT": 27, "LU": 20, "MC": 27, "NL": 18,
    "PL": 28, "PT": 25, "RO": 24,
}  # fmt: skip
#: Examples of the standard and of its national bodies: accounts that nobody has.
_EXAMPLES = {"FR1420041010050500013M02606", "BE68539007547034", "DE89370400440532013000", "GB82WEST12345698765432"}
_WORD = (
    r"(?:password|passwd|passphrase|mot[ _-]?de[ _-]?passe|mdp|secret|api[ _-]?key|cl[ée][ _-]?privée|private[ _-]?key)"
)
#: A selector, a variable, a placeholder: where a secret is typed, not what it is.
_PLACE = r"[#.\[$%{<]|\w+\[\w+="
_SECRETS = (
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    re.compile(r"://[^/\s:@]+:[^/\s@]+@"),
    re.compile(rf"\b{_WORD}\w*[\"']?\s*[:=]\s*[\"'](?!{_PLACE})[^\"'\s]{{4,}}[\"']", re.IGNORECASE),
    re.compile(rf"\$\{{{_WORD}[^}}]*\}}(?: {{2,}}|\t)\s*(?![$%]\{{)\S+", re.IGNORECASE),
)
#: Where a value may stand without quotes.
_BARE = re.compile(rf"^\s*-?\s*{_WORD}\s*:\s+(?!{_PLACE}|[\"'|>&*])\S{{4,}}", re.IGNORECASE)


def suspicions(path: str, text: str, known: Collection[str] = ()) -> Iterator[str]:
    """Say line by line what looks personal or secret in a file, in French, without repeating it.

    :param known: the workspace's own secrets, none of which may appear.
    """
    for number, line in enumerate(text.splitlines(), 1):
        for what in _in_line(path, line, known):
            yield f"{path}, ligne {number} : {what}"


def _in_line(path: str, line: str, known: Collection[str]) -> Iterator[str]:
    if any(_is_nir(found[0]) for found in _NIR.finditer(line)) or (
        _ABOUT_PEOPLE.search(line) and any(found["commune"] != _NOWHERE for found in _NIR_WITHOUT_KEY.finditer(line))
    ):
        yield "ressemble à un NIR (ceux des essais ont une commune qui n'existe pas : 999)"
    if any(_is_iban(found[0]) for found in _IBAN.finditer(line)):
        yield "ressemble à un IBAN"
    bare = not path.endswith(".py") and _BARE.search(line)
    if bare or any(secret.search(line) for secret in _SECRETS) or any(each in line for each in known):
        yield "ressemble à un secret (mot de passe, clé)"


def _is_nir(text: str) -> bool:
    try:
        return Nir.parse(text).reveal()[7:10] != _NOWHERE
    except ValueError:
        return False


def _is_iban(text: str) -> bool:
    compact = "".join(text.split())
    length = _LENGTHS.get(compact[:2])
    found = compact[:length] if length else compact
    return length is not None and found not in _EXAMPLES and Iban.parse(found).valid
