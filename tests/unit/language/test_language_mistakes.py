"""One mistake at a time in the real scenario: the whole French sentence, at its line and column.

``‸`` marks the place where the mistake must be reported.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.domain.keywords import Keyword
from orchestrator.language.faults import ScenarioErrors
from orchestrator.language.load import load_scenario
from orchestrator.language.model import Scenario

MISTAKES = [
    # --- the file itself
    ("mode: live", "mode: ‸&x live", "ancre ou alias YAML (& ou *) interdits. Écrire la valeur en entier."),
    ("mode: live", "mode: ‸!!str live", "étiquette YAML (!) interdite. Écrire la valeur entre guillemets."),
    ("mode: live", "mode: live\n‸mode: draft", "clé « mode » déjà donnée à la ligne 6. N'en garder qu'une."),
    ("mode: live", "‸mods: live", "scénario : clé « mods » inconnue. Écrire « mode » ?"),
    ("mode: live", "mode: ‸vrai", "scénario : « mode » ne peut pas être « vrai ». Possible ici : draft, live, shadow."),
    (
        "mode: live",
        "mode: live\n‸<<: {title: x}",
        "la fusion YAML (<<) est interdite. Écrire chaque clé avec sa valeur.",
    ),
    (
        "author: cpam-931",
        "author: ‸CPAM 931",
        (
            "scénario : « author » : nom de caisse attendu, en minuscules, chiffres et tirets (ex. cpam-931), "
            "« CPAM 931 » trouvé"
        ),
    ),
    ("  - csv: anomalies", "  - ‸cvs: anomalies", "source : clé « cvs » inconnue. Écrire « csv » ?"),
    ("robot: acompte-ij", "robot:‸", "scénario : « robot » est vide. Donner une valeur ou enlever la ligne."),
    (
        "default: 0.80",
        "default: 0,‸80",
        (
            "« 80 » n'a pas de valeur : une virgule a coupé le texte. Une valeur qui commence par { [ & * ! % @ ou qui "
            "contient « : », « # » ou, entre accolades, une virgule ou « ${…} », s'écrit entre guillemets."
        ),
    ),
    # --- parameters, rules, case, source
    (
        "default: 800.00 EUR",
        "default: ‸800 EUR",
        (
            "paramètre case_cap : « default » : montant attendu, écrit avec un point, deux décimales et EUR "
            "(ex. 800.00 EUR), « 800 EUR » trouvé"
        ),
    ),
    ("rules: [ij]", "rules: [‸ijk]", "paquet de règles « ijk » introuvable (rules/ijk.yaml). Écrire « ij » ?"),
    (
        "key: ${nir}/${stop_id}  ",
        "key: ‸${nir}/${raised_on}",
        (
            "la clé du dossier n'est faite que d'identifiants, « raised_on » n'en est pas un. Types permis : nir, "
            "text, integer, organism, siret, finess."
        ),
    ),
    ("key: ${nir}/${stop_id}  ", "key: ${nir}/${‸stop}", "« stop » est inconnu ici. Écrire « stop_id » ?"),
    (
        "stop_id:    {type: text",
        "stop_id:    {type: ‸texte",
        "champ stop_id : « type » ne peut pas être « texte ». Écrire « text » ?",
    ),
    (
        "anomaly:    {type: text, max: 40",
        "anomaly:    ‸{type: choice, max: 40",
        "champ anomaly : il manque « choices ». Ajouter par exemple choices: [OUVERT, CLOS]",
    ),
    (
        "raised_on:  {type: date, column: Date, format: JJ/MM/AAAA}",
        "raised_on:  ‸{type: list, column: Date}",
        'champ raised_on : il manque « separator ». Ajouter par exemple separator: "|"',
    ),
    (
        "anomaly:    {type: text, max: 40",
        "anomaly:    {type: text, max: 40, ‸choices: [A, B]",
        "champ anomaly : « choices » ne vaut que pour un choix (choice)",
    ),
    (
        "anomaly:    {type: text, max: 40",
        "anomaly:    {type: ‸secret, max: 40",
        ("champ anomaly : un secret n'est jamais conservé : il se met dans les comptes du robot (secrets/), pas ici"),
    ),
    (
        "rate:           {type: decimal, default: 0.80,",
        "rate:           {type: ‸health, default: grippe,",
        (
            "paramètre rate : une valeur de ce type est celle d'une personne : elle vient d'un dossier, pas d'un paramètre"
        ),
    ),
    (
        "raised_on:  {type: date, column: Date",
        "raised_on:  ‸{type: date, column: Réf. arrêt",
        "la colonne « Réf. arrêt » est déjà celle du champ « stop_id ». Une colonne par champ.",
    ),
    (
        "due: 2 business days",
        "due: ‸2 jours",
        "case : « due » : délai attendu, comme « 2 business days », « 10 days » ou « same day », « 2 jours » trouvé",
    ),
    (
        "encoding: cp1252",
        "encoding: ‸cp12522",
        "source : « encoding » : jeu de caractères inconnu (permis : cp1252, utf-8, latin-1…), « cp12522 » trouvé",
    ),
    # --- steps: keyword, arguments
    (
        "    check: bdo.person",
        "    check: bdo.person\n    ‸python: mes_calculs.personne",
        (
            "une étape n'appelle pas de Python par son nom. L'écrire comme mot-clé dans keywords/ de votre espace, "
            "puis extract: ou compute: son nom."
        ),
    ),
    ("    check: bdo.person", "    check: ‸bdo.persone", "mot-clé « bdo.persone » inconnu. Écrire « bdo.person » ?"),
    (
        "    check: bdo.person",
        "    ‸extract: bdo.person",
        "« bdo.person » ne s'emploie pas avec extract. Écrire check: bdo.person",
    ),
    (
        "      person: ${person}",
        "      ‸persone: ${person}",
        "« bdo.bank_account » n'a pas d'argument « persone ». Écrire « person » ?",
    ),
    (
        "id: stop\n    extract: arpege.stop\n    with:\n      nir: ${nir}\n",
        "id: ‸stop\n    extract: arpege.stop\n    with:\n",
        "étape stop : « arpege.stop » a besoin de « nir ». Ajouter sous with: nir: ${…}",
    ),
    (
        "      person: ${person}",
        "      person: ‸${run.date}",
        "« person » attend un ensemble de champs, « ${run.date} » est une date",
    ),
    (
        "      amount: ${advance.amount}",
        "      amount: ${advance.amount}\n      ‸token: abc",
        (
            "« compta.propose_advance » n'a pas d'argument « token ». Il est donné par le protocole de saisie : "
            "enlever cette ligne."
        ),
    ),
    (
        "  - id: proposal\n",
        "  - id: ‸rate\n",
        "étape : le nom « rate » veut déjà dire autre chose. En choisir un autre.",
    ),
    # --- expressions
    (
        "C-05: not person.deceased",
        "C-05: not person.‸decesed",
        "« person » n'a pas de champ « decesed ». Écrire « deceased » ?",
    ),
    (
        "C-05: not person.deceased",
        "C-05: ‸person.death",
        (
            "une condition (vrai ou faux) est attendue ici, « person.death » est une date. Écrire une comparaison, par "
            "exemple person.found == 1."
        ),
    ),
    ("C-05: not person.deceased", "C-05: not ‸pérson.deceased", "« pérson » est inconnu ici. Écrire « person » ?"),
    ("C-05: not person.deceased", "C-05: not person.deceased &‸& true", "expression mal écrite à cet endroit"),
    (
        "C-05: not person.deceased",
        "C-05: not person.deceased ‸= true",
        "expression mal écrite à cet endroit. L'égalité s'écrit ==.",
    ),
    (
        "same_name(person.birth_name, birth_name)",
        "‸same_nam(person.birth_name, birth_name)",
        "fonction « same_nam » inconnue. Écrire « same_name » ?",
    ),
    (
        "same_name(person.birth_name, birth_name)",
        "‸same_name(person.birth_name)",
        "« same_name » attend 2 valeur(s), 1 donnée(s). Exemple : same_name(person.birth_name, birth_name).",
    ),
    (
        "same_name(person.birth_name, birth_name)",
        "same_name(person.birth_name, ‸raised_on)",
        (
            "« same_name » attend un nom de personne, « raised_on » est une date. Exemple : "
            "same_name(person.birth_name, birth_name)."
        ),
    ),
    (
        'any_overlap(payments, stop.period, state="PAYE")',
        'any_overlap(payments, stop.period, ‸etat="PAYE")',
        (
            "ces lignes n'ont pas de champ « etat ». Possible ici : gross, net, paid_on, payee, period, reference, "
            "reject_code, state."
        ),
    ),
    (
        "nothing_to_pay: advance.amount < minimum",
        "nothing_to_pay: ‸advance.amount < 10.00",
        "un montant en euros ne se compare pas à un nombre",
    ),
    (
        "nothing_to_pay: advance.amount < minimum",
        "nothing_to_pay: advance.amount < 10,00 ‸EUR",
        "expression mal écrite à cet endroit. Un montant s'écrit avec un point, deux décimales et EUR : 10.00 EUR.",
    ),
    (
        "R-ANO: anomaly in rules.ij.anomalies.technical or",
        "R-ANO: anomaly in rules.ij.‸anomalie.technical or",
        "« rules.ij » n'a pas de champ « anomalie ». Écrire « anomalies » ?",
    ),
    ("    rules_at: run.date", "    rules_at: ‸run", "une date est attendue ici, « run » est un ensemble de champs"),
    (
        "      C-11: not person.sensitive",
        "      C-11: not person.sensitive or person.‸__class__",
        "« person » n'a pas de champ « __class__ ». Possible ici…",
    ),
    (
        'stop.state == "ENREGISTRE"',
        '‸stop.state.lower() == "enregistre"',
        "on n'appelle qu'une fonction de la liste. Possible ici…",
    ),
    (
        "      C-11: not person.sensitive",
        "      C-11: ‸(lambda:0)()",
        "on n'appelle qu'une fonction de la liste. Possible ici…",
    ),
    (
        "      C-11: not person.sensitive",
        '      C-11: not person.sensitive or ‸person.birth_name == "MARTIN"',
        "un nom de personne ne se compare pas à un texte",
    ),
    # --- entries
    (
        "    reread: [payments]",
        "    reread: [‸advance]",
        "reread : « advance » n'est pas une étape de lecture (check, extract) placée avant. Écrire « advances » ?",
    ),
    (
        "effect_key: ACP-IJ/${nir}/${stop_id}",
        "effect_key: ‸ACP-IJ/${nir}/${stop_id}/${advance.amount}",
        (
            "effect_key : « advance.amount » n'est pas un identifiant du dossier. Jamais de montant, de période ni de "
            "date : la même saisie aurait une autre clé demain."
        ),
    ),
    (
        "effect_key: ACP-IJ/${nir}/${stop_id}",
        "effect_key: ‸ACP-IJ/${nir}",
        "effect_key : il manque « stop_id », qui est dans la clé du dossier. Ajouter ${stop_id}.",
    ),
    (
        "      by: [supervisor, accounting]",
        "      by: [supervisor, ‸chef]",
        "approval : rôle « chef » inconnu. Possible ici : accounting, supervisor.",
    ),
    (
        "    rules_at: run.date",
        "    ‸reread: [person]\n    rules_at: run.date",
        "« reread » ne vaut que pour une saisie (enter). Enlever cette ligne.",
    ),
    (
        "\nschedule:\n",
        "\n  - id: again\n    ‸extract: compta.advances\n    with:\n      nir: ${nir}\n\nschedule:\n",
        "une étape qui lit ou calcule ne peut pas suivre une saisie. La placer avant, ou après une attente (wait).",
    ),
    # --- schedule, limits, codes
    (
        '{at: "06:30"',
        '{at: ‸"6h30"',
        'schedule : « at » : heure attendue entre guillemets, comme "06:30", « 6h30 » trouvé',
    ),
    (
        "days: business, cal",
        "days: [monday, ‸mardi], cal",
        (
            "schedule : jour « mardi » inconnu. Possible ici : monday, tuesday, wednesday, thursday, friday, saturday, "
            "sunday."
        ),
    ),
    (
        "days: business, cal",
        "days: ‸[], cal",
        "schedule : aucun jour, cet horaire ne part jamais. Donner au moins un jour.",
    ),
    (
        "limits: {parallel: 2",
        "closing: {when: ‸soon}\nlimits: {parallel: 2",
        "closing : « when » ne peut pas être « soon ». Possible ici : all settled, by hand, robots done.",
    ),
    (
        "limits: {parallel: 2",
        'closing: {when: by hand, ‸at: "18:00"}\nlimits: {parallel: 2',
        "closing : une clôture à la main n'a pas d'heure. Enlever « at » ou changer when.",
    ),
    (
        "limits: {parallel: 2",
        "closing: ‸{days: business}\nlimits: {parallel: 2",
        'closing : il manque « at ». Ajouter par exemple at: "18:00"',
    ),
    (
        "limits: {parallel: 2",
        "limits: {ramp: [10, ‸0], parallel: 2",
        "limits : « ramp » : nombre entier de 1 à 100000 attendu, « 0 » trouvé",
    ),
    (
        "limits: {parallel: 2",
        "limits: {ramp: ‸[], parallel: 2",
        (
            "limits : « ramp » attend de 1 à 5 étapes, 0 trouvées. "
            "Écrire par exemple [10, 100] : 10 dossiers, puis 100, puis le reste."
        ),
    ),
    (
        "limits: {parallel: 2",
        "limits: {ramp: ‸10, parallel: 2",
        "limits : « ramp » attend une liste. Écrire [a, b] ou des lignes « - a ».",
    ),
    (
        "limits: {parallel: 2",
        "limits: {incidents: ‸20, parallel: 2",
        "limits : « incidents » : part attendue de 1 % à 99 %, comme « 20 % », « 20 » trouvé",
    ),
    (
        "limits: {parallel: 2",
        "limits: {‸incident: 20 %, parallel: 2",
        "limits : clé « incident » inconnue. Écrire « incidents » ?",
    ),
    (
        "limits: {parallel: 2",
        "limits: {parallel: ‸200",
        "limits : « parallel » : nombre entier de 1 à 64 attendu, « 200 » trouvé",
    ),
    (
        "    C-13: {title: Dates incohérentes}",
        "    C-13: {title: Dates incohérentes}\n    ‸C-99: {title: Jamais}",
        "le code « C-99 » ne sert à aucun contrôle. L'enlever ou l'employer.",
    ),
    (
        "      C-11: not person.sensitive",
        "      C-11: not person.sensitive\n      ‸C-98: person.found == 1",
        "le code « C-98 » n'a pas de titre. Ajouter sous exceptions, codes : C-98: {title: …}",
    ),
    (
        "{title: Dossier ouvert par un agent, severity: retry}",
        "{title: Dossier ouvert par un agent, severity: ‸again}",
        "code C-07 : « severity » ne peut pas être « again ». Possible ici : block, retry, stop, warn.",
    ),
    (
        "agent_may: [reject, hand_over]",
        "agent_may: [reject, ‸ignore]",
        "code C-05 : « ignore » n'est pas une décision d'agent. Possible ici : correct, by_hand, reject, hand_over.",
    ),
    (
        "    C-02: {title: NIR provisoire ou non certifié}",
        "    C-02: ‸{}",
        'code C-02 : il manque « title ». Ajouter par exemple title: "Ce qui ne va pas, en français"',
    ),
    # --- swapped, cut and forgotten
    (
        "column: Nom de naissance",
        "column: Nom, ‸prénom",
        "« prénom » n'a pas de valeur : une virgule a coupé le texte. Une…",
    ),
    (
        "title: Dossier ouvert par un agent",
        "title: Dossier‸: ouvert par un agent",
        "YAML illisible à cet endroit. Une valeur qui commence par…",
    ),
    (
        "effect_key: ACP-IJ/${nir}/${stop_id}",
        "effect_key: ‸${nir}/${stop_id}",
        "effect_key : elle commence par ce qui est saisi. Écrire par exemple ACP-IJ/${nir}/…",
    ),
    (
        "effect_key: ACP-IJ/${nir}/${stop_id}",
        "effect_key: ‸ACP-IJ/${nir}/${stop_id",
        "« ${ » n'est pas refermé. Écrire ${nom}.",
    ),
    (
        "effect_key: ACP-IJ/${nir}/${stop_id}",
        "effect_key: ‸ACP-IJ/${nir}/${stop_id}/${run.date}",
        "effect_key : « run.date » n'est pas un identifiant du dossier…",
    ),
    (
        "effect_key: ACP-IJ/${nir}/${stop_id}",
        "effect_key: ACP-IJ/${nir}/${‸stop_id + 1}",
        "${…} n'insère qu'un nom, avec des points : ${person.nir}…",
    ),
    (
        "      when: advance.amount > approval_above",
        "      when: ‸advance.amount",
        "une condition (vrai ou faux) est attendue ici, « advance.amount » est un montant en euros…",
    ),
    (
        "per_case: 800.00 EUR",
        "per_case: ‸800",
        "limits : « per_case » : montant attendu, écrit avec un point, deux décimales et EUR…",
    ),
    (
        "    ends:\n      nothing_to_pay",
        "    ends:\n      ‸done",
        "la fin « done » est donnée par le robot lui-même. Choisir un autre nom.",
    ),
    (
        "missing: run after",
        "missing: ‸run before",
        "schedule : « missing » ne peut pas être « run before ». Possible ici : run after, skip.",
    ),
    (
        "repeated: first",
        "repeated: ‸both",
        "schedule : « repeated » ne peut pas être « both ». Possible ici : first, second.",
    ),
    ("calendar: FR", "calendar: ‸DE", "schedule : « calendar » ne peut pas être « DE ». Possible ici : FR."),
    (
        "trailer: {rows: true}",
        "trailer: {rows: ‸oui}",
        "trailer : « rows » ne peut pas être « oui ». Possible ici : false, true.",
    ),
    (
        "bad_rows: set aside",
        "bad_rows: ‸ignore",
        "source : « bad_rows » ne peut pas être « ignore ». Possible ici : refuse the file, set aside.",
    ),
    (
        "{title: Dossier ouvert par un agent, severity: retry}",
        "{title: Dossier ouvert par un agent, severity: retry, retry: {every: ‸1 heure, times: 3}}",
        "retry du code C-07 : « every » : délai attendu, comme…",
    ),
    (
        "{title: Dossier ouvert par un agent, severity: retry}",
        "{title: Dossier ouvert par un agent, severity: retry, retry: {every: ‸same day, times: 3}}",
        "retry du code C-07 : « every » : un jour au moins attendu, comme…",
    ),
    (
        "{title: Dossier ouvert par un agent, severity: retry}",
        "{title: Dossier ouvert par un agent, severity: retry, retry: {every: 1 day, times: ‸1}}",
        "retry du code C-07 : « times » : nombre entier de 2 à 100 attendu, « 1 » trouvé",
    ),
    (
        "{title: Dossier ouvert par un agent, severity: retry}",
        "{title: Dossier ouvert par un agent, ‸retry: {every: 1 day, times: 3}}",
        "code C-07 : « retry » ne vaut qu'avec severity: retry. Ajouter severity: retry.",
    ),
    (
        "{title: Dossier ouvert par un agent, severity: retry}",
        "{title: Dossier ouvert par un agent, severity: retry, retry: ‸{every: 1 day}}",
        "retry du code C-07 : il manque « times ». Ajouter par exemple times: 5",
    ),
    (
        "  queue: ij\n",
        "  queue: ij\n  open_queues: [‸ij-sensibles]\n",
        "open_queues : aucun code n'a la file « ij-sensibles ». Écrire « ij-sensible » ?",
    ),
    (
        "C-05: not person.deceased",
        "C-05: ‸${person.deceased}",
        "expression mal écrite à cet endroit. ${…} ne s'écrit pas dans une condition : écrire le nom seul.",
    ),
    (
        "      nir: ${nir}\n    rules_at: run.date",
        "      nir: ‸1850261999001\n    rules_at: run.date",
        "« nir » attend un NIR, pas un texte écrit dans le scénario. Insérer une valeur : ${nom}.",
    ),
    ("      cap: ${case_cap}", "      cap: ‸${rate}", "« cap » attend un montant en euros, « ${rate} » est un nombre"),
    (
        "scenario: ij-acompte",
        "scenario: ‸ij_acompte",
        "scénario « ij_acompte » dans un fichier ij-acompte.yaml. Écrire scenario: ij-acompte",
    ),
]


#: In the scenario of the groups: ``group_by``, ``rows``, ``for_each``.
OF_GROUPS = [
    # --- groups
    ("  group_by: nir", "  group_by: ‸niir", "group_by : champ « niir » inconnu du dossier. Écrire « nir » ?"),
    (
        "  group_by: nir",
        "  group_by: ‸birth_name",
        "la clé du dossier ne contient pas « birth_name », qui réunit ses lignes. Ajouter ${birth_name} à key.",
    ),
    ("  group_by: nir\n", "", "rows ne sert qu'avec group_by. Dire quel champ réunit les lignes."),
    (
        "      key: ${stop_id}",
        "      key: ‸${raised_on}",
        (
            "la clé de la ligne n'est faite que d'identifiants, « raised_on » n'en est pas un. Types permis : nir, text, "
            "integer, organism, siret, finess."
        ),
    ),
    (
        "        anomaly:   {type: text, max: 40, column: Code anomalie}",
        "        ‸birth_name: {type: text, max: 40, column: Code anomalie}",
        "rows : le nom « birth_name » est déjà celui d'un champ du dossier. En choisir un autre.…",
    ),
    (
        "column: Code anomalie}",
        "column: Nom de naissance}",
        "la colonne « Nom de naissance » est déjà celle d'un champ du dossier. Une colonne par champ.",
    ),
    ("    stops:\n", "    ‸amount:\n", "rows : le nom « amount » veut déjà dire autre chose. En choisir un autre.…"),
    # --- repeated steps
    ("for_each: ${stops}", "for_each: ${‸stop}", "« stop » est inconnu ici. Écrire « stops » ?…"),
    (
        "for_each: ${stops}",
        "for_each: ‸${person}",
        "for_each attend une liste, « ${person} » est un ensemble de champs…",
    ),
    (
        "for_each: ${stops}",
        "for_each: ‸stops",
        "étape checked, for_each : un nom est attendu, « stops » trouvé. L'écrire ${nom}.…",
    ),
    ("    as: line\n", "    as: ‸amount\n", "as : le nom « amount » veut déjà dire autre chose. En choisir un autre.…"),
    ("    as: line\n", "", "étape : il manque « as ». Ajouter par exemple as: member…"),
    (
        "    as: line\n",
        "    as: line\n    ‸with: {}\n",
        "for_each n'a pas d'arguments. Les mettre aux étapes répétées.",
    ),
    (
        "  - id: person\n    check: bdo.person\n",
        "  - id: person\n    check: bdo.person\n    ‸as: line\n",
        "« as » ne vaut que pour une répétition (for_each). Enlever cette ligne.",
    ),
    (
        "      - id: stop\n",
        "      - id: ‸person\n",
        "étape : le nom « person » veut déjà dire autre chose. En choisir un autre.…",
    ),
    (
        "  - id: verdict\n",
        "  - id: ‸stop\n",
        "étape : le nom « stop » veut déjà dire autre chose. En choisir un autre.…",
    ),
    ("R-ETAT: stop.state ==", "R-ETAT: stop.‸stat ==", "« stop » n'a pas de champ « stat ». Écrire « state » ?"),
    (
        "C-03: same_name(person.birth_name, birth_name)",
        "C-03: same_name(person.birth_name, ‸line.birth_name)",
        "« line » est inconnu ici. Possible ici : amount, approval_above, birth_name, nir, person, run, stops.",
    ),
    (
        'all(one.stop.risk == "AS" for one in checked)',
        'all(one.stop.‸risks == "AS" for one in checked)',
        "« one.stop » n'a pas de champ « risks ». Écrire « risk » ?",
    ),
    (
        'all(one.stop.risk == "AS" for one in checked)',
        "all(one.‸person.found == 1 for one in checked)",
        "« one » n'a pas de champ « person ». Possible ici : advances, line, stop.",
    ),
    (
        'all(one.stop.risk == "AS" for one in checked)',
        "all‸(one.stop.risk for one in checked)",
        (
            "« all » attend une liste de conditions, « (one.stop.risk for one in checked) » est une liste. Exemple : "
            "all(row.end < stop.start for row in stop.others if row.alive)."
        ),
    ),
    (
        'all(one.stop.risk == "AS" for one in checked)',
        'all(one.risk == "AS" for one in ‸person)',
        (
            "une liste est attendue après « in », « person » est un ensemble de champs. Exemple : "
            "any(row.alive for row in stop.others)."
        ),
    ),
    (
        'all(one.stop.risk == "AS" for one in checked)',
        'all(nir.stop.risk == "AS" for ‸nir in checked)',
        "le nom « nir » veut déjà dire autre chose. En choisir un autre.",
    ),
    (
        "  due: 2 business days\n",
        "  due:\n    at_load: 2 business days\n    after_steps: ‸checked\n",
        "« checked » est inconnu ici…",
    ),
    (
        "  - id: verdict\n",
        "  - id: again\n    for_each: ${checked}\n    as: each\n    steps: [{id: nested, ‸wait: x}]\n  - id: verdict\n",
        "étape : clé « wait » inconnue…",
    ),
    # --- their entries
    (
        "effect_key: ACP-GR/${nir}/${one.line.stop_id}",
        "effect_key: ‸ACP-GR/${nir}",
        "effect_key : il manque « one.line.stop_id », qui est dans la clé de l'élément. Ajouter ${one.line.stop_id}.",
    ),
    (
        "effect_key: ACP-GR/${nir}/${one.line.stop_id}",
        "effect_key: ‸ACP-GR/${nir}/${one.line.stop_id}/${one.stop.reference}",
        (
            "effect_key : « one.stop.reference » n'est pas un identifiant du dossier. Jamais de montant, de période ni de "
            "date : la même saisie aurait une autre clé demain."
        ),
    ),
    (
        "    for_each: ${checked}\n    as: one\n",
        "    for_each: ‸${person.flags}\n    as: one\n",
        "étape proposal : cette liste ne dit pas ce qui identifie un élément. Une saisie ne se répète que sur les lignes…",
    ),
    (
        "    as: one\n",
        "    as: one\n    together: true\n",
        "étape : il manque « undo ». Ajouter par exemple undo: compta.cancel_advance…",
    ),
    (
        "    as: one\n",
        "    as: one\n    ‸undo: compta.cancel_advance\n",
        "undo ne sert qu'avec together: true. Ajouter together: true, ou enlever cette ligne.",
    ),
    (
        "    as: one\n",
        "    as: one\n    together: true\n    undo: ‸compta.cancel_advances\n",
        "undo : « compta.cancel_advances » n'est pas une saisie. Écrire « compta.cancel_advance » ?",
    ),
    (
        "    as: one\n",
        "    as: one\n    together: true\n    undo: ‸compta.propose_advance\n",
        (
            "undo : « compta.propose_advance » ne peut pas annuler « compta.propose_advance » : « reference » ne va pas. Une "
            "annulation prend « reference » et des valeurs de la saisie."
        ),
    ),
    (
        "    as: line\n",
        "    as: line\n    together: true\n    undo: ‸compta.cancel_advance\n",
        "together ne sert qu'à des saisies : aucune n'est répétée ici. Enlever together et undo.",
    ),
]


@pytest.fixture
def groups(folder: Path) -> str:
    """The text of the scenario of the groups."""
    return (Path(__file__).parents[2] / "support" / "grouped" / "acomptes-groupes.yaml").read_text("utf-8")


@pytest.mark.parametrize(
    ("right", "wrong", "message"), OF_GROUPS, ids=[wrong.strip()[:40] for _, wrong, _ in OF_GROUPS]
)
def test_one_mistake_in_groups_and_repeated_steps_is_told_at_its_place(
    right: str, wrong: str, message: str, groups: str, folder: Path, known_keywords: dict[str, Keyword]
) -> None:
    assert right in groups
    marked = groups.replace(right, wrong, 1)
    path = folder / "acomptes-groupes.yaml"
    path.write_text(marked.replace("‸", ""), "utf-8")

    with pytest.raises(ScenarioErrors) as caught:
        load_scenario(path, keywords=known_keywords)

    said = str(caught.value)
    if "‸" in marked:
        place = marked.index("‸")
        line, column = marked.count("\n", 0, place) + 1, place - marked.rfind("\n", 0, place)
        message = f"acomptes-groupes.yaml:{line}:{column}: {message}"
    if message.endswith("…"):
        assert message.removesuffix("…") in said
    else:
        assert said.endswith(message)
        assert len(caught.value.faults) == 1


@pytest.mark.parametrize(("right", "wrong", "message"), MISTAKES, ids=[wrong.strip()[:40] for _, wrong, _ in MISTAKES])
def test_one_mistake_gives_one_sentence_at_its_place(
    right: str, wrong: str, message: str, text: str, load: Callable[[str], Scenario]
) -> None:
    assert right in text
    marked = text.replace(right, wrong, 1)
    place = marked.index("‸")
    line, column = marked.count("\n", 0, place) + 1, place - marked.rfind("\n", 0, place)

    with pytest.raises(ScenarioErrors) as caught:
        load(marked.replace("‸", ""))

    said = str(caught.value)
    if message.endswith("…"):
        assert said.startswith(f"ij-acompte.yaml:{line}:{column}: {message.removesuffix('…')}")
        assert len(caught.value.faults) == 1
    else:
        assert said == f"ij-acompte.yaml:{line}:{column}: {message}"


def test_the_corpus_holds_many_different_mistakes() -> None:
    assert len({sentence for *_, sentence in MISTAKES}) >= 60


def test_every_mistake_is_told_at_once_in_the_order_of_the_file(text: str, load: Callable[[str], Scenario]) -> None:
    wrong = text.replace("mode: live", "mode: vrai").replace("parallel: 2", "parallel: deux")
    wrong = wrong.replace("not person.deceased", "not person.decesed")

    with pytest.raises(ScenarioErrors) as caught:
        load(wrong)

    assert [fault.message for fault in caught.value.faults] == [
        "scénario : « mode » ne peut pas être « vrai »",
        "« person » n'a pas de champ « decesed »",
        "limits : « parallel » : nombre entier de 1 à 64 attendu, « deux » trouvé",
    ]


def test_a_payment_without_ceilings_is_refused(text: str, load: Callable[[str], Scenario]) -> None:
    wrong = re.sub(r"limits: .*", "limits: {parallel: 2, per_case: 800.00 EUR}", text)

    with pytest.raises(ScenarioErrors, match="est un paiement : il manque per_run, per_day sous limits"):
        load(wrong)


def test_ceilings_need_the_title_of_their_code(text: str, load: Callable[[str], Scenario]) -> None:
    with pytest.raises(ScenarioErrors, match="les plafonds de limits donnent le code C-14, qui n'a pas de titre"):
        load(text.replace("    C-14: {title: Plafond du robot atteint}\n", ""))


def test_rules_are_unknown_before_a_step_that_dates_them(text: str, load: Callable[[str], Scenario]) -> None:
    with pytest.raises(ScenarioErrors, match="« rules » n'est connu qu'à partir d'une étape qui dit rules_at"):
        load(re.sub(r"    rules_at: run.date.*\n", "", text))


def test_a_personal_value_is_not_inserted_in_a_text(text: str, load: Callable[[str], Scenario]) -> None:
    with pytest.raises(
        ScenarioErrors, match=r"« nir » est une valeur personnelle : elle ne s'insère pas dans un texte"
    ):
        load(text.replace("      stop_id: ${stop_id}\n    rules_at", "      stop_id: A${nir}\n    rules_at"))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "ij-acompte.yaml:1:1: le fichier doit contenir des lignes « clé: valeur »"),
        (b"- a\n", "ij-acompte.yaml:1:1: le fichier doit contenir des lignes « clé: valeur »"),
        (b"a: 1\n\xe9: 2\n", "ij-acompte.yaml:2:1: ce fichier n'est pas en UTF-8. L'enregistrer en UTF-8."),
        (b"a: 1\x07\n", "ij-acompte.yaml:1:1: ce fichier contient un caractère interdit en YAML"),
        (b"a: " + b"x" * 1_000_000, "ij-acompte.yaml:1:1: fichier de plus de 1 Mo : ce n'est pas un scénario"),
        (b"a: " + b"[" * 40 + b"]" * 40, "ij-acompte.yaml:1:34: trop de niveaux imbriqués"),
    ],
)
def test_a_file_that_is_no_scenario_is_refused_with_a_reason(
    content: bytes, sentence: str, folder: Path, known_keywords: dict[str, Keyword]
) -> None:
    path = folder / "ij-acompte.yaml"
    path.write_bytes(content)

    with pytest.raises(ScenarioErrors) as caught:
        load_scenario(path, keywords=known_keywords)

    assert str(caught.value) == sentence


def test_a_value_of_the_caisse_that_is_no_parameter_is_refused_in_its_own_file(
    folder: Path, text: str, load: Callable[[str], Scenario]
) -> None:
    (folder / "ij-acompte.cpam-931.yaml").write_text('caisse: cpam-931\nvalues:\n  organism: "01931"\n  taux: 0.75\n')

    with pytest.raises(ScenarioErrors) as caught:
        load(text)

    assert str(caught.value).splitlines() == [
        (
            "ij-acompte.cpam-931.yaml:3:13: values : « organism » : code organisme attendu, 9 chiffres "
            "(ex. 019310000), « 01931 » trouvé"
        ),
        (
            "ij-acompte.cpam-931.yaml:4:3: paramètre « taux » inconnu du scénario. Possible ici : "
            "approval_above, case_cap, minimum, organism, rate."
        ),
    ]
