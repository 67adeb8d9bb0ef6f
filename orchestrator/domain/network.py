"""How our programs reach others: the internal authority that signs their certificates, the proxy, what goes without it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

#: This machine is never reached through a proxy.
HERE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, kw_only=True)
class Network:
    """What an installation says of its network; nothing said, nothing changed."""

    #: The PEM file of the internal authority, trusted beside those of the machine.
    authority: Path | None = None
    #: ``http://host:port``, for applications and the webhook.
    proxy: str | None = None
    #: Hosts, and suffixes that begin with a dot, that are reached without it.
    direct: tuple[str, ...] = ()
    #: Where the browser's own store of authorities is kept.
    store: Path = Path()

    @property
    def reached_directly(self) -> str:
        """What is reached without the proxy, by commas."""
        return ",".join((*HERE, *self.direct))

    def variables(self) -> dict[str, str]:
        """Return it in the words that libraries read: OpenSSL, Playwright's client (Node), httpx, ``urllib``."""
        said: dict[str, str] = {}
        if self.authority is not None:
            said |= dict.fromkeys(("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"), str(self.authority))
        if self.proxy is not None:
            said |= {"HTTP_PROXY": self.proxy, "HTTPS_PROXY": self.proxy, "NO_PROXY": self.reached_directly}
            said |= {name.lower(): value for name, value in said.items() if name.endswith("PROXY")}
        return said
