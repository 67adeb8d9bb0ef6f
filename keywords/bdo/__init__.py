"""What robots can do in BDO, the base of beneficiaries: look at a person, at the bank account and at the address."""

from __future__ import annotations

from keywords.bdo.models import Address, BankAccount, Person
from orchestrator.domain.keywords import check, extract
from orchestrator.domain.personal import Nir
from orchestrator.domain.ports import ReadingDesk, Screen

_FLAGS = ("contentieux", "lcf", "recours_amiable", "opposition", "tutelle", "cession")
_SAME = (
    "file", "nir", "birth_name", "usage_name", "first_names", "birth_date", "death",
    "organism", "organism_since", "rights_from", "rights_to", "homonyms", "sensitive", "screen_date",
)  # fmt: skip


@check("bdo.person", "Dossier d'une personne dans BDO : identité, décès, organisme, droits, signalements.")
async def person(desk: ReadingDesk, *, nir: Nir) -> Person:
    """Look a person up by NIR; ``found`` says how many files there are (source: DOMAIN A.2, row 2).

    Example: ``check: bdo.person`` with ``nir: ${nir}``, then ``C-04: person.found == 1``.
    """
    screen = await desk.submit("search", nir=nir)
    if screen.name == "results":
        return Person(found=screen["count"], screen_date=screen["screen_date"], degraded=_degraded(screen))
    return Person(
        found=1,
        certified=screen["certification"] == "certifié",
        locked=bool(screen["lock"]),
        flags=tuple(flag for flag in _FLAGS if screen[flag]),
        degraded=_degraded(screen),
        **{name: screen[name] for name in _SAME},
    )


@extract("bdo.bank_account", "Coordonnées bancaires d'une personne, avec la date de leur dernier changement.")
async def bank_account(desk: ReadingDesk, *, person: Person) -> BankAccount:
    """Read the bank account of a person that was found (source: DOMAIN A.2, row 8).

    Example: ``extract: bdo.bank_account`` with ``person: ${person}``, then ``C-08: account.found``.
    """
    screen = await desk.open("account", file=person.file)
    return BankAccount(
        found=screen["none"] is None,
        degraded=_degraded(screen),
        **{name: screen[name] for name in ("iban", "bic", "holder", "changed_on", "origin", "screen_date")},
    )


@extract("bdo.address", "Adresse postale d'une personne.")
async def address(desk: ReadingDesk, *, person: Person) -> Address:
    """Read the address of a person that was found; ``found`` says whether there is one (source: DOMAIN A.2, row 14).

    Example: ``extract: bdo.address`` with ``person: ${person}``, then ``C-16: address.found``.
    """
    screen = await desk.open("address", file=person.file)
    return Address(found=screen["none"] is None, lines=screen["lines"], degraded=_degraded(screen))


def _degraded(screen: Screen) -> bool:
    return bool(screen["mode"] != "normal")
