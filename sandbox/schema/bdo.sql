CREATE TABLE dossier (
    id INTEGER PRIMARY KEY, nir TEXT NOT NULL, fiche TEXT NOT NULL, compte_bancaire TEXT NOT NULL,
    adresse TEXT NOT NULL DEFAULT '', verrou TEXT NOT NULL, image_de_la_veille INTEGER NOT NULL, vues INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX dossier_nir ON dossier (nir);
