"""An address of another machine proves who answers there, or somebody has said that it need not."""

from __future__ import annotations

import pytest

from orchestrator.domain.errors import SettingsError
from orchestrator.store.addresses import ClearAddress, checked

PROVEN = "sslmode=verify-full&sslrootcert=/etc/glr/autorite.pem"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://glr@/glr",
        "postgresql://glr@localhost/glr",
        "postgresql://glr@127.0.0.1:5433/glr",
        "postgresql://glr@[::1]/glr",
        "host=/var/run/postgresql dbname=glr",
        f"postgresql://glr@base.cpam.example/glr?{PROVEN}",
        f"postgresql://glr@10.1.2.3,10.1.2.4/glr?{PROVEN}",
    ],
)
def test_this_machine_or_a_proven_server_is_accepted(url: str) -> None:
    assert checked("GLR_RUNNER_URL", url, clear=False) == url


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("postgresql://glr@base.cpam.example/glr", "base.cpam.example"),
        ("postgresql://glr@base.cpam.example/glr?sslmode=require", "base.cpam.example"),
        ("postgresql://glr@base.cpam.example/glr?sslmode=verify-ca", "base.cpam.example"),
        ("postgresql://glr@localhost,10.1.2.3/glr", "10.1.2.3"),
        ("host=localhost hostaddr=10.1.2.3 dbname=glr", "10.1.2.3"),
    ],
)
def test_another_machine_without_proof_is_refused_unless_somebody_has_said_so(url: str, host: str) -> None:
    with pytest.raises(ClearAddress, match=rf"GLR_RUNNER_URL.*\({host}\).*sslmode=verify-full.*GLR_DATABASE_CLEAR"):
        checked("GLR_RUNNER_URL", url, clear=False)
    assert checked("GLR_RUNNER_URL", url, clear=True) == url


def test_what_libpq_takes_from_its_own_variables_is_looked_at_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "base.cpam.example")
    with pytest.raises(ClearAddress, match=r"base\.cpam\.example"):
        checked("GLR_DATABASE_URL", "dbname=glr", clear=False)
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    assert checked("GLR_DATABASE_URL", "dbname=glr", clear=False) == "dbname=glr"


def test_an_address_that_is_none_is_said_without_repeating_it() -> None:
    with pytest.raises(SettingsError, match="GLR_RUNNER_URL n'est pas une adresse de PostgreSQL") as said:
        checked("GLR_RUNNER_URL", "postgresql:secret@", clear=False)
    assert "secret" not in str(said.value)
