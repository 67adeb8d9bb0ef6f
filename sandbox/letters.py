"""Where letters go: the address of a person in BDO, and the letters that the post sent back, as the GED holds them.

Both follow from the NIR, so that every population has people whom no letter reaches; the households of the C2S have all one.
"""

from datetime import date

from sandbox.model import Person, Population

#: The kind under which agents file a letter that came back, and who filed those of the population.
RETURNED, AUTHOR = "RETOUR_NPAI", "A1002"
RETURNED_ON = date(2026, 2, 16)
#: A whole PDF of one empty page, for what is only a scan here.
SCAN = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)


def address_of(person: Person) -> str:
    """The address in one line; empty for the few whom BDO has none for."""
    key = int(person.nir[13:])
    return "" if key % 23 == 0 else f"{key} rue des Exemples, {person.birth_place[:2]}999 Villefictive"


def returned(population: Population) -> list[Person]:
    """The people whose last letter came back."""
    return [person for person in population.people if int(person.nir[13:]) % 19 == 0]
