"""Cases that no living runner may host, as people read of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.domain.labels import shown_labels

LABELS_ADVICE = "Lancer sur une machine qui les a : glr runner --labels ; ou corriger runs_on: dans robot.yaml."


def unhosted(row: Mapping[str, Any]) -> str:
    """Say which cases wait for which labels (``sessions.unhosted``)."""
    many = f"{row['cases']} dossiers attendent" if row["cases"] > 1 else "1 dossier attend"
    asked = f"un poste qui ait les étiquettes {shown_labels(row['labels'])}"
    return f"{row['scenario']} : {many} {asked} ; aucun poste vivant ne les a."
