"""What makes an entry safe: the key of its effect, its approval, and what is read again just before."""

from __future__ import annotations

from orchestrator.domain.keywords import Kind
from orchestrator.language.compile_values import expression, template
from orchestrator.language.faults import suggest
from orchestrator.language.forms import Words
from orchestrator.language.model import ApprovalRule
from orchestrator.language.nodes import Text
from orchestrator.language.sections import Section
from orchestrator.language.templates import Template

#: Keys that only an entry has.
ENTER_KEYS = ("effect_key", "approval", "reread")
ROLES = {"supervisor": "supervisor", "accounting": "accounting"}


def compile_effect_key(section: Section, identifier: Text, words: Words) -> Template | None:
    """Return the business identity of the effect: the identifiers of the case, nothing else."""
    section.need("effect_key", "ACP-IJ/${nir}/${stop_id}")
    node = section.scalar("effect_key")
    key = template(node, words.scope, f"étape {identifier.text}, effect_key", words.faults) if node else None
    if key is None or node is None or words.key is None:
        return key
    allowed, needed = _of_the_item(words)
    for name in key.names:
        if name not in words.key and name not in allowed:
            message = f"effect_key : « {name} » n'est pas un identifiant du dossier"
            advice = "Jamais de montant, de période ni de date : la même saisie aurait une autre clé demain."
            words.faults.add(node, message, advice)
    for names, of in ((sorted(words.key), "du dossier"), (needed, "de l'élément")):
        for name in names:
            if name not in key.names:
                message = f"effect_key : il manque « {name} », qui est dans la clé {of}"
                words.faults.add(node, message, f"Ajouter ${{{name}}}.")
    if not key.pieces[0].strip("/ "):
        words.faults.add(node, "effect_key : elle commence par ce qui est saisi", "Écrire par exemple ACP-IJ/${nir}/…")
    return key


def _of_the_item(words: Words) -> tuple[list[str], list[str]]:
    """Return what the key may hold of the item around, and what it must: the key of its row."""
    if words.item is None:
        return [], []
    name, shape = words.item
    return [f"{name}.{path}" for path in shape.identifiers], [f"{name}.{path}" for path in shape.key]


def compile_approval(section: Section, identifier: Text, words: Words) -> ApprovalRule | None:
    """Return when a second person must agree, or None when nobody need."""
    if "approval" not in section:
        return None
    given = section.section("approval", "approval", ("when", "by"))
    given.need("when", "advance.amount > approval_above")
    given.need("by", "[supervisor]")
    node = given.scalar("when")
    place = f"étape {identifier.text}, approval"
    when = expression(node, words.scope, bool, place, words.faults) if node else None
    roles = given.texts("by")
    for role in roles:
        if role.text not in ROLES:
            words.faults.add(role, f"approval : rôle « {role.text} » inconnu", suggest(role.text, ROLES))
    return ApprovalRule(when=when, by=tuple(role.text for role in roles)) if when else None


def compile_reread(section: Section, words: Words) -> tuple[str, ...]:
    """Return the reading steps that are run again just before the look-up."""
    reading = {step.id for step in words.before if step.kind in (Kind.CHECK, Kind.EXTRACT)}
    names = section.texts("reread")
    for name in names:
        if name.text not in reading:
            message = f"reread : « {name.text} » n'est pas une étape de lecture (check, extract) placée avant"
            words.faults.add(name, message, suggest(name.text, reading))
    return tuple(name.text for name in names)
