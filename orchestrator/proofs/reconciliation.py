"""The report of a reconciliation: a table for machines, a page for people, both in one signed file (ADR 25)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from orchestrator.bootstrap.reconciliation import Reconciled
from orchestrator.domain.civil import PARIS, french_date
from orchestrator.domain.money import Euros
from orchestrator.domain.spreadsheet import table
from orchestrator.engine.reconcile import GapKind
from orchestrator.proofs.sealed import Sealed

#: What each gap is called.
WORDS = {
    GapKind.MISSING: "manquante",
    GapKind.EXTRA: "en trop",
    GapKind.DIFFERENT: "différente",
    GapKind.ANOTHER: "saisie par un autre",
    GapKind.DOUBT: "en doute",
    GapKind.LOST: "lignes perdues",
    GapKind.UNPROVEN: "sans preuve",
}
HEADER = (
    "Application", "Robot", "Écart", "Dossier", "Référence", "Montant chez nous", "Montant dans l'application",
    "Détail", "Explication",
)  # fmt: skip
_SAME = "identique"
_GAPS = ("Écart", "Dossier", "Référence", "Chez nous", "Dans l'application", "Détail", "Explication")
_SOURCES = ("Livraison", "Date", "Lignes", "Dossiers", "Écartées", "Saisis", "À finir")
Row = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was compared, for one signed file."""

    caisse: str
    made_at: datetime
    parts: Sequence[Reconciled]

    @property
    def unexplained(self) -> int:
        """How many gaps nobody has explained."""
        return sum(part.unexplained for part in self.parts)

    @property
    def name(self) -> str:
        """What its files are called, without an ending: the day it was made, and the days it is about."""
        first, last = min(part.first for part in self.parts), max(part.last for part in self.parts)
        days = first.isoformat() if first == last else f"{first.isoformat()}-au-{last.isoformat()}"
        return f"rapprochement-{days}"

    def csv(self) -> bytes:
        """Return every entry that was compared and every gap, one a line; opens in a spreadsheet as it is."""
        return table(
            HEADER,
            (
                (part.application, part.robot, *row)
                for part in self.parts
                for row in (*_gap_rows(part), *_same_rows(part))
            ),
        )

    def html(self) -> str:
        """Return what a person reads, as one page."""
        when = f"{self.made_at.astimezone(PARIS):%d/%m/%Y à %H:%M}"
        verdict = f"{self.unexplained} écart(s) sans explication." if self.unexplained else "Tout concorde."
        head = f"<h1>Rapprochement</h1><p>{escape(self.caisse)}, fait le {when}.</p><p><b>{verdict}</b></p>"
        return head + "".join(_section(part) for part in self.parts)

    def sealed(self, pdf: bytes) -> Sealed:
        """Return the file to sign."""
        return Sealed(
            kind="reconciliation",
            caisse=self.caisse,
            made_at=self.made_at,
            about={"unexplained": self.unexplained, "parts": [_about(part) for part in self.parts]},
            files={"rapprochement.csv": self.csv(), "rapprochement.pdf": pdf},
        )


def _about(part: Reconciled) -> dict[str, object]:
    return {
        "application": part.application,
        "robot": part.robot,
        "first": part.first.isoformat(),
        "last": part.last.isoformat(),
        "matched": part.found.matched,
        "total_c": part.found.total.centimes,
        "gaps": len(part.found.gaps),
        "deliveries": {source.file_name: source.sha256 for source in part.found.sources},
    }


def _gap_rows(part: Reconciled) -> Iterator[Row]:
    for gap in part.found.gaps:
        said = part.explained.get(gap.fingerprint(part.application), "")
        amounts = (_typed(gap.ours_c), _typed(gap.seen_c))
        yield WORDS[gap.kind], gap.case, gap.reference, *amounts, gap.message, said


def _same_rows(part: Reconciled) -> Iterator[Row]:
    for match in part.found.matches:
        yield _SAME, match.case, match.reference, match.amount.typed, match.amount.typed, "", ""


def _section(part: Reconciled) -> str:
    found = part.found
    sources = [
        (s.file_name, french_date(s.run_date), *map(str, (s.rows, s.in_cases, s.set_aside, s.entered, s.open)))
        for s in found.sources
    ]
    head = (
        f"<h2>{escape(part.application.upper())}, robot {escape(part.robot)}</h2>"
        f"<p>Du {french_date(part.first)} au {french_date(part.last)}. Saisies retrouvées à l'identique : "
        f"{found.matched}, pour {found.total}.</p>"
    )
    gaps = list(_gap_rows(part))
    shown = _grid(_GAPS, gaps) if gaps else "<p>Aucun écart.</p>"
    return f"{head}<h3>Écarts</h3>{shown}<h3>Livraisons</h3>{_grid(_SOURCES, sources)}"


def _grid(header: Row, rows: Sequence[Row]) -> str:
    width = 100 // len(header)
    head = "".join(f'<th width="{width}%" align="left">{escape(name)}</th>' for name in header)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f'<table border="1"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _typed(centimes: int | None) -> str:
    return "" if centimes is None else Euros(centimes).typed
