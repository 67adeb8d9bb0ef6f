CREATE TABLE document (
    id INTEGER PRIMARY KEY AUTOINCREMENT, document TEXT NOT NULL DEFAULT '', nir TEXT NOT NULL, nature TEXT NOT NULL,
    reference TEXT NOT NULL, objet TEXT NOT NULL, du TEXT NOT NULL, au TEXT NOT NULL, empreinte TEXT NOT NULL,
    reference_libre TEXT NOT NULL, auteur TEXT NOT NULL, jour TEXT NOT NULL, etat TEXT NOT NULL DEFAULT 'CLASSE',
    contenu BLOB NOT NULL
);
CREATE INDEX document_nir ON document (nir);
CREATE INDEX document_reference ON document (reference);
CREATE INDEX document_auteur ON document (auteur, jour);
CREATE TABLE demande (
    numero TEXT PRIMARY KEY, nir TEXT NOT NULL, processus TEXT NOT NULL, dossier TEXT NOT NULL, pieces TEXT NOT NULL,
    demandee_le TEXT NOT NULL, etat TEXT NOT NULL DEFAULT 'OUVERTE'
);
