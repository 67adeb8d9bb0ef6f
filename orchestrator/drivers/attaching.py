"""Giving a form of an act its file, and looking whether the page would send exactly that one (ENTER, 3c).

The file is handed to the page as bytes: no path of ours is typed into it. The gate looks once more, at the request itself.
"""

from __future__ import annotations

from collections.abc import Mapping

from playwright.async_api import Error, FilePayload, Page
from playwright.async_api import TimeoutError as PlaywrightTimeout

from orchestrator.domain.errors import ReleaseChanged, ScreenChanged
from orchestrator.domain.uploads import Upload
from orchestrator.drivers.contracts import ApplicationContract

#: What the form would send for a field: how many files, the size of the first, and how it is encoded.
_HELD = "node => [node.files?.length ?? 0, node.files?.[0]?.size ?? 0, node.form?.enctype ?? '']"
_MULTIPART = "multipart/form-data"


def parted(values: Mapping[str, object]) -> tuple[dict[str, object], dict[str, Upload]]:
    """Return what is typed, and what is attached, each by name."""
    files = {name: value for name, value in values.items() if isinstance(value, Upload)}
    return {name: value for name, value in values.items() if name not in files}, files


async def attach(page: Page, contract: ApplicationContract, screen: str, files: Mapping[str, Upload]) -> None:
    """Attach files to their fields, by selector.

    Raises :class:`ScreenChanged` when a field takes no file, :class:`ReleaseChanged` when the form would not send it whole.
    """
    for selector, file in files.items():
        payload = FilePayload(name=file.name, mimeType=file.media_type, buffer=file.content)
        try:
            await page.set_input_files(selector, payload)
            count, size, encoded = await page.eval_on_selector(selector, _HELD)
        except (PlaywrightTimeout, Error):
            raise ScreenChanged(contract.title, screen, selector) from None
        if (count, size) != (1, len(file.content)):
            raise ReleaseChanged(
                contract.application, screen, [f"champ « {selector} » : la page n'y garde pas le fichier"]
            )
        if encoded != _MULTIPART:
            raise ReleaseChanged(
                contract.application, screen, [f"formulaire envoyé en « {encoded} » et non en « {_MULTIPART} »"]
            )
