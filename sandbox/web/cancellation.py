"""Cancellations of COMPTA: an advance that was proposed, and that nobody has validated yet, is taken back."""

from dataclasses import dataclass

EMPTY = {"numero": "", "motif": "", "reference_libre": ""}
COLUMNS = {
    "numero": "Numéro",
    "reference_arret": "Référence arrêt",
    "du": "Du",
    "au": "Au",
    "montant": "Montant",
    "motif_annulation": "Motif",
    "reference_annulation": "Référence libre",
    "annulee_par": "Auteur",
}
SELECT = "SELECT motif, reference_libre, auteur FROM annulation WHERE numero = ?"
INSERT = "INSERT INTO annulation (numero, motif, reference_libre, auteur, saisie_le) VALUES (?, ?, ?, ?, ?)"
CLOSE = "UPDATE avance SET etat = 'ANNULEE' WHERE numero = ?"


@dataclass(frozen=True, kw_only=True)
class Cancellation:
    """What the form says."""

    number: str
    reason: str
    free_reference: str

    @classmethod
    def of(cls, form: dict[str, str]) -> "Cancellation":
        """The cancellation of a form."""
        number, reason, reference = (form.get(name, "").strip() for name in EMPTY)
        return cls(number=number, reason=reason, free_reference=reference)

    def errors(self, state: str | None) -> dict[str, str]:
        """French sentences by field; `state` is that of the advance, None when there is none of this number."""
        wrong = {
            "numero": (state != "PROPOSEE", "Seule une avance proposée, pas encore validée, peut être annulée."),
            "motif": (not 1 <= len(self.reason) <= 80, "Indiquez le motif (80 caractères au plus)."),
            "reference_libre": (len(self.free_reference) > 40, "La référence libre a 40 caractères au plus."),
        }
        return {name: sentence for name, (is_wrong, sentence) in wrong.items() if is_wrong}
