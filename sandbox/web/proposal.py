"""The proposal form of COMPTA: what may be written in it."""

from dataclasses import dataclass
from datetime import date

from sandbox.formats import canonical_nir, nir_is_right, read_date, read_money

NATURE = "ACP-IJ"
EMPTY = {
    "nir": "", "nature": NATURE, "reference_arret": "", "du": "", "au": "", "montant": "", "motif": "",
    "reference_libre": "",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A proposal that passed the form's checks (centimes)."""

    nir: str
    nature: str
    stop: str
    start: date
    end: date
    amount_c: int
    reason: str
    free_reference: str

    @classmethod
    def of(cls, form: dict[str, str]) -> "Proposal":
        """The proposal of a form without errors; a form with errors raises ValueError."""
        start, end, amount_c = read_date(form["du"].strip()), read_date(form["au"].strip()), read_money(form["montant"])
        if start is None or end is None or amount_c is None:
            raise ValueError("a form with errors is no proposal")
        return cls(
            nir=canonical_nir(form["nir"]), nature=form["nature"].strip(), stop=form["reference_arret"].strip(),
            start=start, end=end, amount_c=amount_c, reason=form["motif"].strip(),
            free_reference=form.get("reference_libre", "").strip(),
        )  # fmt: skip

    def facts(self) -> dict[str, object]:
        """What the ledger keeps of it."""
        return {
            "nature": self.nature, "nir": self.nir, "stop": self.stop, "from": self.start.isoformat(),
            "to": self.end.isoformat(), "amount_c": self.amount_c, "reason": self.reason,
            "free_reference": self.free_reference,
        }  # fmt: skip


def errors_of(form: dict[str, str]) -> dict[str, str]:
    """French sentences by field; empty when the proposal may be recorded."""
    value = {name: form.get(name, "").strip() for name in EMPTY}
    start, end, amount = read_date(value["du"]), read_date(value["au"]), read_money(value["montant"])
    wrong = {
        "nir": (not nir_is_right(canonical_nir(value["nir"])), "Le NIR est incomplet ou sa clé est fausse."),
        "nature": (value["nature"] != NATURE, f"La nature doit être {NATURE}."),
        "reference_arret": (
            not 1 <= len(value["reference_arret"]) <= 20,
            "Indiquez la référence de l'arrêt (20 au plus).",
        ),
        "du": (start is None, "La date de début doit être au format JJ/MM/AAAA."),
        "au": (end is None, "La date de fin doit être au format JJ/MM/AAAA."),
        "montant": (not amount, "Le montant doit être positif, avec deux décimales : 697,39."),
        "motif": (not 1 <= len(value["motif"]) <= 80, "Indiquez le motif (80 caractères au plus)."),
        "reference_libre": (len(value["reference_libre"]) > 40, "La référence libre a 40 caractères au plus."),
    }
    errors = {name: sentence for name, (is_wrong, sentence) in wrong.items() if is_wrong}
    if start and end and start > end:
        errors["au"] = "La fin de la période précède son début."
    return errors
