CREATE TABLE personne (
    nir TEXT PRIMARY KEY, identite TEXT NOT NULL, organisme TEXT NOT NULL, organisme_depuis TEXT NOT NULL,
    deces TEXT NOT NULL, deces_signale_le TEXT NOT NULL
);
