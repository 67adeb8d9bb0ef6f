*** Comments ***
# One keyword does what one function of the script does, and the session is kept from case to case.
# robocop: off=LEN03, VAR05


*** Settings ***
Documentation    The case of ij-acompte as a good developer would write it with Browser library: the same screens,
...              look-ups, read-back and capture as the hand-written Playwright script; one logged-in context per
...              application, kept for all cases.

Library          Browser    timeout=15s    run_on_failure=${None}
Library          ${CURDIR}/job.py

Name             Browser library


*** Variables ***
${JOB_FILE}    ${EMPTY}
@{PERSON}      dossier    nir    certification    nom_naissance    nom_usage    prenoms    date_naissance    date_deces
...            organisme    organisme_depuis    droits_debut    droits_fin    homonymes    verrou    contentieux    lcf
...            recours_amiable    opposition    tutelle    cession    personne_sensible
@{ACCOUNT}     iban    bic    titulaire    date_modification    origine
@{IDENTITY}    nir    nom_naissance    prenoms    date_naissance
@{REGISTERED}    certification    date_deces    organisme    date-du-jour
@{RIGHTS}      categorie    affiliation    pension_invalidite    avantage_vieillesse    echeancier    jours_indemnises


*** Tasks ***
Work Every Case
    [Documentation]    One session for all cases of the job.
    ${job}=    Load Job    ${JOB_FILE}
    VAR    ${JOB}=    ${job}    scope=SUITE
    New Browser    chromium    headless=${True}    executablePath=${JOB}[browser]
    ...    args=${JOB}[arguments]
    FOR    ${name}    IN    bdo    arpege    compta    rniam
        Log In    ${name}
    END
    FOR    ${case}    IN    @{JOB}[cases]
        Work One Case    ${case}
    END


*** Keywords ***
Log In
    [Documentation]    A context of its own for each application.
    [Arguments]    ${name}
    ${context}=    New Context    locale=fr-FR
    VAR    ${CONTEXT_${name}}=    ${context}    scope=SUITE
    New Page    ${JOB}[accounts][${name}][address]/connexion
    Fill Text    id=identifiant    ${JOB}[accounts][${name}][login]
    Fill Secret    id=mot_de_passe    $JOB['accounts']['${name}']['password']
    Click    id=btn-connexion
    Wait For Elements State    id=date-du-jour    attached

Work One Case
    [Documentation]    Reads four applications, proposes an advance, reads it back on a fresh page.
    [Arguments]    ${case}
    Switch Context    ${CONTEXT_bdo}
    Search    ${JOB}[accounts][bdo][address]/recherche    ${case}[nir]
    ${file}=    Get Text    id=dossier
    Read Fields    @{PERSON}
    Go To    ${JOB}[accounts][bdo][address]/dossier/${file}/rib
    Read Fields    @{ACCOUNT}
    Switch Context    ${CONTEXT_arpege}
    ${start}    ${end}=    Read Stop    ${case}
    Switch Context    ${CONTEXT_compta}
    Find Advances    ${case}
    Switch Context    ${CONTEXT_rniam}
    Search    ${JOB}[accounts][rniam][address]/recherche    ${case}[nir]
    Read Fields    @{REGISTERED}
    Switch Context    ${CONTEXT_arpege}
    Reload
    Read Rows    table tbody tr
    Switch Context    ${CONTEXT_compta}
    Find Advances    ${case}
    Propose    ${case}    ${start}    ${end}
    Close Page
    New Page
    ${rows}=    Find Advances    ${case}
    Should Contain    ${rows}    ${case}[token]
    Take Screenshot    ${JOB}[captures]/${case}[token]    mask=input

Read Stop
    [Documentation]    Returns the first and last payable day.
    [Arguments]    ${case}
    VAR    ${address}=    ${JOB}[accounts][arpege][address]
    Search    ${address}/recherche    ${case}[nir]
    ${insured}=    Get Text    id=assure
    Read Fields    @{IDENTITY}
    VAR    ${row}=    iframe#cadre-arrets >>> table#arrets tbody tr:has-text("${case}[stop]")
    ${start}=    Get Text    ${row} >> td >> nth=2
    ${end}=    Get Text    ${row} >> td >> nth=3
    Go To    ${address}/assure/${insured}/droits
    Read Fields    @{RIGHTS}
    Read Rows    table#revenus tbody tr
    Go To    ${address}/assure/${insured}/paiements
    Read Rows    table tbody tr
    ${first}    ${last}=    Payable Days    ${start}    ${end}
    RETURN    ${first}    ${last}

Find Advances
    [Documentation]    Returns the text of every advance of the person.
    [Arguments]    ${case}
    Search    ${JOB}[accounts][compta][address]/avances    ${case}[nir]
    ${rows}=    Read Rows    table#avances tbody tr
    RETURN    ${rows}

Propose
    [Documentation]    Fills the form and answers its question.
    [Arguments]    ${case}    ${start}    ${end}
    Go To    ${JOB}[accounts][compta][address]/avances/nouvelle
    Fill Text    id=nir    ${case}[nir]
    Fill Text    id=reference_arret    ${case}[stop]
    Fill Text    id=du    ${start}
    Fill Text    id=au    ${end}
    Fill Text    id=montant    ${case}[amount]
    Fill Text    id=motif    Acompte IJ
    Fill Text    id=reference_libre    ${case}[token]
    Handle Future Dialogs    action=accept
    Click    id=btn-enregistrer
    Wait For Elements State    id=numero    attached

Search
    [Documentation]    Opens a search form and sends it.
    [Arguments]    ${url}    ${nir}
    Go To    ${url}
    Fill Text    id=nir    ${nir}
    Click    id=btn-rechercher
    Wait For Load State    load

Read Fields
    [Documentation]    Reads fields by their id.
    [Arguments]    @{names}
    FOR    ${name}    IN    @{names}
        Get Text    id=${name}
    END

Read Rows
    [Documentation]    Returns the texts of the rows of a table, joined; empty when there is none.
    [Arguments]    ${rows}
    VAR    ${all}=    ${EMPTY}
    ${count}=    Get Element Count    ${rows}
    IF    ${count} == 0    RETURN    ${all}
    ${elements}=    Get Elements    ${rows}
    FOR    ${element}    IN    @{elements}
        ${text}=    Get Text    ${element}
        VAR    ${all}=    ${all}${text}\n
    END
    RETURN    ${all}
