"""An address of another machine proves who answers there, or somebody has said that it need not."""

from __future__ import annotations

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from orchestrator.domain.errors import SettingsError
from orchestrator.engine.lease import BEAT, LEASE, MARGIN
from orchestrator.store.addresses import LIMITS, ClearAddress, checked
from orchestrator.store.database import SEARCH_PATH

PROVEN = "sslmode=verify-full&sslrootcert=/etc/glr/autorite.pem"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://glr@/glr",
        "postgresql://glr@localhost/glr",
        "postgresql://glr@127.0.0.1:5433/glr",
        "postgresql://glr@[::1]/glr",
        "host=/var/run/postgresql dbname=glr",
    ],
)
def test_this_machine_is_accepted_as_it_is(url: str) -> None:
    assert checked("GLR_RUNNER_URL", url, clear=False) == url


@pytest.mark.parametrize("host", ["base.cpam.example", "10.1.2.3,10.1.2.4"])
def test_a_proven_server_is_accepted_and_given_up_when_it_does_not_answer(host: str) -> None:
    url = f"postgresql://glr@{host}/glr?{PROVEN}&tcp_user_timeout=3000"
    given = checked("GLR_RUNNER_URL", url, clear=False)
    assert conninfo_to_dict(given) == LIMITS | conninfo_to_dict(url)
    assert checked("GLR_RUNNER_URL", given, clear=False) == given


def test_a_host_that_is_cut_off_knows_before_its_leases_run_out() -> None:
    asks = int(LIMITS["keepalives_idle"]) + int(LIMITS["keepalives_interval"]) * int(LIMITS["keepalives_count"])
    longest = max(asks, int(LIMITS["tcp_user_timeout"]) / 1000)
    assert longest + BEAT < (LEASE - MARGIN).total_seconds()
    server = dict(part.split("=") for part in SEARCH_PATH.split("-c ")[1:])
    assert {name: server[f"tcp_{name}"].strip() for name in ("keepalives_idle", "keepalives_interval")} == {
        name: LIMITS[name] for name in ("keepalives_idle", "keepalives_interval")
    }


def test_the_house_s_authority_proves_a_server_whose_address_names_none() -> None:
    url, authority = "postgresql://glr@127.0.0.1/glr?sslmode=verify-full", Path("/etc/glr/ac.pem")
    given = checked("GLR_RUNNER_URL", url, clear=False, authority=authority)
    assert conninfo_to_dict(given)["sslrootcert"] == "/etc/glr/ac.pem"
    other = checked("GLR_RUNNER_URL", f"{url}&sslrootcert=/autre.pem", clear=False, authority=authority)
    assert conninfo_to_dict(other)["sslrootcert"] == "/autre.pem"


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
    assert conninfo_to_dict(checked("GLR_RUNNER_URL", url, clear=True)) == LIMITS | conninfo_to_dict(url)


def test_what_libpq_takes_from_its_own_variables_is_looked_at_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "base.cpam.example")
    with pytest.raises(ClearAddress, match=r"base\.cpam\.example"):
        checked("GLR_DATABASE_URL", "dbname=glr", clear=False)
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    assert conninfo_to_dict(checked("GLR_DATABASE_URL", "dbname=glr", clear=False)) == LIMITS | {"dbname": "glr"}


def test_an_address_that_is_none_is_said_without_repeating_it() -> None:
    with pytest.raises(SettingsError, match="GLR_RUNNER_URL n'est pas une adresse de PostgreSQL") as said:
        checked("GLR_RUNNER_URL", "postgresql:secret@", clear=False)
    assert "secret" not in str(said.value)
