*** Settings ***
Documentation    Acomptes d'indemnités journalières : le même travail que scenarios/ij-acompte.yaml.
...              Les mots-clés, le langage des contrôles et le protocole de saisie sont ceux des scénarios.

Library          orchestrator.bootstrap.robot_library.KeywordLibrary    bdo    AS    bdo
Library          orchestrator.bootstrap.robot_library.KeywordLibrary    arpege    AS    arpege
Library          orchestrator.bootstrap.robot_library.KeywordLibrary    compta    AS    compta
Library          orchestrator.bootstrap.robot_library.KeywordLibrary    rniam    AS    rniam
Library          orchestrator.bootstrap.robot_library.KeywordLibrary    ij    AS    ij
Library          orchestrator.bootstrap.case_library.CaseLibrary    AS    case

Name             Acompte


*** Tasks ***
Acompte
    [Documentation]    Propose l'acompte d'un arrêt impayé, ou dit pourquoi une personne doit regarder.
    [Tags]    saisie
    [Timeout]    2 minutes
    ${person}=    Contrôler La Personne Et Son Compte
    ${stop}    ${rules}=    Lire L'Arrêt
    Contrôler L'Arrêt    ${person}    ${stop}    ${rules}
    ${rights}=    Contrôler Les Droits    ${person}    ${stop}    ${rules}
    Contrôler Les Paiements    ${stop}    ${rules}
    ${advance}=    Calculer L'Acompte    ${stop}    ${rights}    ${rules}
    IF    $advance.amount < $minimum    case.End Case    nothing_to_pay
    Contrôler Le Registre    ${person}
    Contrôler Les Paiements    ${stop}    ${rules}    # Arpège a pu payer entre-temps
    compta.propose_advance    nir=${nir}    stop_id=${stop_id}    period=${advance.period}    amount=${advance.amount}


*** Keywords ***
Contrôler La Personne Et Son Compte
    [Documentation]    Une seule personne, bien la bonne, que rien n'empêche de payer ; motif connu et technique ;
    ...    un compte valide, en zone permise, à son nom, et qui n'a pas changé récemment.
    ${rules}=    case.Rules At    ${run_date}
    ${person}=    bdo.person    nir=${nir}
    case.Control    C-04    person.found == 1
    case.Control    C-04    person.homonyms == 0    severity=block
    case.Controls
    ...    C-02    not nir.provisional and not person.uncertified
    ...    C-03    same_name(person.birth_name, birth_name)
    ...    C-05    not person.deceased
    ...    C-07    not person.locked
    ...    C-10    count(person.flags) == 0
    ...    C-11    not person.sensitive
    ...    C-12    person.screen_date >= run_date and not person.degraded
    ...    R-ANO    anomaly in rules.ij.anomalies.technical or anomaly in rules.ij.anomalies.other
    ...    R-MOTIF    anomaly not in rules.ij.anomalies.other
    ${account}=    bdo.bank_account    person=${person}
    case.Controls
    ...    C-08    account.found and account.iban.valid and account.iban.country in rules.ij.bank_account.countries
    ...    C-08    same_name(account.holder, person.full_name) or same_name(account.holder, person.full_usage_name)
    ...    C-08    known(account.changed_on)
    ...    C-08    days_between(account.changed_on, run_date) >= rules.ij.bank_account.quarantine_days
    ...    C-12    account.screen_date == person.screen_date and not account.degraded
    RETURN    ${person}

Lire L'Arrêt
    [Documentation]    L'arrêt, s'il existe, et les règles du jour de son constat médical.
    ${stop}=    arpege.stop    nir=${nir}    stop_id=${stop_id}
    case.Control    R-ARRET    stop.found
    ${rules}=    case.Rules At    ${stop.medical_date}
    RETURN    ${stop}    ${rules}

