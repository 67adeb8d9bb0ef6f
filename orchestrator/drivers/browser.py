"""One browser of a robot session: headless shell first, without any traffic of its own (TRAPS, Browser)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, ProxySettings, async_playwright

from orchestrator.domain.network import Network
from orchestrator.drivers.browser_finder import find_browser
from orchestrator.drivers.trust import browser_home

#: Switched off. A browser hears the last such list alone: what Playwright asks for stands here again (test_browser_features).
#: ``RenderDocument`` makes a new document host for each page of the same site: a quarter of a page's CPU (docs/speed.md).
_OFF = (
    "AimEnabled", "AvoidCorsURLLoaderRestartOnRedirect", "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose", "HttpsFirstBalancedModeAutoEnable", "HttpsUpgrades", "LensOverlay", "MediaRouter",
    "NetworkTimeServiceQuerying", "OptimizationHints", "PaintHolding", "PreconnectToSearch", "RenderDocument",
    "TcpPortRandomizationWin", "ThirdPartyStoragePartitioning", "msEdgeUpdateLaunchServicesPreferredVersion",
    "msForceBrowserSignIn",
)  # fmt: skip
_QUIET = [
    f"--disable-features={','.join(_OFF)}",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
    "--disable-gpu",
]


def browser_arguments() -> list[str]:
    """Return what the browser is started with."""
    return [*_QUIET, "--no-sandbox"] if os.geteuid() == 0 else _QUIET


@asynccontextmanager
async def open_browser(network: Network | None = None) -> AsyncIterator[Browser]:
    """Start the browser that was found; closed with everything in it at the end."""
    network = network or Network()
    home = network.authority and await asyncio.to_thread(browser_home, network.authority, network.store)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=str(find_browser().path),
            args=browser_arguments(),
            proxy=ProxySettings(server=network.proxy, bypass=network.reached_directly) if network.proxy else None,
            env={**os.environ, "HOME": str(home)} if home else None,
        )
        try:
            yield browser
        finally:
            await browser.close()
