"""What a release may do to a form; where the meaning changes, so does what the application makes of it."""

import random

from lxml import html

from sandbox.mutations.hints import TOLD, tell
from sandbox.mutations.parts import Page, UnfitError, exchange_attribute, exchange_content, one, row_of, two


def swap_fields(page: Page, chance: random.Random) -> None:
    """Two fields send each other's name."""
    (_, first), (_, second) = two(chance, page.fields())
    page.touched += [first.get("id"), second.get("id")]
    exchange_attribute("name", first, second)


def swap_labels(page: Page, chance: random.Random) -> None:
    """Two labels change places, and the application reads the fields as they are now labelled."""
    (label, first), (other, second) = two(chance, page.fields())
    page.touched += [first.get("id"), second.get("id")]
    page.meaning["swap"] = [first.get("name"), second.get("name")]
    exchange_content(label, other)


def rename_id(page: Page, chance: random.Random) -> None:
    """A field has another id."""
    label, found = one(chance, page.fields())
    page.touched.append(found.get("id"))
    found.set("id", f"{found.get('id')}_2")
    label.set("for", found.get("id"))


def rename_name(page: Page, chance: random.Random) -> None:
    """A field sends another name."""
    _, found = one(chance, page.fields())
    page.touched.append(found.get("id"))
    found.set("name", f"{found.get('name')}_2")


def move_field(page: Page, chance: random.Random) -> None:
    """A field stands elsewhere."""
    (_, moved), (_, target) = two(chance, page.fields())
    page.touched.append(moved.get("id"))
    row, place = row_of(moved), row_of(target)
    if row.getnext() is place:  # there it already stands
        row, place = place, row
    place.addprevious(row)


def add_field(page: Page, chance: random.Random) -> None:
    """One more field, for the currency."""
    _, found = one(chance, page.fields())
    page.touched.append("devise")
    form = next(found.iterancestors("form"))
    added = html.fragment_fromstring(
        '<p><label for="devise">Devise</label> <input type="text" id="devise" name="devise"></p>'
    )
    form.insert(chance.randrange(len(form) + 1), added)


def confirmation_page(page: Page, chance: random.Random) -> None:
    """The form goes to a page that asks to confirm."""
    form = one(chance, list(page.root.iter("form")))
    page.touched.append(form.get("id"))
    form.set("action", f"{form.get('action').rstrip('/')}/confirmation{chance.randrange(9)}")


def date_format(page: Page, chance: random.Random) -> None:
    """Dates are typed in another order, which the page says somewhere, or only its script knows."""
    order, hint = chance.choice([("iso", "AAAA-MM-JJ"), ("us", "MM/JJ/AAAA")])
    dates = [(label, found) for label, found in page.fields() if found.get("name") in {"du", "au"}]
    if not dates:
        raise UnfitError
    page.touched += ["du", "au"]
    page.meaning["dates"] = order
    tell(chance.choice(TOLD), dates, order, hint)


def amount_format(page: Page, chance: random.Random) -> None:
    """Amounts are typed with other separators, which the page says somewhere, or only its script knows."""
    style, hint = chance.choice([("point", "1,250.00"), ("whole", "sans décimales")])
    amounts = [(label, found) for label, found in page.fields() if found.get("name") == "montant"]
    if not amounts:
        raise UnfitError
    page.touched.append("montant")
    page.meaning["amounts"] = style
    tell(chance.choice(TOLD), amounts, style, hint)


def no_question(page: Page, chance: random.Random) -> None:
    """The form is sent without asking."""
    form = one(chance, page.root.xpath("//form[@onsubmit]"))
    page.touched.append(form.get("id"))
    del form.attrib["onsubmit"]


def other_sent(page: Page, chance: random.Random) -> None:
    """A page shows a value and sends another."""
    sent = one(chance, page.root.xpath("//input[@type='hidden'][@name='montant' or @name='reference_arret']"))
    page.touched.append(sent.get("name"))
    sent.set("value", f"1{sent.get('value')}")


def one_to_fill(page: Page, chance: random.Random) -> None:
    """A page that only confirmed has something to fill."""
    form = one(chance, list(page.root.iter("form")))
    page.touched.append("canal")
    said = f'<p>Canal <input type="text" id="canal" name="canal" value="{chance.randrange(9)}"></p>'
    form.insert(0, html.fragment_fromstring(said))
