"""The two forms of the C2S: another end of a right, with its motive; and its former end, taken back."""

from dataclasses import dataclass

from sandbox.formats import read_date

EMPTY = {"droit": "", "ancienne_fin": "", "nouvelle_fin": "", "motif": "", "reference_libre": ""}
BACK = {"periode": "", "reference_libre": ""}


@dataclass(frozen=True, kw_only=True)
class Change:
    """What the form of a change of period says; dates as they are shown."""

    right: str
    former_end: str
    end: str
    motive: str
    free_reference: str

    @classmethod
    def of(cls, form: dict[str, str]) -> "Change":
        """The change of a form."""
        right, former, end, motive, reference = (form.get(name, "").strip() for name in EMPTY)
        return cls(right=right, former_end=former, end=end, motive=motive, free_reference=reference)

    def errors(self, shown: str | None, *, locked: bool, closed: bool) -> dict[str, str]:
        """French sentences by field; ``shown`` is the right's end now, None when there is no such right."""
        former, end = read_date(self.former_end), read_date(self.end)
        wrong = {
            "droit": (shown is None or locked, "Droit inconnu, ou en cours de modification par l'agent A1002."),
            "ancienne_fin": (shown != self.former_end, "Ce n'est pas la fin actuelle de ce droit."),
            "periode": (closed, "Ce droit est fermé : la fermeture s'annule d'abord."),
            "nouvelle_fin": (former is None or end is None or end <= former, "La nouvelle fin doit suivre l'ancienne."),
            "motif": (not 1 <= len(self.motive) <= 20, "Indiquez le motif (20 caractères au plus)."),
            "reference_libre": (len(self.free_reference) > 40, "La référence libre a 40 caractères au plus."),
        }
        return {name: sentence for name, (is_wrong, sentence) in wrong.items() if is_wrong}

    def facts(self) -> dict[str, object]:
        """What the ledger keeps of it."""
        return {
            "right": self.right, "former_end": self.former_end, "end": self.end, "motive": self.motive,
            "free_reference": self.free_reference,
        }  # fmt: skip
