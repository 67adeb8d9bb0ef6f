"""Changes that a release of an application might bring to a form, by seed; `mutations.json` asks for one.

`{"compta": {"screen": "nouvelle-avance", "kind": "swap_labels", "seed": 3}}`
"""

import json
import random
import re
from collections.abc import Callable
from pathlib import Path

_ROW = re.compile(r'<tr><td><label for="\w+">.*?</label></td><td><input.*?></td></tr>')
_NAME = re.compile(r' name="(\w+)"')
_LABEL = re.compile(r"(?<=\">)[^<]*(?=</label>)")
Change = Callable[[str, random.Random], str]


def mutate(page: str, screen: str, application: str, folder: Path) -> str:
    """The page as the asked mutation leaves it."""
    try:
        wanted = json.loads((folder / "mutations.json").read_text()).get(application)
    except FileNotFoundError:
        return page
    if not wanted or wanted["screen"] != screen:
        return page
    return KINDS[wanted["kind"]](page, random.Random(wanted["seed"]))


def _two(page: str, chance: random.Random) -> tuple[str, str]:
    first, second = chance.sample([row for row in _ROW.findall(page) if "readonly" not in row], 2)
    return first, second


def _exchange(page: str, chance: random.Random, part: re.Pattern[str]) -> str:
    first, second = _two(page, chance)
    one, other = part.search(first), part.search(second)
    if one is None or other is None:
        raise ValueError("this form has no such part")
    changed = {first: part.sub(other[0], first, count=1), second: part.sub(one[0], second, count=1)}
    return re.sub("|".join(map(re.escape, changed)), lambda found: changed[found[0]], page)


def _swap_fields(page: str, chance: random.Random) -> str:
    return _exchange(page, chance, _NAME)


def _swap_labels(page: str, chance: random.Random) -> str:
    return _exchange(page, chance, _LABEL)


def _rename_id(page: str, chance: random.Random) -> str:
    row = chance.choice(_ROW.findall(page))
    return page.replace(row, re.sub(r'(for|id)="(\w+)"', r'\1="\2_2"', row))


def _rename_name(page: str, chance: random.Random) -> str:
    row = chance.choice(_ROW.findall(page))
    return page.replace(row, _NAME.sub(r' name="\1_2"', row))


def _move_field(page: str, chance: random.Random) -> str:
    moved, target = _two(page, chance)
    rows = _ROW.findall(page)
    if rows.index(moved) == rows.index(target) - 1:  # there it already stands
        moved, target = target, moved
    return page.replace(moved, "").replace(target, moved + target)


def _add_field(page: str, chance: random.Random) -> str:
    row = chance.choice(_ROW.findall(page))
    added = '<tr><td><label for="devise">Devise</label></td><td><input type="text" id="devise" name="devise"></td></tr>'
    return page.replace(row, row + added)


def _confirmation_page(page: str, chance: random.Random) -> str:
    return page.replace('action="/avances"', f'action="/avances/confirmation{chance.randrange(9)}"')


def _date_format(page: str, chance: random.Random) -> str:
    label = chance.choice(["Période du", ">au"])
    return page.replace(f"{label}</label>", f"{label} (AAAA-MM-JJ)</label>")


def _amount_format(page: str, chance: random.Random) -> str:
    return page.replace("Montant</label>", f"Montant ({chance.choice(['centimes', 'k€', 'sans virgule'])})</label>")


def _no_question(page: str, chance: random.Random) -> str:  # noqa: ARG001 - every change has the same shape
    return re.sub(r' onsubmit=".*?"(?=>)', "", page)


def _css(page: str, chance: random.Random) -> str:
    return page.replace(
        "</style>", f"input{{width:{chance.randrange(200, 400)}px;color:#{chance.randrange(4096):03x}}}</style>"
    )


def _banner(page: str, chance: random.Random) -> str:
    return page.replace("<h2>", f'<p class="info">Maintenance le {chance.randrange(1, 29):02}/06 à 20 h.</p><h2>')


#: What changes an entry, or may.
ALTERING: dict[str, Change] = {
    "swap_fields": _swap_fields, "swap_labels": _swap_labels, "rename_id": _rename_id, "rename_name": _rename_name,
    "move_field": _move_field, "add_field": _add_field, "confirmation_page": _confirmation_page,
    "date_format": _date_format, "amount_format": _amount_format, "no_question": _no_question,
}  # fmt: skip
#: What changes nothing for a robot.
HARMLESS: dict[str, Change] = {"css": _css, "banner": _banner}
KINDS = ALTERING | HARMLESS
