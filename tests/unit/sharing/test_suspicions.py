"""What may not leave with a robot is found, and what looks like it but is not does not stop anybody."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestrator.domain.personal import nir_key
from orchestrator.sharing.suspicions import suspicions

PROJECT = Path(__file__).resolve().parents[3]
#: Numbers of nobody, in a commune that exists: what must be refused.
_NUMBER = "2850261234001"
NIR = f"{_NUMBER}{nir_key(_NUMBER):02d}"
IBAN = "FR7630004000010000000000136"

REFUSED = {
    f"nir: {NIR}": "NIR",
    f"# {NIR[0]} {NIR[1:3]} {NIR[3:5]} {NIR[5:7]} {NIR[7:10]} {NIR[10:13]} {NIR[13:]}": "NIR",
    f"assert nir == '{_NUMBER}'": "NIR",
    f"iban: {IBAN}": "IBAN",
    f'"{" ".join(re.findall(".{1,4}", IBAN))} BIC": 1': "IBAN",
    "password: hunter2": "secret",
    'PASSWORD = "hunter2"': "secret",
    'connect(mot_de_passe="hunter2")': "secret",
    '{"api_key": "abcdef"}': "secret",
    "${PASSWORD}    hunter2": "secret",
    "url: https://robot:hunter2@bdo.example/": "secret",
    "-----BEGIN PRIVATE KEY-----": "secret",
    "the robot types Trouvailles9 there": "secret",
}
FINE = (
    "nir: 1 85 02 61 999 001 89",  # a commune that does not exist
    "assuré 1850261999001",
    'password: "#mot_de_passe"',
    "password: ${PASSWORD}",
    'password: "input[name=p]"',
    "password: input[name=p]",
    "password: str",
    "def log_in(password: Secret) -> None:",
    'organism: "019310000"',
    "FR14 2004 1010 0505 0001 3M02 606",
    "hash: 2850261234001282850261234001",
    "${PASSWORD}    ${secret}",
    "accounts: acompte-ij.json",
)  # fmt: skip


@pytest.mark.parametrize(("line", "what"), REFUSED.items())
def test_what_looks_personal_or_secret_is_said_without_being_repeated(line: str, what: str) -> None:
    path = "x.py" if "=" in line else "x.yaml"
    (said,) = suspicions(path, f"\n{line}\n", {"Trouvailles9"})
    assert said.startswith(f"{path}, ligne 2 : ressemble à un")
    assert what in said
    assert not {word for word in (NIR, IBAN, "hunter2", "abcdef", "Trouvailles9") if word in said}


@pytest.mark.parametrize("line", FINE)
def test_what_only_looks_like_it_passes(line: str) -> None:
    assert list(suspicions("x.py" if "def " in line or ": str" in line else "x.yaml", line)) == []


def test_nothing_of_the_project_itself_is_suspicious() -> None:
    paths = [each for folder in ("scenarios", "robots", "keywords") for each in (PROJECT / folder).rglob("*")]
    texts = {str(path): path.read_text("utf-8") for path in paths if path.suffix in {".yaml", ".py", ".robot"}}
    assert len(texts) > 15
    assert [said for path, text in texts.items() for said in suspicions(path, text)] == []
