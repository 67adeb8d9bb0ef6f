"""Fictitious French names, with the accents, hyphens, apostrophes and ligatures that break programs."""

BIRTH_NAMES = (
    "Abadie", "Aubépin", "Bérengier", "Bœuf", "Boisvallée", "Brûlé", "Cadiou", "Castaing", "Châtelain", "Cœurdoux",
    "Crèvecœur", "D'Aubrac", "D'Estienne-Roux", "Delaunay", "Désormeaux", "Dutilleul", "Esnault", "Évrard", "Faïence",
    "Ferré", "Fontvieille", "Garçon", "Gauthier-Lemée", "Goëlan", "Grandjean", "Guérin", "Hervéou", "Houël", "Îlien",
    "Jégou", "Joffre", "Kerbœuf", "L'Hénoret", "L'Hermitte", "Lacoste", "Larivée", "Le Bihan", "Le Goff-Kermadec",
    "Lefèvre", "Lœuilliet", "Maçon", "Maître-Jean", "Maréchal", "Montagné", "Mûrier", "Naël", "Noël", "Nuñez",
    "O'Kerven", "Orléac", "Pâris", "Pélissier", "Poirson", "Prévôt", "Quéméneur", "Raguénès", "Rœderer", "Roüault",
    "Sabatié", "Saint-Åmand", "Sénéchal", "Tréguier", "Vaÿsse", "Valérian", "Vœgelin", "Würtz",
    "Xaintrailles", "Yvonnet",
)  # fmt: skip
MALE_NAMES = (
    "Aloïs", "André", "Benoît", "Clément", "Côme", "Didier", "Édouard", "Émile", "François", "Gaël", "Grégoire",
    "Hervé",
    "Jean-Luc", "Jérôme", "Joël", "Loïc", "Maël", "Noé", "Paul-Émile", "Raphaël", "René", "Rémi", "Théo", "Yann",
)  # fmt: skip
FEMALE_NAMES = (
    "Adèle", "Agnès", "Anaïs", "Aurélie", "Béatrice", "Cécile", "Chloé", "Daphné", "Élodie", "Émilie", "Françoise",
    "Gaëlle", "Hélène", "Inès", "Joséphine", "Laëtitia", "Léa", "Marie-Thérèse", "Maïwenn", "Noëlle", "Renée", "Solène",
    "Thaïs", "Zoé",
)  # fmt: skip
PRESCRIBERS = ("Dr Ancelin", "Dr Bréhat", "Dr Cazaux", "Dr Delmas", "Dr Éon", "Dr Floc'h", "Dr Guéhenno", "Dr Hamon")
BANKS = (("30004", "BNPAFRPPXXX"), ("20041", "PSSTFRPPPAR"), ("18206", "AGRIFRPP882"), ("10278", "CMCIFR2AXXX"))
