*** Settings ***
Documentation    Clôture d'une exécution : rapproche les saisies du registre de COMPTA, écrit un récapitulatif PDF,
...              l'archive avec le bordereau, l'envoie au contrôle comptable quand son adresse est déclarée, et range
...              la livraison. Chaque remise a sa clé : recommencer la clôture ne refait rien (ADR 18).

Library          Collections
Library          orchestrator.bootstrap.robot_library.KeywordLibrary    compta    AS    compta
Library          orchestrator.bootstrap.robot_library.KeywordLibrary    files    AS    files
Library          orchestrator.bootstrap.robot_library.KeywordLibrary    tables    AS    tables
Library          orchestrator.bootstrap.robot_library.KeywordLibrary    documents    AS    documents
Library          orchestrator.bootstrap.robot_library.KeywordLibrary    archives    AS    archives
Library          orchestrator.bootstrap.robot_library.KeywordLibrary    mail    AS    mail
Library          ${CURDIR}/cloture_lignes.py    ${RESULTATS}

Test Timeout     3 minutes

Name             Cloture


*** Variables ***
${RESULTATS}           ${EMPTY}
${EXECUTION}           ${EMPTY}
${DATE_EXECUTION}      ${EMPTY}
${BORDEREAU}           ${EMPTY}
${LIVRAISON}           ${EMPTY}
${LIVRAISON_FICHIER}    ${EMPTY}
${LIVRAISON_SHA256}    ${EMPTY}
${DESTINATAIRES}       ${EMPTY}
${AUTEUR_COMPTA}       ${EMPTY}


*** Test Cases ***
Clore L'Exécution
    [Documentation]    Un écart avec COMPTA n'arrête pas la clôture : le récapitulatif et le courriel le disent.
    [Tags]    cloture
    ${valeurs}    ${archive}=    Constituer Le Dossier De Clôture
    Envoyer Au Contrôle Comptable    ${valeurs}    ${archive}
    Ranger La Livraison


*** Keywords ***
Constituer Le Dossier De Clôture
    [Documentation]    Rend ce que diront récapitulatif et courriel, et l'archive du bordereau et du récapitulatif.
    ${saisies}=    Tableau Des Saisies
    ${registre}=    Tableau Du Registre    ${saisies}
    ${ecarts}=    Tables.Compared    left=${saisies}    right=${registre}    key=reference
    ${valeurs}=    Valeurs Communes    ${saisies}    ${ecarts}
    ${recap}=    Écrire Le Récapitulatif    ${valeurs}    ${ecarts}
    ${bordereau}=    Files.Find    folder=bordereaux    pattern=${BORDEREAU}
    ${a_joindre}=    Fichiers    ${bordereau.first}    ${recap}
    ${archive}=    Archives.Make
    ...    folder=bordereaux    name=${EXECUTION}.zip    files=${a_joindre}    effect_key=archive
    RETURN    ${valeurs}    ${archive}

Tableau Des Saisies
    [Documentation]    Ce que l'exécution a saisi, d'après ses résultats.
    ${lignes}=    Lignes Saisies
    ${tableau}=    Tables.Of    rows=${lignes}    columns=reference: text, amount: euros
    RETURN    ${tableau}

Tableau Du Registre
    [Documentation]    Ce que COMPTA montre sous le nom du robot, ce jour-là ; rien à lire quand rien n'a été saisi.
    [Arguments]    ${saisies}
    IF    ${saisies.count} == 0    RETURN    ${saisies}
    ${jour}=    Jour    ${DATE_EXECUTION}
    ${vues}=    Compta.Made By    author=${AUTEUR_COMPTA}    start=${jour}    end=${jour}
    ${tableau}=    Tables.Of    rows=${vues}    columns=reference: text, amount: euros
    RETURN    ${tableau}

Valeurs Communes
    [Documentation]    Ce que le récapitulatif et le courriel disent tous deux.
    [Arguments]    ${saisies}    ${ecarts}
    ${total}=    Tables.Total    table=${saisies}    column=amount
    ${conclusion}=    Conclusion Du Rapprochement    ${ecarts}
    ${jour}=    Jour    ${DATE_EXECUTION}
    VAR    &{valeurs}=
    ...    execution=${EXECUTION}
    ...    date=${jour}
    ...    lignes=${saisies.count}
    ...    total=${total}
    ...    conclusion=${conclusion}
    RETURN    ${valeurs}

Écrire Le Récapitulatif
    [Documentation]    Un PDF sans donnée de personne, avec le compte du rapprochement.
    [Arguments]    ${valeurs}    ${ecarts}
    ${bilan}=    Bilan Du Rapprochement    ${ecarts}
    ${rapprochement}=    Tables.Of    rows=${bilan}    columns=what: text, count: integer
    ${pour_le_pdf}=    Copy Dictionary    ${valeurs}
    Set To Dictionary    ${pour_le_pdf}    livraison=${LIVRAISON}    rapprochement=${rapprochement}
    ${recap}=    Documents.Make
    ...    folder=bordereaux
    ...    name=${EXECUTION}.pdf
    ...    template=recap.html
    ...    values=${pour_le_pdf}
    ...    effect_key=recap
    RETURN    ${recap}

Envoyer Au Contrôle Comptable
    [Documentation]    Un seul courriel par exécution, quand l'adresse « controle » est déclarée.
    [Arguments]    ${valeurs}    ${archive}
    IF    'controle' not in $DESTINATAIRES.split(',')    RETURN
    ${pour_le_courriel}=    Copy Dictionary    ${valeurs}
    Set To Dictionary    ${pour_le_courriel}    empreinte=${archive.sha256}
    ${jointes}=    Fichiers    ${archive}
    Mail.Send
    ...    to=controle
    ...    template=cloture.txt
    ...    values=${pour_le_courriel}
    ...    attachments=${jointes}
    ...    effect_key=courriel

Ranger La Livraison
    [Documentation]    La livraison quitte le dossier des arrivées, si c'est bien elle qui s'y trouve encore.
    ...    Ce qu'un autre robot a trouvé n'est venu dans aucun fichier.
    IF    not $LIVRAISON_FICHIER    RETURN
    ${arrivees}=    Files.Find    folder=arrivees    pattern=${LIVRAISON_FICHIER}
    IF    ${arrivees.count} == 0    RETURN
    IF    '${arrivees.first.sha256}' != '${LIVRAISON_SHA256}'    RETURN
    Files.Move    file=${arrivees.first}    folder=traitees    effect_key=livraison