Contrôler L'Arrêt
    [Documentation]    L'arrêt est de cette personne et se prête à un acompte aux règles du constat médical.
    [Arguments]    ${person}    ${stop}    ${rules}
    Contrôler L'Identité Et Les Dates    ${person}    ${stop}
    case.Controls
    ...    C-15    rules.ij.in_force
    ...    R-ETAT    stop.state == "ENREGISTRE"
    ...    R-RISQUE    stop.risk == "AS"
    ...    R-TPT    not stop.part_time
    ...    R-SM    stop.opinion in ["SANS", "FAVORABLE"]
    ...    R-CHEV    not any_overlap(stop.others, stop.period, alive=true)
    IF    $stop.kind == "INITIAL"
        case.Control    R-48H
        ...    not any_ended_just_before(stop.others, stop.start, rules.ij.limits.resumption_days, alive=true)
    END
    case.Controls
    ...    R-TARDIF    stop.prescribed_on <= add_days(stop.start, rules.ij.limits.prescription_days)
    ...    R-TARDIF    stop.received_on <= add_days(stop.prescribed_on, rules.ij.limits.receipt_days)

Contrôler L'Identité Et Les Dates
    [Documentation]    La même personne dans les deux applications, assurée ici pendant l'arrêt, à des dates possibles.
    [Arguments]    ${person}    ${stop}
    case.Controls
    ...    C-03    same_name(person.birth_name, stop.birth_name) and same_name(person.first_name, stop.first_name)
    ...    C-03    known(person.birth_date) and known(stop.birth_date) and person.birth_date == stop.birth_date
    ...    C-06    known(person.organism) and person.organism == organism
    ...    C-06    known(person.organism_since) and person.organism_since <= stop.start
    ...    C-06    covers(person.rights, elapsed(stop.period, run_date))
    ...    C-12    stop.screen_date == person.screen_date and not stop.degraded
    ...    C-13    stop.start <= stop.end and stop.start <= run_date
    ...    C-13    known(person.birth_date) and person.birth_date < stop.start
    ...    C-13    stop.prescribed_on <= run_date and stop.medical_date <= run_date

Contrôler Les Droits
    [Documentation]    La catégorie, l'affiliation et les revenus ouvrent droit à un acompte.
    [Arguments]    ${person}    ${stop}    ${rules}
    ${rights}=    arpege.rights    insured=${stop}
    case.Controls
    ...    C-12    rights.screen_date == person.screen_date and not rights.degraded
    ...    R-STATUT    rights.category in ["TI", "PL", "PAMC"]
    ...    R-AFF    add_years(rights.affiliated_on, rules.ij.eligibility.affiliation_years) <= stop.medical_date
    ...    R-ANNEES    every_year(rights.incomes, stop.medical_date.year - 3, stop.medical_date.year - 1)
    ...    R-EXCLU    not rights.disability_pension and not rights.old_age_benefit
    ...    R-ECHEANCIER    not rights.payment_schedule
    RETURN    ${rights}

Contrôler Les Paiements
    [Documentation]    Rien n'est déjà payé sur la période, et aucun rejet n'a de motif autre que technique.
    [Arguments]    ${stop}    ${rules}
    ${payments}=    arpege.payments    insured=${stop}
    case.Control    C-09    not any_overlap(payments, stop.period, state="PAYE")
    case.Control    R-MOTIF
    ...    all_among(overlapping(payments, stop.period, state="REJETE"), "reject_code", rules.ij.anomalies.technical)

Calculer L'Acompte
    [Documentation]    Le montant et ses opérandes, puis ce qu'ils doivent respecter.
    [Arguments]    ${stop}    ${rights}    ${rules}
    ${advances}=    compta.advances    nir=${nir}
    ${advance}=    ij.advance    stop=${stop}    rights=${rights}    advances=${advances}    as_of=${run_date}
    ...    rate=${rate}    cap=${case_cap}    rules=${rules.ij}
    case.Planned    amount=${advance.amount}
    case.Controls
    ...    R-PAMC    advance.category_open
    ...    R-COEF    advance.lowest_coefficient >= rules.ij.eligibility.lowest_coefficient
    ...    R-RAAM    advance.raam >= advance.threshold
    ...    R-MAX    advance.days_in_all <= advance.max_days
    ...    R-ACP    not any_overlap(advances, stop.period, open=true)
    ...    R-ACP    not any_with(advances, stop_id=stop_id, open=true)
    RETURN    ${advance}

Contrôler Le Registre
    [Documentation]    En dernier : le répertoire est national, on n'y cherche que qui allait être payé.
    [Arguments]    ${person}
    ${registry}=    rniam.person    nir=${nir}
    case.Controls
    ...    C-02    not registry.uncertified
    ...    C-05    not registry.deceased
    ...    C-12    registry.screen_date == person.screen_date and not registry.degraded
