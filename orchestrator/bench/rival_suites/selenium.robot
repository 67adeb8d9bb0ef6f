*** Comments ***
# One keyword does what one function of the script does, and the session is kept from case to case.
# robocop: off=LEN03, VAR05, VAR07


*** Settings ***
Documentation    The case of ij-acompte as a good developer would write it with RPA.Browser.Selenium: the same screens,
...              look-ups, read-back and capture as the hand-written Playwright script; one window per application, kept
...              logged in for all cases.

Library          RPA.Browser.Selenium    timeout=15s    run_on_failure=No Operation    auto_close=${False}
Library          ${CURDIR}/job.py

Name             RPA.Browser.Selenium


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
    Open The Browser
    FOR    ${name}    IN    bdo    arpege    compta    rniam
        Log In    ${name}
    END
    FOR    ${case}    IN    @{JOB}[cases]
        Work One Case    ${case}
    END
    [Teardown]    Close All Browsers


*** Keywords ***
Open The Browser
    [Documentation]    The headless shell, driven by chromedriver.
    ${options}=    Evaluate    selenium.webdriver.ChromeOptions()    modules=selenium.webdriver
    FOR    ${argument}    IN    --headless    @{JOB}[arguments]
        Call Method    ${options}    add_argument    ${argument}
    END
    Evaluate    setattr($options, "binary_location", $JOB["browser"])
    ${service}=    Evaluate
    ...    selenium.webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    ...    modules=selenium.webdriver, shutil
    Create Webdriver    Chrome    options=${options}    service=${service}

Log In
    [Documentation]    A window of its own for each application; their cookies have different names.
    [Arguments]    ${name}
    Execute Javascript    window.open()
    ${handles}=    Get Window Handles
    VAR    ${WINDOW_${name}}=    ${handles}[-1]    scope=SUITE
    Switch Window    ${WINDOW_${name}}
    Go To    ${JOB}[accounts][${name}][address]/connexion
    Input Text    id:identifiant    ${JOB}[accounts][${name}][login]
    Input Password    id:mot_de_passe    ${JOB}[accounts][${name}][password]
    Click Element    id:btn-connexion
    Wait Until Page Contains Element    id:date-du-jour

Work One Case
    [Documentation]    Reads four applications, proposes an advance, reads it back on a fresh page.
    [Arguments]    ${case}
    Switch Window    ${WINDOW_bdo}
    Search    ${JOB}[accounts][bdo][address]/recherche    ${case}[nir]    id:dossier
    ${file}=    Get Text    id:dossier
    Read Fields    @{PERSON}
    Go To    ${JOB}[accounts][bdo][address]/dossier/${file}/rib
    Read Fields    @{ACCOUNT}
    Switch Window    ${WINDOW_arpege}
    ${start}    ${end}=    Read Stop    ${case}
    Switch Window    ${WINDOW_compta}
    Find Advances    ${case}
    Switch Window    ${WINDOW_rniam}
    Search    ${JOB}[accounts][rniam][address]/recherche    ${case}[nir]    id:organisme
    Read Fields    @{REGISTERED}
    Switch Window    ${WINDOW_arpege}
    Reload Page
    Read Rows    css:table tbody tr
    Switch Window    ${WINDOW_compta}
    Find Advances    ${case}
    Propose    ${case}    ${start}    ${end}
    Take A Fresh Window
    ${rows}=    Find Advances    ${case}
    Should Contain    ${rows}    ${case}[token]
    Execute Javascript
    ...    document.querySelectorAll("input").forEach((one) => { one.style.color = one.style.background = "#f0f"; })
    Capture Page Screenshot    ${JOB}[captures]/${case}[token].png

Take A Fresh Window
    [Documentation]    Reads back in a window that knows nothing of the form.
    Execute Javascript    window.open()
    Close Window
    ${handles}=    Get Window Handles
    VAR    ${WINDOW_compta}=    ${handles}[-1]    scope=SUITE
    Switch Window    ${WINDOW_compta}

Read Stop
    [Documentation]    Returns the first and last payable day.
    [Arguments]    ${case}
    VAR    ${address}=    ${JOB}[accounts][arpege][address]
    Search    ${address}/recherche    ${case}[nir]    id:assure
    ${insured}=    Get Text    id:assure
    Read Fields    @{IDENTITY}
    Select Frame    id:cadre-arrets
    VAR    ${row}=    //table[@id="arrets"]/tbody/tr[td[normalize-space()="${case}[stop]"]]
    Wait Until Page Contains Element    xpath:${row}
    ${start}=    Get Text    xpath:${row}/td[3]
    ${end}=    Get Text    xpath:${row}/td[4]
    Unselect Frame
    Go To    ${address}/assure/${insured}/droits
    Read Fields    @{RIGHTS}
    Read Rows    css:table#revenus tbody tr
    Go To    ${address}/assure/${insured}/paiements
    Read Rows    css:table tbody tr
    ${first}    ${last}=    Payable Days    ${start}    ${end}
    RETURN    ${first}    ${last}

Find Advances
    [Documentation]    Returns the text of every advance of the person.
    [Arguments]    ${case}
    Search    ${JOB}[accounts][compta][address]/avances    ${case}[nir]    id:nombre
    ${rows}=    Read Rows    css:table#avances tbody tr
    RETURN    ${rows}

Propose
    [Documentation]    Fills the form and answers its question.
    [Arguments]    ${case}    ${start}    ${end}
    Go To    ${JOB}[accounts][compta][address]/avances/nouvelle
    Input Text    id:nir    ${case}[nir]
    Input Text    id:reference_arret    ${case}[stop]
    Input Text    id:du    ${start}
    Input Text    id:au    ${end}
    Input Text    id:montant    ${case}[amount]
    Input Text    id:motif    Acompte IJ
    Input Text    id:reference_libre    ${case}[token]
    Click Element    id:btn-enregistrer
    Handle Alert    ACCEPT
    Wait Until Page Contains Element    id:numero

Search
    [Documentation]    Opens a search form and sends it.
    [Arguments]    ${url}    ${nir}    ${awaited}
    Go To    ${url}
    Input Text    id:nir    ${nir}
    Click Element    id:btn-rechercher
    Wait Until Page Contains Element    ${awaited}

Read Fields
    [Documentation]    Reads fields by their id.
    [Arguments]    @{names}
    FOR    ${name}    IN    @{names}
        Get Text    id:${name}
    END

Read Rows
    [Documentation]    Returns the texts of the rows of a table, joined; empty when there is none.
    [Arguments]    ${rows}
    ${elements}=    Get WebElements    ${rows}
    VAR    ${all}=    ${EMPTY}
    FOR    ${element}    IN    @{elements}
        ${text}=    Get Text    ${element}
        VAR    ${all}=    ${all}${text}\n
    END
    RETURN    ${all}
