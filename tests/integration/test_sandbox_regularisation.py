"""COMPTA's open advances over real HTTP: linked once with a payment, in its ledger, and then open no more."""

import json
import re
from pathlib import Path
from urllib.parse import urlencode

import httpx
from served_sandbox import serving

from sandbox.population import build
from sandbox.stores import create


def link(client: httpx.Client, number: str, payment: str) -> httpx.Response:
    """Send the form as a browser does on a Latin-1 page."""
    body = urlencode(
        {"numero": number, "reference_paiement": payment, "reference_libre": "GLR-TEST"}, encoding="cp1252"
    )
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return client.post("/regularisations", content=body, headers=headers)


def test_an_open_advance_is_linked_once_and_is_open_no_more(tmp_path: Path) -> None:
    create(tmp_path, build(20, 931, "2026-03-27"))
    with serving(tmp_path) as served, served.browser("compta") as client:
        listed = re.findall(r'<td class="numero"><a [^>]*>([^<]*)', client.get("/avances/ouvertes").text)
        refused = link(client, listed[0], "")
        linked = link(client, listed[0], "AT25000014 du 19/09/2025 au 25/10/2025")
        again, unknown = link(client, listed[0], "Autre"), link(client, "ACP-2026-999999", "Autre")
        left = re.findall(r'<td class="numero"><a [^>]*>([^<]*)', client.get("/avances/ouvertes").text)
        shown = client.get(f"/regularisations/{listed[0]}").text
    assert (refused.status_code, "Indiquez la référence du paiement" in refused.text) == (200, True)
    assert (linked.status_code, linked.headers["location"]) == (303, f"/regularisations/{listed[0]}")
    assert ["Seule une avance liquidée" in answer.text for answer in (again, unknown)] == [True, True]
    assert left == listed[1:]
    assert "AT25000014 du 19/09/2025 au 25/10/2025" in shown
    (act,) = [json.loads(line) for line in (tmp_path / "compta.ledger.jsonl").read_text("utf-8").splitlines()]
    assert (act["act"], act["number"], act["payment"]) == (
        "REGULARISATION", listed[0], "AT25000014 du 19/09/2025 au 25/10/2025"
    )  # fmt: skip
