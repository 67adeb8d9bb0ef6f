"""What a page says of how a field is typed, besides its label: read without any value, and without the next field's words."""

from __future__ import annotations

import pytest

from orchestrator.drivers.document import parse
from orchestrator.drivers.facts import forms_of


@pytest.mark.parametrize(
    ("field", "hint", "demands"),
    [
        ('<input id="f">', "", ""),
        ('<input id="f" placeholder="31/12/2025" title="Jour">', "##/##/#### ; Jour", ""),
        ('<input id="f"> <small>ex. 1250,00</small>', "ex. #,#", ""),
        ('<input id="f"> en euros <input id="g">', "en euros", ""),
        ('<input id="f"><p><label for="g">Devise</label> <input id="g"></p>', "", ""),
        ('<input id="f"><!-- 3 --> <button>Valider</button>', "", ""),
        (
            r'<input id="f" pattern="\d+" step="0.01" inputmode="decimal">',
            "",
            r"pattern=\d+ step=0.01 inputmode=decimal",
        ),
        ('<span id="h">AAAA-MM-JJ</span><input id="f" aria-describedby="h">', "AAAA-MM-JJ", ""),
    ],
)
def test_the_hint_of_a_field_is_its_own(field: str, hint: str, demands: str) -> None:
    page = f'<form id="x"><div>{field}</div></form>'.encode()
    (form,) = forms_of(parse("http://here.test/", "text/html; charset=utf-8", page))
    found = next(each for each in form.fields if each.id == "f")
    assert (found.hint, found.demands) == (hint, demands)
