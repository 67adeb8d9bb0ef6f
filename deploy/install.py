"""Installe ou met à jour Go-les-robots à partir de ce paquet, sans réseau : python3 -I install.py

Bibliothèque standard seulement. Tout est vérifié avant que rien ne soit écrit ; une version a son dossier, « current »
désigne celle qui sert et « previous » celle d'avant ; une installation interrompue se relance.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import NoReturn

HERE = Path(__file__).resolve().parent
SUMS, SIGNATURE = "SHA256SUMS", "SHA256SUMS.sig"
#: The key that signed the first bundle installed here; later ones must be signed by it too.
PINNED = "bundle.key"
#: The first migration whose programs run beside a newer database (orchestrator/store/compatibility.py).
_FIRST = "0030_many_machines.sql"
#: What stands before the 32 bytes of an Ed25519 public key in its usual encoding (RFC 8410).
_ED25519 = bytes.fromhex("302a300506032b6570032100")


def main() -> int:
    """Carry out what was asked."""
    options = _options()
    os.umask(0o022)
    to: Path = options.to.absolute()
    if options.back:
        go_back(to, restored=options.restored)
        return 0
    check_sums(HERE)
    check_signature(HERE, to, options.key)
    about = json.loads((HERE / "bundle.json").read_text(encoding="ascii"))
    check_machine(about)
    if options.packages:
        install_packages(HERE / "debian", options.packages)
    install(HERE, to, about["name"])
    if options.key:
        (to / PINNED).write_text(options.key + "\n", encoding="ascii")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Installe ou met à jour Go-les-robots à partir de ce paquet, sans réseau."
    )
    parser.add_argument("--to", type=Path, default=Path("/opt/go-les-robots"), help="où (défaut : %(default)s)")
    parser.add_argument("--key", help="la clé publique attendue ; retenue pour les mises à jour suivantes")
    parser.add_argument("--packages", nargs="*", metavar="PAQUET",
                        help="d'abord ces paquets Debian, pris dans celui-ci, par exemple chromium-headless-shell")  # fmt: skip
    parser.add_argument("--back", action="store_true", help="revient à la version d'avant")
    parser.add_argument("--restored", action="store_true",
                        help="avec --back : la base a été restaurée telle que la version d'avant l'avait laissée")  # fmt: skip
    return parser.parse_args()


def check_sums(bundle: Path) -> None:
    """Refuse a bundle with a file changed, missing or added."""
    lines = (bundle / SUMS).read_text(encoding="utf-8").splitlines()
    expected = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    found = {
        path.relative_to(bundle).as_posix() for path in bundle.rglob("*") if not path.is_dir() or path.is_symlink()
    }
    odd = sorted((found - {SUMS, SIGNATURE}) ^ expected.keys())
    changed = [name for name in sorted(expected.keys() & found) if _digest(bundle / name) != expected[name]]
    if odd or changed:
        give_up(f"le paquet est abîmé ou a été modifié : {', '.join((odd + changed)[:5])}. Rien n'a été installé.")


def check_signature(bundle: Path, to: Path, key: str | None) -> None:
    """Refuse sums that the expected key has not signed; nothing is expected of a first installation without ``--key``."""
    pinned = to / PINNED
    if pinned.exists():
        known = pinned.read_text(encoding="ascii").strip()
        if key not in (None, known):
            give_up(f"ce serveur attend une autre clé ({pinned}). Pour en changer, effacer ce fichier d'abord.")
        key = known
    if key is None:
        say("Signature pas vérifiée : donner la clé de la maison par --key (glr bundle la montre).")
        return
    if not (bundle / SIGNATURE).exists():
        give_up("le paquet n'est pas signé, alors qu'une clé est attendue. Rien n'a été installé.")
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as pem:
        body = base64.b64encode(_ED25519 + base64.b64decode(key)).decode()
        pem.write(f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
        pem.flush()
        verify = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", pem.name, "-rawin", "-in", str(bundle / SUMS)]
        try:
            done = subprocess.run([*verify, "-sigfile", str(bundle / SIGNATURE)], capture_output=True, check=False)
        except FileNotFoundError:
            give_up(
                "il faut openssl pour vérifier la signature : l'installer du support de Debian, pas de ce paquet, qui n'est "
                "pas encore vérifié. Rien n'a été installé."
            )
    if done.returncode:
        give_up("le paquet n'est pas signé par la clé attendue. Rien n'a été installé.")
    say("Signature vérifiée.")


def check_machine(about: dict[str, str]) -> None:
    """Refuse a Python or a processor that the wheels were not fetched for."""
    here = (f"{sys.version_info.major}.{sys.version_info.minor}", platform.machine())
    if here != (about["python"], about["machine"]):
        give_up(
            f"ce paquet est pour Python {about['python']} sur {about['machine']}, ici Python {here[0]} sur {here[1]}."
        )


def install_packages(folder: Path, names: list[str]) -> None:
    """Let apt install packages, and what they lack, from the bundle alone."""
    with tempfile.TemporaryDirectory() as state:
        source = Path(state) / "sources.list"
        # sums and signature were checked a moment ago: that is what apt would ask a Release file for
        source.write_text(f"deb [trusted=yes] copy:{folder} ./\n", encoding="utf-8")
        (Path(state) / "lists").mkdir()
        (Path(state) / "cache" / "archives" / "partial").mkdir(parents=True)
        options = [f"Dir::Etc::SourceList={source}", "Dir::Etc::SourceParts=-", f"Dir::State::Lists={state}/lists"]
        options += ["APT::Sandbox::User=root", "APT::Install-Recommends=false", f"Dir::Cache={state}/cache"]
        apt = ["apt-get", "-qq", *(part for each in options for part in ("-o", each))]
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        run([*apt, "update"], "lecture des paquets Debian", quiet)
        run([*apt, "--yes", "install", *names], "installation des paquets Debian", quiet)


def install(bundle: Path, to: Path, name: str) -> None:
    """Make the version beside those that are there, try it, then let it serve."""
    target = to / "versions" / name
    whole = target / ".installed"
    if not whole.exists():
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        with tarfile.open(bundle / "source.tar") as source:
            source.extractall(target)  # noqa: S202 - its sum was checked
        alone = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(target), "PIP_CONFIG_FILE": os.devnull}
        alone |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(bundle / "wheels"), "PIP_NO_CACHE_DIR": "1"}
        run([sys.executable, "-I", str(target / "scripts" / "prepare.py")], "environnement", alone)
        python = str(target / ".venv" / "bin" / "python")
        ours = [
            str(target / each)
            for each in ("orchestrator", "keywords", "sandbox", "checker")
            if (target / each).is_dir()
        ]
        run([python, "-I", "-m", "compileall", "-q", *ours], "compilation", alone)
        run([str(target / ".venv" / "bin" / "glr"), "--version"], "essai", alone)
        whole.touch()
    serving = to / "current"
    if serving.is_symlink() and serving.resolve() != target:
        point(to / "previous", serving.resolve())
    point(serving, target)
    say(f"{name} est installé dans {target}, et sert ({serving}).")
    try_driver(target)


def try_driver(version: Path) -> None:
    """Say when the browser's driver does not start here: only servers that host robots need it."""
    words = [str(version / ".venv" / "bin" / "python"), "-I", "-m", "playwright", "--version"]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        why = next(iter(done.stderr.strip().splitlines()), "sans message")
        say(f"ce serveur ne peut pas héberger de robots : le pilote du navigateur ne démarre pas ({why}).")
        say("S'il le doit, relancer avec --packages chromium-headless-shell libatomic1.")


