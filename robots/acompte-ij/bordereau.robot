*** Settings ***
Documentation    Bordereau d'une exécution, pour le contrôle comptable : totaux, dossiers saisis ou en attente,
...              exceptions par code. Reçoit un fichier de résultats sans nom ni NIR (RESULTATS), écrit un classeur
...              (CLASSEUR) et le relit avant de le rendre.

Library          RPA.Excel.Files
Library          ${CURDIR}/bordereau_rows.py    ${RESULTATS}

Test Timeout     2 minutes

Name             Bordereau


*** Variables ***
${RESULTATS}    ${EMPTY}
${CLASSEUR}     ${EMPTY}


*** Test Cases ***
Écrire Le Bordereau
    [Documentation]    Rien n'est écrit si les résultats sont incomplets ; rien n'est rendu si la relecture diffère.
    [Tags]    bordereau
    Contrôler Les Résultats
    Écrire Le Classeur
    Relire Le Classeur


*** Keywords ***
Écrire Le Classeur
    [Documentation]    Trois feuilles : Totaux, Dossiers, Exceptions.
    ${totaux}=    Lignes Des Totaux
    ${dossiers}=    Lignes Des Dossiers
    ${exceptions}=    Lignes Des Exceptions
    Create Workbook    ${CLASSEUR}    fmt=xlsx    sheet_name=Totaux
    Append Rows To Worksheet    ${totaux}    name=Totaux
    Create Worksheet    Dossiers
    Append Rows To Worksheet    ${dossiers}    name=Dossiers
    Create Worksheet    Exceptions
    Append Rows To Worksheet    ${exceptions}    name=Exceptions
    Save Workbook
    [Teardown]    Close Workbook

Relire Le Classeur
    [Documentation]    Le total de contrôle est recompté sur ce qui est vraiment dans le fichier.
    Open Workbook    ${CLASSEUR}    read_only=${True}
    ${lues}=    Read Worksheet    Dossiers    header=${True}
    Contrôler Le Total Relu    ${lues}
    [Teardown]    Close Workbook
