"""A workshop in a temporary folder, and the practice mail server."""

from __future__ import annotations

import json
from pathlib import Path

from orchestrator.drivers.helper import Helper
from orchestrator.drivers.workshop import DeclaredFolder, RobotWorkshop

ROBOT = "robot-acompte-ij@cpam-931.example"
CONTROL = "controle-comptable@cpam-931.example"
ABOUT = {"robot": "Robot essai", "version": "c0ffee", "purpose": "essayer", "contact": "dpo@example"}


def workshop_in(root: Path, limit: float = 45.0) -> RobotWorkshop:
    """Give a workshop with ``in`` (read), ``out`` (written) and a template folder."""
    (root / "robot" / "modeles").mkdir(parents=True, exist_ok=True)
    (root / "in").mkdir(exist_ok=True)
    return RobotWorkshop(
        home=root / "robot",
        folders={
            "in": DeclaredFolder(path=root / "in", write=False),
            "out": DeclaredFolder(path=root / "out", write=True),
        },
        about=ABOUT,
        mail=root / "mail-secret.json",
        helper=Helper(limit),
    )


def write_mailbox(root: Path, urls: dict[str, str], **more: str) -> None:
    """Write the secrets of the robot's practice mailbox."""
    password = json.loads((root / "mail-accounts.json").read_text(encoding="ascii"))[ROBOT]
    said = {**urls, **more, "login": ROBOT, "password": password, "sender": ROBOT}
    path = root / "mail-secret.json"
    path.write_text(json.dumps({**said, "addresses": {"controle": CONTROL, "moi": ROBOT}}), encoding="utf-8")
    path.chmod(0o600)


def received(root: Path) -> list[str]:
    """Return the identifiers of the mails that the server has accepted, from its own ledger."""
    path = root / "mail.ledger.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [json.loads(line)["message_id"] for line in lines]
