"""An internal authority and a proxy: a robot enters a case, an alert leaves, where nobody gets through without either."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest
from authority import Authority
from playwright.async_api import Error
from proxy import FAR, Proxy, https, proxy
from robot_world import APPLICATIONS, PracticeWorld, desks, robot_world

from orchestrator.bootstrap.alert_channels import NotTaken, send
from orchestrator.bootstrap.surveillance import Surveillance, WebhookChannel
from orchestrator.cli import options
from orchestrator.domain.errors import SettingsError
from orchestrator.domain.network import Network
from orchestrator.drivers.browser import open_browser
from orchestrator.drivers.trust import browser_home
from orchestrator.settings import Settings
from orchestrator.store.vault import Vault

CERTUTIL = pytest.mark.skipif(shutil.which("certutil") is None, reason="apt install libnss3-tools")


@pytest.fixture
def far(practice_world: PracticeWorld, authority: Authority) -> Iterator[PracticeWorld]:
    """Give the practice applications at an address that only a proxy reaches, behind TLS of the internal authority."""
    with ExitStack() as stack:
        moved = {}
        for name, account in practice_world.accounts.items():
            port = stack.enter_context(https(urlsplit(account.address).port or 0, authority.server(FAR)))
            moved[name] = replace(account, address=f"https://{FAR}:{port}")
        yield replace(practice_world, accounts=moved)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def through() -> Iterator[Proxy]:
    with proxy() as made:
        yield made


def say(monkeypatch: pytest.MonkeyPatch, network: Network) -> None:
    for name, value in network.variables().items():
        monkeypatch.setenv(name, value)


@CERTUTIL
async def test_a_case_is_entered_through_a_proxy_over_tls_of_the_internal_authority(
    far: PracticeWorld, authority: Authority, through: Proxy, runner_url: str, vault: Vault, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    network = Network(authority=Path(authority.path), proxy=through.url, store=tmp_path / "browser")
    say(monkeypatch, network)
    far.fault()
    row = far.take("entered")
    async with robot_world(far, runner_url, vault, tmp_path) as world, open_browser(network) as browser:
        world.bench = replace(world.bench, desks=desks(browser, far))
        loaded = await world.deliver(row)
        await world.work()
        assert (await world.only(loaded.run)).outcome == "entered"
    assert len(far.lines_of(row.stop)) == 1
    assert set(through.asked) == {f"CONNECT {urlsplit(far.accounts[name].address).netloc}" for name in APPLICATIONS}


@CERTUTIL
async def test_a_certificate_of_another_authority_is_refused_by_the_browser(
    far: PracticeWorld, through: Proxy, tmp_path: Path
) -> None:
    other = Authority(tmp_path, "Une autre")
    network = Network(authority=Path(other.path), proxy=through.url, store=tmp_path / "browser")
    async with open_browser(network) as browser:
        page = await browser.new_page()
        with pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"):
            await page.goto(far.accounts["compta"].address)


def test_an_alert_is_posted_through_the_proxy_and_what_is_direct_goes_without(
    authority: Authority, through: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    came: list[bytes] = []

    class Takes(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Takes)
    Thread(target=server.serve_forever, daemon=True).start()
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "w.json").touch(0o600)
    (tmp_path / "secrets" / "w.json").write_text(json.dumps({"key": "essai"}))
    names = ("id", "caisse", "kind", "object", "message")
    alert = {**dict.fromkeys(names, "test"), "raised_at": "2026-03-27T08:00:00+00:00"}
    settings = Settings(workspace=tmp_path)

    def post(host: str, port: int, scheme: str = "https") -> None:
        webhook = WebhookChannel(url=f"{scheme}://{host}:{port}/", account="w.json")
        send(settings, Surveillance(webhook=webhook), "webhook", alert)

    try:
        with https(server.server_port, authority.server(FAR)) as port:
            say(monkeypatch, Network(proxy=through.url))
            with pytest.raises(NotTaken):  # the proxy is there, the authority is not known
                post(FAR, port)
            say(monkeypatch, Network(authority=Path(authority.path), proxy=through.url))
            post(FAR, port)
            post(FAR, server.server_port, "http")
            post("127.0.0.1", server.server_port, "http")
    finally:
        server.shutdown()
        server.server_close()
    assert len(came) == 3
    assert through.asked == [f"CONNECT {FAR}:{port}"] * 2 + [f"POST {FAR}:{server.server_port}"]


@CERTUTIL
def test_what_is_said_wrong_is_said_before_anything_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.environ", {"GLR_PROXY": "http://robot:secret@proxy.cpam.example:3128"})
    with pytest.raises(SettingsError, match="GLR_PROXY : http://serveur:port attendu") as said:
        options.settings_of(tmp_path)
    assert "secret" not in str(said.value)
    monkeypatch.setattr("os.environ", {"GLR_CA_FILE": str(tmp_path / "absente.pem")})
    with pytest.raises(SettingsError, match="n'est pas un fichier"):
        options.settings_of(tmp_path)
    (tmp_path / "autre.pem").write_text("ceci n'est pas un certificat")
    with pytest.raises(SettingsError, match="n'est pas un certificat au format PEM"):
        browser_home(tmp_path / "autre.pem", tmp_path / "browser")
    broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    (tmp_path / "autre.pem").write_text(broken)
    with pytest.raises(SettingsError, match="n'a pas été fait"):
        browser_home(tmp_path / "autre.pem", tmp_path / "browser")
    assert list((tmp_path / "browser").iterdir()) == []


def test_a_command_tells_its_libraries_and_its_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = Authority(tmp_path).path
    environment = {"GLR_CA_FILE": given, "GLR_PROXY": "http://proxy:3128/", "GLR_NO_PROXY": "compta, .cpam.example"}
    monkeypatch.setattr("os.environ", environment)
    settings = options.settings_of(tmp_path)
    assert environment["SSL_CERT_FILE"] == environment["NODE_EXTRA_CA_CERTS"] == given
    assert environment["https_proxy"] == "http://proxy:3128"
    assert environment["NO_PROXY"] == "localhost,127.0.0.1,::1,compta,.cpam.example"
    children = {name: settings.environment[name] for name in ("GLR_CA_FILE", "GLR_PROXY", "GLR_NO_PROXY")}
    assert children == {
        "GLR_CA_FILE": given, "GLR_PROXY": "http://proxy:3128", "GLR_NO_PROXY": "compta, .cpam.example",
    }  # fmt: skip
