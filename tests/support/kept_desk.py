"""A desk that goes on with the login of the test before it: a robot keeps its login from case to case, and so do tests."""

from __future__ import annotations

from playwright.async_api import BrowserContext

from orchestrator.drivers.desk import WebDesk

#: The cookies of the last login, by application and account.
_LOGINS: dict[tuple[str, str], list[dict[str, object]]] = {}


class KeptDesk(WebDesk):
    """Logs in as any desk when nobody has before, or when the application knows that login no more."""

    async def _log_in(self, context: BrowserContext) -> None:
        if known := _LOGINS.get(self._key):
            await context.add_cookies(known)  # type: ignore[arg-type]
            return
        await super()._log_in(context)
        _LOGINS[self._key] = [{**cookie} for cookie in await context.cookies()]

    async def log_in_again(self) -> None:
        """Forget the login: it is known no more."""
        _LOGINS.pop(self._key, None)
        await super().log_in_again()

    @staticmethod
    def forget() -> None:
        """Let each desk log in by itself: for what is about logins."""
        _LOGINS.clear()

    @property
    def _key(self) -> tuple[str, str]:
        return self.account.address, self.account.login
