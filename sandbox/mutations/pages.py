"""What a release may do to a whole page."""

import random

from lxml import html

from sandbox.mutations.parts import Page, one


def css(page: Page, chance: random.Random) -> None:
    """Another look."""
    style = page.root.find(".//style")
    style.text += f"td,input{{padding:{chance.randrange(9)}px;color:#{chance.randrange(4096):03x}}}"


def banner(page: Page, chance: random.Random) -> None:
    """A message above the content."""
    said = html.Element("p", {"class": "info"})
    said.text = f"Maintenance le {chance.randrange(1, 29):02}/06 à 20 h."
    page.root.find(".//h2").addprevious(said)


def slow(page: Page, chance: random.Random) -> None:
    """Slow answers: the page itself is as it was."""
    page.meaning["seconds"] = chance.randrange(50, 300) / 1000


def retitle(page: Page, chance: random.Random) -> None:
    """Another title."""
    title = page.root.find(".//title")
    page.touched.append("title")
    title.text += chance.choice([" (nouveau)", " V2", " - Accueil"])


def relink(page: Page, chance: random.Random) -> None:
    """A link or button has another id."""
    found = one(chance, page.root.xpath("//*[self::a or self::button or self::form][@id][not(@id='lien-deconnexion')]"))
    page.touched.append(found.get("id"))
    found.set("id", f"{found.get('id')}_2")


def other_version(page: Page, chance: random.Random) -> None:
    """The banner shows another version, and nothing else changes."""
    page.touched.append("version")
    page.root.get_element_by_id("version").text = str(chance.randrange(2, 9))
