"""Ten exceptions settled in the real browser with the keyboard alone: every decision, shortcuts on and off."""

from __future__ import annotations

from typing import Any

import psycopg
from playwright.async_api import Page
from psycopg.rows import dict_row

PASSWORD = "correct cheval pile agrafe"


class Keyboard:
    """A person who has only a keyboard: presses, types, and reads the page."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            await self.page.keyboard.press(key)

    async def type(self, text: str) -> None:
        """Type into the field that has the focus (a page gives it a moment after it has loaded), over what it holds."""
        await self.page.wait_for_function(IN_A_FIELD)
        await self.page.keyboard.press("Control+a")
        await self.page.keyboard.type(text)

    async def go(self, *keys: str) -> None:
        """Press keys; the last one leads to another page."""
        await self.press(*keys[:-1])
        async with self.page.expect_navigation():
            await self.page.keyboard.press(keys[-1])

    async def tab_to(self, name: str) -> None:
        """Press Tab until the focus is on what bears this name."""
        for _ in range(60):
            await self.page.keyboard.press("Tab")
            if name in await self.page.evaluate(FOCUSED):
                return
        raise AssertionError(f"Tab never reaches « {name} »")

    async def told(self, reference: str) -> None:
        """Wait until the page says what became of a case."""
        await self.page.get_by_role("status").get_by_text(reference).wait_for()


IN_A_FIELD = "document.activeElement.matches('input, textarea')"
FOCUSED = """() => {
  const focus = document.activeElement;
  if (!focus.matches("a, button, summary, input, select, textarea")) return "";
  const label = focus.labels && focus.labels.length ? focus.labels[0].textContent : "";
  return `${focus.getAttribute("aria-label") || ""} ${focus.textContent} ${label}`;
}"""


async def test_ten_exceptions_are_settled_with_the_keyboard_alone(
    seed: Any, at_browser: Any, owner_url: str, vault: Any
) -> None:
    doubt = {"code": "EntryInDoubt", "message": "La saisie a peut-être eu lieu.", "cause": "doubt", "failed": ()}
    cases = [
        await (seed.exception(**doubt, entry="doubtful") if index == 4 else seed.exception()) for index in range(10)
    ]
    page = await at_browser()
    hands = Keyboard(page)
    await hands.type("a.martin")
    await hands.press("Tab")
    await hands.type(PASSWORD)
    await hands.go("Enter")

    await hands.go("n")
    await hands.go("r")  # names and numbers, then a corrected name
    await hands.press("1")
    await hands.type("LAMBERT-DURAND")
    await hands.go("Enter")
    await hands.told(cases[0].reference)

    await hands.press("2")  # done by hand
    await hands.type("AC-000777")
    await hands.go("Enter")
    await hands.told(cases[1].reference)

    await hands.press("3")  # rejected
    await hands.type("Dossier d’un homonyme")
    await hands.go("Tab", "Enter")
    await hands.told(cases[2].reference)

    await hands.press("4", "r", "Tab")  # handed over: the select takes the letter of « robot »
    await hands.type("Le robot lit mal cet écran")
    await hands.go("Tab", "Enter")
    await hands.told(cases[3].reference)

    await hands.press("1")  # a doubt: resent as it is
    await hands.type("Rien vu dans COMPTA à 14 h")
    await hands.go("Tab", "Enter")
    await hands.told(cases[4].reference)

    await hands.press("1", "Tab", "Tab")  # a wrong date teaches, and has the focus again
    await hands.type("30/02/2026")
    await hands.go("Enter")
    await page.get_by_role("alert").get_by_text("n'existe pas au calendrier").wait_for()
    await hands.type("25/03/2026")
    await hands.go("Enter")
    await hands.told(cases[5].reference)

    await hands.go("Escape")  # the seventh, already taken, from the list of mine
    await hands.tab_to("À moi")
    await hands.go("Enter")
    await hands.press("j", "j", "k")
    await hands.go("Enter")
    await hands.press("3")
    await hands.type("Arrêt annulé par l’assuré")
    await hands.go("Tab", "Enter")
    await hands.told(cases[6].reference)

    await hands.press("4", "i", "Tab")  # a case for the sensitive basket
    await hands.type("Proche d’un collègue")
    await hands.go("Tab", "Enter")
    await hands.told(cases[7].reference)

    await hands.go("?")  # the last two without shortcuts
    await hands.tab_to("Désactiver les raccourcis")
    await hands.go("Enter")
    await hands.tab_to("Exceptions")
    await hands.go("Enter")
    await hands.press("n")
    assert page.url.endswith("/exceptions"), "a shortcut that is switched off still works"
    await hands.tab_to("À moi")
    await hands.go("Enter")
    await hands.tab_to(cases[8].reference)
    await hands.go("Enter")
    await hands.tab_to("Déjà fait à la main")
    await hands.press("Enter")
    await hands.tab_to("Numéro de la saisie")
    await hands.type("AC-000888")
    await hands.go("Enter")
    await hands.told(cases[8].reference)
    await hands.tab_to("Corriger et renvoyer")
    await hands.press("Space")
    await hands.tab_to("Renvoyer")
    await hands.go("Enter")
    await hands.told(cases[9].reference)

    assert _outcomes(owner_url, cases) == [
        ("resend", "ready", {"do": "resend", "by": "a.martin"}, "ij"),
        ("done_by_hand", "ready", {"do": "read_back", "reference": "AC-000777", "by": "a.martin"}, "ij"),
        ("reject", "rejected", None, "ij"),
        (None, "exception", None, "robot"),
        ("resend", "ready", {"do": "resend", "by": "a.martin"}, "ij"),
        ("resend", "ready", {"do": "resend", "by": "a.martin"}, "ij"),
        ("reject", "rejected", None, "ij"),
        (None, "exception", None, "ij-sensible"),
        ("done_by_hand", "ready", {"do": "read_back", "reference": "AC-000888", "by": "a.martin"}, "ij"),
        ("resend", "ready", {"do": "resend", "by": "a.martin"}, "ij"),
    ]
    assert [_events(owner_url, case) for case in cases] == [
        ["exception.claimed", "case.revealed", "exception.closed", "case.corrected", "case.ready"],
        ["exception.claimed", "exception.closed", "case.ready"],
        ["exception.claimed", "exception.closed", "case.rejected"],
        ["exception.claimed", "exception.handed_over"],
        ["exception.claimed", "exception.closed", "case.ready"],
        ["exception.claimed", "exception.closed", "case.corrected", "case.ready"],
        ["exception.claimed", "exception.closed", "case.rejected"],
        ["exception.claimed", "exception.handed_over"],
        ["exception.claimed", "exception.closed", "case.ready"],
        ["exception.claimed", "exception.closed", "case.ready"],
    ]
    corrected = _rows(owner_url, "select payload from cases where id = %s", cases[0].id)[0]["payload"]
    fields = vault.open(cases[0].key, f"cases:payload:{cases[0].id}", bytes(corrected))["fields"]
    assert fields["birth_name"] == "LAMBERT-DURAND"


async def test_a_stopped_application_is_worked_with_the_keyboard_alone(
    seed: Any, at_browser: Any, owner_url: str
) -> None:
    case = await seed.case()
    with psycopg.connect(owner_url) as connection:
        connection.execute(
            "insert into glr.application_stop (caisse, application, reason) values ('cpam-931', 'compta', 'x')"
        )
    page = await at_browser("a.martin")
    hands = Keyboard(page)
    await hands.tab_to("Travailler à la main")
    await hands.go("Enter")
    await hands.go("n")
    await hands.press("2")
    await hands.type("ACP-2026-000777")
    await hands.press("Tab")
    await hands.type("697,39")
    await hands.go("Enter")
    await hands.told(case.reference)
    declared = (
        "select cases.state::text as state, instruction, line.reference, line.amount_c, line.declared_by"
        " from cases join by_hand_entry line on line.case_id = cases.id where cases.id = %s"
    )
    number = {"reference": "ACP-2026-000777", "amount_c": 69_739, "declared_by": "a.martin"}
    assert _rows(owner_url, declared, case.id) == [
        {"state": "ready", "instruction": {"do": "read_back", "by": "a.martin"}, **number}
    ]
    assert _events(owner_url, case) == [
        "by_hand.taken",
        "case.exception",
        "exception.opened",
        "exception.claimed",
        "by_hand.declared",
        "exception.closed",
        "case.ready",
    ]


def _outcomes(owner_url: str, cases: list[Any]) -> list[tuple[Any, ...]]:
    statement = (
        "select item.decision, cases.state::text as state, cases.instruction, item.queue"
        " from exception_item item join cases on cases.id = item.case_id where item.id = %s"
    )
    return [tuple(_rows(owner_url, statement, case.item)[0].values()) for case in cases]


def _events(owner_url: str, case: Any) -> list[str]:
    statement = (
        "select verb from audit_outbox where actor = 'agent:a.martin' and object = %s"
        " and verb <> 'exception.renewed' order by id"
    )
    return [row["verb"] for row in _rows(owner_url, statement, case.reference)]


def _rows(owner_url: str, statement: str, *values: object) -> list[dict[str, Any]]:
    with psycopg.connect(owner_url, options="-c search_path=glr", row_factory=dict_row) as connection:
        return connection.execute(statement, values).fetchall()
