"""What a release may do to what is shown: values beside their headings, and lists."""

import random
import re
from collections.abc import Callable

from lxml import html

from sandbox.mutations.parts import Node, Page, UnfitError, exchange_attribute, exchange_content, one, row_of, two

_DATE = re.compile(r"(\d{2})/(\d{2})/(\d{4})( .*)?")
_AMOUNT = re.compile(r"\d{1,3}(?:\xa0\d{3})*,\d{2}")


def rename_id(page: Page, chance: random.Random) -> None:
    """A value has another id."""
    found = one(chance, page.named())
    page.touched.append(found.get("id"))
    found.set("id", f"{found.get('id')}_2")


def drop_field(page: Page, chance: random.Random) -> None:
    """A value is no longer shown."""
    _, found = one(chance, page.values())
    page.touched.append(found.get("id"))
    row = row_of(found)
    row.getparent().remove(row)


def move_field(page: Page, chance: random.Random) -> None:
    """A value stands elsewhere, under the same heading and id."""
    (_, moved), (_, target) = two(chance, page.values())
    page.touched.append(moved.get("id"))
    row_of(target).addnext(row_of(moved))


def swap_fields(page: Page, chance: random.Random) -> None:
    """Two values have each other's id."""
    (_, first), (_, second) = two(chance, page.values())
    page.touched += [first.get("id"), second.get("id")]
    exchange_attribute("id", first, second)


def swap_labels(page: Page, chance: random.Random) -> None:
    """Two headings change places with what they say; the ids stay."""
    (heading, first), (other, second) = two(chance, page.values())
    page.touched += [first.get("id"), second.get("id")]
    exchange_content(heading, other)
    exchange_content(first, second)


def date_format(page: Page, chance: random.Random) -> None:
    """Dates are shown in another order."""
    style = chance.choice([r"\3-\2-\1\4", r"\2/\1/\3\4", r"\1.\2.\3\4"])
    _rewrite(page, lambda text: _DATE.sub(style, text) if _DATE.fullmatch(text) else text)


def amount_format(page: Page, chance: random.Random) -> None:
    """Amounts are shown with other separators, or in centimes."""
    style = chance.choice([_with_point, _in_centimes])
    _rewrite(page, lambda text: style(text) if _AMOUNT.fullmatch(text) else text)


def swap_columns(page: Page, chance: random.Random) -> None:
    """Two columns of a list change places whole: heading, values and classes."""
    first, second = _two_columns(page, chance)
    page.touched += _classes(page, first, second)
    for row in page.rows():
        one_cell, other = row[first], row[second]
        marker = html.Element("td")
        one_cell.addprevious(marker)
        other.addprevious(one_cell)
        marker.addprevious(other)
        row.remove(marker)


def swap_cells(page: Page, chance: random.Random) -> None:
    """Two columns change places, but the classes stay: each now marks the other's values."""
    first, second = _two_columns(page, chance)
    page.touched += _classes(page, first, second)
    for row in page.rows():
        exchange_content(row[first], row[second])


def swap_classes(page: Page, chance: random.Random) -> None:
    """The values of two columns have each other's class."""
    first, second = _two_columns(page, chance)
    page.touched += _classes(page, first, second)
    for row in page.rows()[1:]:
        exchange_attribute("class", row[first], row[second])


def rename_class(page: Page, chance: random.Random) -> None:
    """The values of a column have another class."""
    place = _one_column(page, chance)
    page.touched += _classes(page, place)
    for row in page.rows()[1:]:
        row[place].set("class", f"{row[place].get('class')}_2")


def drop_column(page: Page, chance: random.Random) -> None:
    """A column is no longer shown."""
    place = _one_column(page, chance)
    page.touched += _classes(page, place)
    for row in page.rows():
        row.remove(row[place])


def add_column(page: Page, chance: random.Random) -> None:
    """One more column."""
    place = _one_column(page, chance)
    page.touched.append("guichet")
    for number, row in enumerate(page.rows()):
        text = '<td class="guichet">B12</td>' if number else "<th>Guichet</th>"
        row.insert(place, html.fragment_fromstring(text, parser=html.xhtml_parser))


def rename_list(page: Page, chance: random.Random) -> None:  # noqa: ARG001 - every change has the same shape
    """A list has another id."""
    rows = page.rows()
    if not rows:
        raise UnfitError
    table = next(rows[0].iterancestors("table"))
    page.touched.append(table.get("id"))
    table.set("id", f"{table.get('id')}_2")


def _rewrite(page: Page, write: Callable[[str], str]) -> None:
    for cell in page.shown():
        text = write(cell.text.strip())
        if text != cell.text.strip():
            page.touched.append(cell.get("id") or cell.get("class") or "")
            cell.text = text
    if not page.touched:
        raise UnfitError


def _with_point(text: str) -> str:
    return text.replace(",", ".").replace("\xa0", ",")


def _in_centimes(text: str) -> str:
    return text.replace(",", "").replace("\xa0", "")


def _one_column(page: Page, chance: random.Random) -> int:
    return one(chance, _columns(page))


def _two_columns(page: Page, chance: random.Random) -> tuple[int, int]:
    first, second = sorted(two(chance, _columns(page)))
    return first, second


def _columns(page: Page) -> list[int]:
    rows = page.rows()
    return list(range(len(rows[0]))) if len(rows) > 1 else []


def _classes(page: Page, *places: int) -> list[str]:
    row: Node = page.rows()[1]
    return [row[place].get("class") for place in places]
