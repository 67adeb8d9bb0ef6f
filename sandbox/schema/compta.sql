CREATE TABLE avance (
    id INTEGER PRIMARY KEY AUTOINCREMENT, numero TEXT NOT NULL DEFAULT '', nir TEXT NOT NULL, nature TEXT NOT NULL,
    reference_arret TEXT NOT NULL, du TEXT NOT NULL, au TEXT NOT NULL, montant_c INTEGER NOT NULL,
    motif TEXT NOT NULL, reference_libre TEXT NOT NULL, auteur TEXT NOT NULL, etat TEXT NOT NULL,
    saisie_le TEXT NOT NULL, jour_saisie TEXT NOT NULL, valide_par TEXT NOT NULL DEFAULT '',
    liquide_par TEXT NOT NULL DEFAULT '', liquidee_le TEXT NOT NULL DEFAULT '', code_rejet TEXT NOT NULL DEFAULT ''
);
CREATE TABLE annulation (
    id INTEGER PRIMARY KEY AUTOINCREMENT, numero TEXT NOT NULL UNIQUE, motif TEXT NOT NULL, reference_libre TEXT NOT NULL,
    auteur TEXT NOT NULL, saisie_le TEXT NOT NULL
);
CREATE TABLE regularisation (
    id INTEGER PRIMARY KEY AUTOINCREMENT, numero TEXT NOT NULL UNIQUE, reference_paiement TEXT NOT NULL,
    reference_libre TEXT NOT NULL, auteur TEXT NOT NULL, jour TEXT NOT NULL
);
CREATE TABLE retour (
    id INTEGER PRIMARY KEY AUTOINCREMENT, numero TEXT NOT NULL UNIQUE, motif TEXT NOT NULL, reference_banque TEXT NOT NULL,
    date_comptable TEXT NOT NULL, reference_libre TEXT NOT NULL, auteur TEXT NOT NULL, jour TEXT NOT NULL
);
CREATE INDEX avance_nir ON avance (nir);
CREATE INDEX avance_numero ON avance (numero);
CREATE INDEX avance_auteur ON avance (auteur, jour_saisie);
CREATE INDEX avance_etat ON avance (etat);
