"""The form of the GED that files a document about a person: what may be written in it."""

import hashlib
from dataclasses import dataclass

from sandbox.deposits import DEPOSITED
from sandbox.formats import canonical_nir, nir_is_right, read_date

EMPTY = {
    "nir": "", "nature": "", "reference": "", "objet": "", "du": "", "au": "", "empreinte": "", "reference_libre": "",
}  # fmt: skip
#: What a document may be; letters that were sent back by the post are filed by agents.
KINDS = ("COURRIER_ACOMPTE", "ATTESTATION_DROITS", "LIAISON_CAISSE", "RETOUR_NPAI", "PIECE", *DEPOSITED)
_LARGEST = 5_000_000


@dataclass(frozen=True, kw_only=True)
class Filing:
    """What the form says, and its file; days as they are shown."""

    nir: str
    kind: str
    reference: str
    subject: str
    start: str
    end: str
    digest: str
    free_reference: str
    content: bytes

    @classmethod
    def of(cls, form: dict[str, str], content: bytes) -> "Filing":
        """The filing of a form."""
        nir, kind, reference, subject, start, end, digest, free = (form.get(name, "").strip() for name in EMPTY)
        return cls(
            nir=canonical_nir(nir), kind=kind, reference=reference, subject=subject, start=start, end=end,
            digest=digest.lower(), free_reference=free, content=content,
        )  # fmt: skip

    def errors(self) -> dict[str, str]:
        """French sentences by field."""
        start, end = read_date(self.start), read_date(self.end)
        wrong = {
            "nir": (not nir_is_right(self.nir), "NIR absent ou clé fausse."),
            "nature": (self.kind not in KINDS, f"Nature attendue : {', '.join(KINDS)}."),
            "reference": (
                not 1 <= len(self.reference) <= 40,
                "Indiquez la référence du dossier (40 caractères au plus).",
            ),
            "objet": (not 1 <= len(self.subject) <= 64, "Indiquez l'objet (64 caractères au plus)."),
            "du": (start is None or end is None or end < start, "La période doit commencer avant de finir."),
            "fichier": (not self.is_pdf, "Un PDF entier, de 5 Mo au plus, est attendu."),
            "empreinte": (
                self.digest != self.found,
                "L'empreinte n'est pas celle du fichier reçu : rien n'a été classé.",
            ),
            "reference_libre": (len(self.free_reference) > 40, "La référence libre a 40 caractères au plus."),
        }
        return {name: sentence for name, (is_wrong, sentence) in wrong.items() if is_wrong}

    @property
    def is_pdf(self) -> bool:
        """Whether the file begins and ends as a PDF does."""
        whole = self.content.startswith(b"%PDF-") and self.content.rstrip().endswith(b"%%EOF")
        return whole and len(self.content) <= _LARGEST

    @property
    def found(self) -> str:
        """The digest of what was really received."""
        return hashlib.sha256(self.content).hexdigest()

    def facts(self) -> dict[str, object]:
        """What the ledger keeps of it."""
        return {
            "nir": self.nir, "kind": self.kind, "reference": self.reference, "subject": self.subject, "from": self.start,
            "to": self.end, "digest": self.found, "bytes": len(self.content), "free_reference": self.free_reference,
        }  # fmt: skip
