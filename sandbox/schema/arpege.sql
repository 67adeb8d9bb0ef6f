CREATE TABLE assure (
    id INTEGER PRIMARY KEY, nir TEXT NOT NULL, identite TEXT NOT NULL, droits TEXT NOT NULL, revenus TEXT NOT NULL
);
CREATE INDEX assure_nir ON assure (nir);
CREATE TABLE arret (
    id INTEGER PRIMARY KEY, assure INTEGER NOT NULL REFERENCES assure, reference TEXT NOT NULL,
    debut TEXT NOT NULL, fin TEXT NOT NULL, fiche TEXT NOT NULL, anomalie TEXT, signalee_le TEXT
);
CREATE INDEX arret_assure ON arret (assure);
CREATE TABLE paiement (
    id INTEGER PRIMARY KEY, assure INTEGER NOT NULL REFERENCES assure, nir TEXT NOT NULL, reference TEXT NOT NULL,
    du TEXT NOT NULL, au TEXT NOT NULL, brut_c INTEGER NOT NULL, csg_c INTEGER NOT NULL, crds_c INTEGER NOT NULL,
    destinataire TEXT NOT NULL, date TEXT NOT NULL, etat TEXT NOT NULL, code_rejet TEXT NOT NULL,
    tardif INTEGER NOT NULL, visible INTEGER NOT NULL
);
CREATE INDEX paiement_assure ON paiement (assure);
CREATE TABLE recuperation (
    id INTEGER PRIMARY KEY AUTOINCREMENT, recuperation TEXT NOT NULL DEFAULT '', avance TEXT NOT NULL,
    reference_arret TEXT NOT NULL, du TEXT NOT NULL, au TEXT NOT NULL, montant_c INTEGER NOT NULL, note TEXT NOT NULL,
    reference_libre TEXT NOT NULL, auteur TEXT NOT NULL, jour TEXT NOT NULL, etat TEXT NOT NULL DEFAULT 'A_RECUPERER'
);
CREATE INDEX recuperation_avance ON recuperation (avance);
CREATE INDEX recuperation_auteur ON recuperation (auteur, jour);
