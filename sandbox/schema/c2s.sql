CREATE TABLE foyer (numero TEXT PRIMARY KEY, organismes INTEGER NOT NULL, membres INTEGER NOT NULL, mutation TEXT NOT NULL);
CREATE TABLE droit (
    reference TEXT PRIMARY KEY, foyer TEXT NOT NULL REFERENCES foyer, nir TEXT NOT NULL, nature TEXT NOT NULL,
    debut TEXT NOT NULL, fin_origine TEXT NOT NULL, fin TEXT NOT NULL, renouvellement TEXT NOT NULL, recours TEXT NOT NULL,
    fraude TEXT NOT NULL, impayes_c INTEGER NOT NULL, verrou INTEGER NOT NULL,
    second_organisme TEXT NOT NULL DEFAULT 'AUCUN', second_fin TEXT NOT NULL DEFAULT 'AUCUNE'
);
CREATE INDEX droit_nir ON droit (nir);
CREATE INDEX droit_foyer ON droit (foyer);
CREATE TABLE periode (
    id INTEGER PRIMARY KEY AUTOINCREMENT, periode TEXT NOT NULL DEFAULT '', droit TEXT NOT NULL REFERENCES droit,
    ancienne_fin TEXT NOT NULL, nouvelle_fin TEXT NOT NULL, motif TEXT NOT NULL, reference_libre TEXT NOT NULL,
    auteur TEXT NOT NULL, jour_saisie TEXT NOT NULL, etat TEXT NOT NULL DEFAULT 'EN_VIGUEUR'
);
CREATE INDEX periode_droit ON periode (droit);
CREATE INDEX periode_auteur ON periode (auteur, jour_saisie);
CREATE TABLE fermeture (
    fermeture TEXT PRIMARY KEY, droit TEXT NOT NULL REFERENCES droit, fermee_le TEXT NOT NULL, motif TEXT NOT NULL,
    etat TEXT NOT NULL DEFAULT 'EN_VIGUEUR', regle TEXT NOT NULL DEFAULT '', reouvert_au TEXT NOT NULL DEFAULT '',
    reference_libre TEXT NOT NULL DEFAULT '', auteur TEXT NOT NULL DEFAULT '', jour_saisie TEXT NOT NULL DEFAULT ''
);
CREATE INDEX fermeture_droit ON fermeture (droit);
CREATE INDEX fermeture_auteur ON fermeture (auteur, jour_saisie);
CREATE TABLE retablissement (
    id INTEGER PRIMARY KEY AUTOINCREMENT, periode TEXT NOT NULL UNIQUE, reference_libre TEXT NOT NULL, auteur TEXT NOT NULL
);