def go_back(to: Path, *, restored: bool) -> None:
    """Let the version before serve again, unless the database may know what it does not."""
    current, previous = to / "current", to / "previous"
    if not (current.exists() and previous.exists()):
        give_up(f"il n'y a pas de version d'avant dans {to}.")
    now, before = current.resolve(), previous.resolve()
    newer = sorted(_too_new(now, before))
    if newer and not restored:
        give_up(
            f"{now.name} change la base ({', '.join(newer)}), que {before.name} ne supporte pas. Restaurer d'abord la "
            "sauvegarde d'avant la mise à jour, puis --back --restored. Rien n'a été changé."
        )
    point(current, before)
    point(previous, now)
    say(f"{before.name} sert de nouveau.")


def _too_new(now: Path, before: Path) -> set[str]:
    """Return the migrations beside which the version before may not run: their first line would say so."""
    known = set(_migrations(before))
    found = set()
    for name, path in _migrations(now).items():
        first = path.read_text(encoding="utf-8").partition("\n")[0]
        said = re.match(r"-- (?:expand\b|contract after (\d{4}_\w+\.sql)\b)", first)
        if name not in known and (said is None or (said.group(1) or _FIRST) not in known):
            found.add(name)
    return found


def _migrations(version: Path) -> dict[str, Path]:
    return {path.name: path for path in (version / "orchestrator" / "store" / "migrations").glob("*.sql")}


def point(link: Path, target: Path) -> None:
    """Make a link name another folder, by one rename."""
    draft = link.with_name(f".{link.name}.{os.getpid()}")
    draft.symlink_to(target)
    draft.replace(link)


def run(command: list[str], what: str, environment: dict[str, str]) -> None:
    """Run a program; its words are told only when it fails."""
    say(f"{what}…")
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode:
        sys.stderr.write(done.stdout.decode(errors="replace"))
        give_up(f"échec : {what} (code {done.returncode}). La version qui sert n'a pas changé.")


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def say(what: str) -> None:
    """Tell who installs."""
    sys.stderr.write(f"installation : {what}\n")


def give_up(why: str) -> NoReturn:
    """End with a sentence."""
    say(why)
    raise SystemExit(1)


if __name__ == "__main__":
    raise SystemExit(main())
