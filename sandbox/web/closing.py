"""The form of the C2S that cancels a closing for unpaid participation: the right is open again to its end, the debt stays."""

from dataclasses import dataclass

EMPTY = {"fermeture": "", "reouvert_au": "", "regle_annulation": "", "reference_annulation": ""}
#: The one reason for which a closing is cancelled here.
UNPAID = "IMPAYE"


@dataclass(frozen=True, kw_only=True)
class Cancelling:
    """What the form says; the day as it is shown."""

    closing: str
    until: str
    rule: str
    free_reference: str

    @classmethod
    def of(cls, form: dict[str, str]) -> "Cancelling":
        """The cancelling of a form."""
        closing, until, rule, reference = (form.get(name, "").strip() for name in EMPTY)
        return cls(closing=closing, until=until, rule=rule, free_reference=reference)

    def errors(self, reason: str | None, end: str) -> dict[str, str]:
        """French sentences by field; ``reason`` is why the right is closed, None when that closing is not in force."""
        wrong = {
            "fermeture": (
                reason != UNPAID,
                "Seule une fermeture en vigueur, pour participation impayée, s'annule ici.",
            ),
            "reouvert_au": (reason is not None and self.until != end, "Ce n'est pas la fin de ce droit."),
            "regle_annulation": (not 1 <= len(self.rule) <= 20, "Indiquez la règle (20 caractères au plus)."),
            "reference_annulation": (len(self.free_reference) > 40, "La référence libre a 40 caractères au plus."),
        }
        return {name: sentence for name, (is_wrong, sentence) in wrong.items() if is_wrong}
