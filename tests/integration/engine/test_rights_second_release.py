"""The editors of the C2S and of the GED have delivered a second release: it is seen before anything is entered, then worked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from kept_desk import KeptDesk
from rights_world import acts, ends, letters, rights_world, run
from robot_world import DAY, PracticeWorld
from second_release import adopted, install

from orchestrator.drivers.canary import further, walk
from orchestrator.drivers.desk import WebDesk
from orchestrator.drivers.witness import load_witnesses
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault
from sandbox import extensions

CASE = "B01"
SAID = {
    "c2s": {
        ("login", "version : « 1 » → « 2 »"),
        ("right", "champ « end » (« Fin ») : « #fin » introuvable, maintenant « #date_fin »"),
        ("right", "champ « renewal », libellé : « Renouvellement » → « Renouvellement en cours »"),
        ("change", "champ « end » (« Nouvelle fin ») : « #nouvelle_fin » introuvable, maintenant « #fin_demandee »"),
        ("change", "champ « nouvelle_fin », nom envoyé : « nouvelle_fin » → « fin_demandee »"),
        ("change", "champ « motive », libellé : « Motif » → « Motif réglementaire »"),
    },
    "ged": {
        ("login", "version : « 1 » → « 2 »"),
        *(
            (screen, "tableau « documents », colonne « kind » (« Nature ») : « td.nature » introuvable, maintenant « td.type »")
            for screen in ("documents", "about", "filed_by_author")
        ),
        ("document", "champ « kind » (« Nature ») : « #nature » introuvable, maintenant « #type »"),
        ("filing", "champ « kind » (« Nature ») : « #nature » introuvable, maintenant « #type_document »"),
        ("filing", "champ « nature », nom envoyé : « nature » → « type_document »"),
        ("filing", "champ « subject », libellé : « Objet » → « Dossier concerné »"),
    },
}  # fmt: skip


@pytest.fixture
def practice(practice_world: PracticeWorld) -> Iterator[PracticeWorld]:
    """Serve the second releases, then the first again."""
    install(practice_world.practice, c2s="2", ged="2")
    try:
        yield practice_world
    finally:
        install(practice_world.practice)
        KeptDesk.forget()


async def test_the_second_release_of_the_c2s_and_of_the_ged_is_seen_then_rights_and_letters_are_entered_under_it(
    practice: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path, owner_db: Database
) -> None:
    practice.practice.write_witnesses(tmp_path / "canary.json")
    witnesses = load_witnesses(tmp_path / "canary.json")
    async with rights_world(practice, runner_url, vault, tmp_path) as world:
        for name, said in SAID.items():
            known = world.bench.desks[name]
            assert isinstance(known, WebDesk)
            desk = WebDesk(known.browser, known.contract, known.account)
            found = await further(desk, witnesses[name], await walk(desk, witnesses[name]))
            assert said <= {(one.screen, one.text) for one in found.differences if one.alters}
            assert {one.screen for one in found.differences if one.alters} == {screen for screen, _ in said}
            contract = await adopted(known.browser, practice, tmp_path / "own", name, "2", known.account)
            world.bench.desks = {**world.bench.desks, name: KeptDesk(known.browser, contract, known.account)}

        (due,) = extensions.judge("F-001")
        assert await ends(owner_db, await run(world, DAY, CASE)) == [("entered", "")]
        made = acts(world)[due.right]
        assert [(act["act"], act["end"]) for act in made] == [("MODIFICATION", due.end)]
        (letter,) = extensions.attestations("F-001")
        (filed,) = [act for act in letters(world) if act["reference"] == letter["reference"]]
        assert {name: filed[name] for name in letter} == letter
