"""The draft as keywords: one model per screen, one function that reads it, valid from the first line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from orchestrator.drafting.names import class_name, identifier
from orchestrator.drafting.screens import ApplicationDraft, FieldDraft, FormDraft, ScreenDraft

#: The Python type of each format, and where it comes from.
_TYPES = {
    "text": "str", "private": "PrivateText", "integer": "int", "date": "date", "birth_date": "date", "euros": "Euros",
    "yes_no": "bool", "nir": "Nir", "iban": "Iban", "name": "PersonName",
}  # fmt: skip
_PERSONAL = ("Iban", "Nir", "PersonName", "PrivateText")
_LONGEST_TITLE = 50


def readable(drafted: ApplicationDraft) -> list[ScreenDraft]:
    """Return the screens that hold something to read: a form to fill is none."""
    return [screen for screen in drafted.screens if screen.tables or (screen.fields and not screen.forms)]


def models_text(drafted: ApplicationDraft) -> str:
    """Return the text of ``models.py``."""
    body = "".join(_model(screen, drafted.common) for screen in readable(drafted))
    lines = [f'"""What {drafted.title} shows, typed: first draft, each type to be confirmed in the application."""', ""]
    lines += ["from __future__ import annotations", ""]
    if ": date" in body:
        lines += ["from datetime import date", ""]
    lines += ["from pydantic import BaseModel, Field", ""]
    lines += _imports(body)
    return "\n".join(lines).rstrip("\n") + "\n" + body


def module_text(drafted: ApplicationDraft) -> str:
    """Return the text of ``__init__.py``."""
    screens = readable(drafted)
    names = {screen.name for screen in screens}
    searches = [each for each in drafted.forms if each.search and set(each.leads_to) & names]
    body = "".join(_opens(drafted, screen) for screen in screens if not screen.forms)
    body += "".join(_searches(drafted, each, names) for each in searches)
    body += "".join(_reads(screen) for screen in screens if _is_read(screen, searches))
    return _head(drafted, body) + body


def _is_read(screen: ScreenDraft, searches: Sequence[FormDraft]) -> bool:
    return not screen.forms or any(screen.name in each.leads_to for each in searches)


def _head(drafted: ApplicationDraft, body: str) -> str:
    models = sorted({name for screen in readable(drafted) for name in _model_names(screen) if f"{name}(" in body})
    lines = [f'"""What robots can read in {drafted.title}: first draft, to be confirmed screen by screen."""', ""]
    lines += ["from __future__ import annotations", ""]
    if ": date" in body:
        lines += ["from datetime import date", ""]
    if models:
        short = f"from keywords.{drafted.name}.models import {', '.join(models)}"
        long = [f"from keywords.{drafted.name}.models import (", *(f"    {each}," for each in models), ")"]
        lines += [short] if len(short) <= 120 else long
    if "@extract" in body:
        lines += ["from orchestrator.domain.keywords import extract"]
    lines += [line for line in _imports(body) if line]
    if "@extract" in body:
        lines += ["from orchestrator.domain.ports import ReadingDesk, Screen"]
    return "\n".join(lines) + "\n"


def _imports(body: str) -> list[str]:
    personal = [name for name in _PERSONAL if f": {name}" in body]
    lines = ["from orchestrator.domain.money import Euros"] if ": Euros" in body else []
    return lines + ([f"from orchestrator.domain.personal import {', '.join(personal)}"] if personal else [])


# --- models ----------------------------------------------------------------------------------------------------------


def _model_names(screen: ScreenDraft) -> tuple[str, ...]:
    return (class_name(screen.name), *(_row(screen, table.name) for table in screen.tables))


def _row(screen: ScreenDraft, table: str) -> str:
    return f"{class_name(screen.name)}{class_name(table)}"


def _model(screen: ScreenDraft, common: Sequence[FieldDraft]) -> str:
    text = ""
    for table in screen.tables:
        text += (
            f'\n\nclass {_row(screen, table.name)}(BaseModel, frozen=True):\n    """One row of « {table.name} »."""\n\n'
        )
        text += "".join(_attribute(each) for each in table.columns)
    text += f'\n\nclass {class_name(screen.name)}(BaseModel, frozen=True):\n    """The screen « {screen.name} »."""\n\n'
    text += "".join(_attribute(each) for each in (*common, *screen.fields))
    for table in screen.tables:
        row = _row(screen, table.name)
        title = _quoted(table.name)
        text += f"    #: Rows of « {table.name} ».\n    {table.name}: tuple[{row}, ...] = Field(default=(), title={title})\n"
    return text


def _attribute(each: FieldDraft) -> str:
    kind = _TYPES[each.guess.format]
    title = _quoted((each.label or each.name.replace("_", " "))[:_LONGEST_TITLE])
    shown = ", repr=False" if each.guess.format == "birth_date" else ""
    said = each.label or f"At {each.place.at}"
    remark = f"    #: {said[:_LONGEST_TITLE]} (to be confirmed).\n"
    return f"{remark}    {each.name}: {kind} | None = Field(default=None{shown}, title={title})\n"


# --- functions -------------------------------------------------------------------------------------------------------


def _opens(drafted: ApplicationDraft, screen: ScreenDraft) -> str:
    parameters = {each: "int" if each in screen.whole else "str" for each in screen.parameters}
    given = "".join(f", {each}={each}" for each in parameters)
    example = f" with ``{', '.join(f'{each}: …' for each in parameters)}``" if parameters else ""
    return _function(
        drafted,
        screen.name,
        f"Écran « {screen.name} » de {drafted.title} (premier jet).",
        parameters,
        class_name(screen.name),
        ["Read the screen at its address; None where it shows nothing.", f"extract: {drafted.name}.{screen.name}``{example}"],
        [f'return _{screen.name}(await desk.open("{screen.name}"{given}))'],
    )  # fmt: skip


def _searches(drafted: ApplicationDraft, form: FormDraft, names: set[str]) -> str:
    targets = [each for each in form.leads_to if each in names]
    parameters = {each.name: _TYPES[each.guess.format] for each in form.fields}
    parameters = {each: "str" if kind == "PrivateText" else kind for each, kind in parameters.items()}
    given = "".join(f", {each}={each}" for each in parameters)
    lines = [f'screen = await desk.submit("{form.name}"{given})']
    for each in targets[:-1]:
        lines += [f'if screen.name == "{each}":', f"    return _{each}(screen)"]
    lines += [f"return _{targets[-1]}(screen)"]
    taken = {screen.name for screen in readable(drafted)}
    example = f" with ``{', '.join(f'{each}: …' for each in parameters)}``"
    return _function(
        drafted,
        identifier(form.name, taken),
        f"Recherche « {form.name} » de {drafted.title} (premier jet).",
        parameters,
        " | ".join(class_name(each) for each in targets),
        ["Search; a screen that is not in ``leads_to`` is an incident.", f"extract: {drafted.name}.{form.name}``{example}"],
        lines,
    )  # fmt: skip


def _function(
    drafted: ApplicationDraft,
    name: str,
    title: str,
    parameters: Mapping[str, str],
    returns: str,
    doc: Sequence[str],
    body: Sequence[str],
) -> str:
    given = "".join(f", {each}: {kind}" for each, kind in parameters.items())
    head = f"async def {name}(desk: ReadingDesk{', *' if parameters else ''}{given}) -> {returns}:"
    if len(head) > 120:
        inner = "".join(f"    {each}: {kind},\n" for each, kind in parameters.items())
        head = f"async def {name}(\n    desk: ReadingDesk,\n    *,\n{inner}) -> {returns}:"
    said = [f'"""{doc[0]}', "", f"Example: ``{doc[1]}.", '"""']
    lines = "\n".join(f"    {line}" if line else "" for line in (*said, *body))
    return f"\n\n@extract({_quoted(f'{drafted.name}.{name}')}, {_quoted(title)})\n{head}\n{lines}\n"


def _reads(screen: ScreenDraft) -> str:
    return "\n\n" + "\n".join(_reading(screen)) + "\n"


def _reading(screen: ScreenDraft) -> Iterator[str]:
    model = class_name(screen.name)
    yield f"def _{screen.name}(screen: Screen) -> {model}:"
    if not screen.tables:
        yield f"    return {model}(**{{name: screen[name] for name in {model}.model_fields}})"
        return
    tables = ", ".join(_quoted(table.name) for table in screen.tables)
    yield f"    tables = {{{tables}}}"
    yield f"    values = {{name: screen[name] for name in {model}.model_fields if name not in tables}}"
    yield f"    return {model}("
    yield "        **values,"
    for table in screen.tables:
        yield f"        {table.name}=tuple({_row(screen, table.name)}(**row) for row in screen.table({_quoted(table.name)})),"
    yield "    )"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
