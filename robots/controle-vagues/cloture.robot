*** Settings ***
Documentation    Clôture du contrôle d'une vague : le dossier stop/go de la direction (PDF), refait à chaque
...              « glr close » tant que des explications arrivent, chacun sous son numéro ; et, une seule fois,
...              la liste prioritaire des ruptures de droits pour le robot mutation-entrante.

Library          Collections
Library          orchestrator.bootstrap.robot_library.KeywordLibrary    waves    AS    waves
Library          orchestrator.bootstrap.robot_library.KeywordLibrary    tables    AS    tables
Library          orchestrator.bootstrap.robot_library.KeywordLibrary    documents    AS    documents
Library          ${CURDIR}/stop_go.py    ${RESULTATS}    ${REGLES}

Test Timeout     3 minutes

Name             Cloture


*** Variables ***
${RESULTATS}         ${EMPTY}
${REGLES}            ${EMPTY}
${EXECUTION}         ${EMPTY}
${DATE_EXECUTION}    ${EMPTY}


*** Test Cases ***
Clore Le Contrôle De La Vague
    [Documentation]    Les extraits sont relus : ce que le dossier dit est ce qui a été comparé, ou la clôture échoue.
    [Tags]    cloture
    ${jour}=    Jour    ${DATE_EXECUTION}
    ${vague}=    Waves.Summary    folder=vagues    day=${jour}
    Contrôler La Vague    ${vague}
    Remettre La Liste Prioritaire    ${vague}    ${jour}
    Remettre Le Dossier Stop Go    ${vague}


*** Keywords ***
Remettre La Liste Prioritaire
    [Documentation]    Les personnes qui ont des jours sans droits, la plus longue rupture d'abord.
    [Arguments]    ${vague}    ${jour}
    ${ruptures}=    Nombre De Ruptures    ${vague}
    IF    ${ruptures} == 0    RETURN
    Waves.Priority List
    ...    folder=vagues
    ...    day=${jour}
    ...    to=arrivees
    ...    name=mutations-entrantes-vague-${EXECUTION}.csv
    ...    effect_key=liste-prioritaire

Remettre Le Dossier Stop Go
    [Documentation]    Un PDF sans donnée de personne ; son numéro est celui des écarts expliqués.
    [Arguments]    ${vague}
    ${valeurs}=    Valeurs Du Dossier    ${vague}    ${EXECUTION}
    FOR    ${nom}    ${colonnes}    IN
    ...    extraits    Extrait: text, Lues: integer, Bonnes: integer, Illisibles: integer
    ...    ecarts    Écart: text, Trouvés: integer, Expliqués: integer, Restent: integer, Seuil: integer, Avis: text
    ...    totaux    Sorte: text, Valeur: text, Avant: integer, Après: integer, Différence: integer
    ...    illisibles    Extrait: text, Ligne: integer, Motif: text
    ...    liste    Dossier: text, Avant: text, Après: text, Écarts: text, Jours: text, Explication: text
        ${tableau}=    Tables.Of    rows=${valeurs}[${nom}]    columns=${colonnes}
        Set To Dictionary    ${valeurs}    ${nom}=${tableau}
    END
    Documents.Make
    ...    folder=dossiers
    ...    name=${EXECUTION}-stop-go-${valeurs}[numero].pdf
    ...    template=stop-go.html
    ...    values=${valeurs}
    ...    effect_key=stop-go-${valeurs}[numero]
