"""What people read: titles of states, ends, decisions, causes, and short messages after an act."""

from __future__ import annotations

from datetime import datetime

from orchestrator.domain.civil import PARIS

#: Where a case stands.
STATES = {
    "ready": "À traiter par le robot",
    "waiting": "En attente",
    "leased": "Chez le robot",
    "awaiting_approval": "À valider",
    "exception": "Exception",
    "ended": "Terminé",
    "rejected": "Rejeté",
    "cancelled": "Retiré",
}
#: How a case ended.
ENDS = {
    "entered": "Saisi",
    "nothing_to_pay": "Rien à payer",
    "waiting_for_payment": "Pas encore payé par Arpège",
    "nothing_unpaid": "Rien d'impayé",
    "too_recent": "Attente trop courte",
    "advance_made": "Acompte déjà versé",
    "known_reason": "Non payé, motif connu",
    "candidate": "À proposer à ij-acompte",
    "already_done": "Déjà fait",
    "already_filed": "Déjà classée",
    "already_noted": "Retour déjà noté",
    "case_woken": "Classée, un dossier reprend",
    "filed_unawaited": "Classée, à répondre par une personne",
    "done_by_hand": "Saisi à la main, relu",
    "shadow": "À blanc, rien saisi",
    "done": "Terminé",
}
#: What agents decided.
DECISIONS = {
    "resend": "Renvoyé au robot",
    "done_by_hand": "Déclaré fait à la main",
    "reject": "Rejeté",
    "hand_over": "Transmis",
    "wait": "Mis en attente",
}
#: Who has to look at an exception.
CAUSES = {
    "business": "Métier",
    "application": "Incident applicatif",
    "doubt": "Saisie douteuse",
    "robot": "Robot",
}
#: What became of a hand-over.
HAND_OVERS = {"made": "faite", "not_made": "pas faite", "intended": "en cours", "doubtful": "en doute"}
#: What people are in the console.
ROLES = {"agent": "agent", "supervisor": "responsable", "accounting": "contrôle comptable"}
#: Where a bordereau stands.
BORDEREAUX = {"written": "à juger", "signed": "signé", "refused": "refusé"}
#: What a reconciliation found different.
GAPS = {
    "missing": "manquante",
    "extra": "en trop",
    "different": "différente",
    "another": "saisie par un autre",
    "doubt": "en doute",
    "lost": "lignes perdues",
    "unproven": "sans preuve",
}
#: What happened to a case, for its timeline, by kind and event.
EVENTS = {
    ("case", "loaded"): "Dossier chargé",
    ("attempt", "started"): "Le robot prend le dossier",
    ("attempt", "exception:business"): "Le robot s’arrête : exception métier",
    ("attempt", "exception:application"): "Le robot s’arrête : incident applicatif",
    ("attempt", "exception:doubt"): "Le robot s’arrête : saisie douteuse",
    ("attempt", "exception:robot"): "Le robot s’arrête : erreur du robot",
    ("attempt", "retry"): "Le robot réessaiera",
    ("attempt", "doubt"): "Saisie douteuse : le robot vérifiera",
    ("doubt", "begun"): "Doute : l’application est laissée en paix",
    ("doubt", "login_ended"): "Session qui avait agi : fermée dans l’application",
    ("doubt", "ours"): "Doute vérifié : c’est notre saisie",
    ("doubt", "absent"): "Doute vérifié : l’application ne la montre pas",
    ("doubt", "same_by_another"): "Doute vérifié : la même, saisie par un autre",
    ("doubt", "different"): "Doute vérifié : autre chose à sa place",
    ("attempt", "waiting"): "Le robot attend la date dite par le scénario",
    ("attempt", "awaiting_approval"): "Le robot attend une validation",
    ("attempt", "given_back"): "Le robot rend le dossier, intact",
    ("further", "asked"): "Nouvelle saisie demandée",
    ("further", "agreed"): "Nouvelle saisie accordée",
    ("further", "refused"): "Nouvelle saisie refusée",
    ("entry", "planned"): "Saisie prévue",
    ("entry", "intent"): "Intention d’acte enregistrée",
    ("entry", "confirmed"): "Acte relu et prouvé",
    ("entry", "doubtful"): "Acte douteux",
    ("entry", "not_sent"): "Acte arrêté avant de partir",
    ("entry", "settled_confirmed"): "Saisie confirmée",
    ("entry", "settled_by_hand"): "Saisie à la main relue",
    ("evidence", "exception"): "Capture masquée de l’écran",
    ("evidence", "confirmed"): "Capture masquée de la saisie relue",
    ("evidence", "by_hand"): "Capture masquée de la saisie à la main",
    ("exception", "opened"): "Exception ouverte",
    ("exception", "resend"): "Renvoyé au robot",
    ("exception", "done_by_hand"): "Déclaré fait à la main",
    ("exception", "reject"): "Rejeté au métier",
    ("exception", "wait"): "Mis en attente d’une pièce",
    ("by_hand", "taken"): "Retiré aux robots pour être fait à la main",
    ("by_hand", "declared"): "Saisie à la main déclarée, à relire",
    ("by_hand", "left"): "Saisie laissée au robot",
    ("by_hand", "not_due"): "Rien à saisir, dit une personne",
    ("by_hand", "given_back"): "Plus à faire à la main : rien d’autre n’a été saisi",
    ("approval", "asked"): "Validation demandée",
    ("approval", "approved"): "Saisie approuvée",
    ("approval", "refused"): "Saisie refusée",
}
_KINDS = {
    "case": "Dossier",
    "attempt": "Tentative",
    "entry": "Saisie",
    "doubt": "Doute",
    "evidence": "Preuve",
    "exception": "Exception",
    "approval": "Validation",
    "by_hand": "À la main",
}
#: What an agent may decide, as scenarios name it.
MAY = {
    "correct": "corriger et renvoyer",
    "by_hand": "déclarer fait à la main",
    "reject": "rejeter",
    "hand_over": "transmettre",
}
#: Said once, above the page that follows an act.
MESSAGES = {
    "expiree": "Votre session a expiré. Reconnectez-vous, puis recommencez.",
    "deconnecte": "Vous êtes déconnecté.",
    "resend": "Renvoyé au robot.",
    "done_by_hand": "Déclaré fait à la main : le robot va relire la saisie.",
    "reject": "Rejeté.",
    "hand_over": "Transmis.",
    "wait": "Mis en attente : le robot reprendra à la date dite, ou quand vous le reprendrez.",
    "deja-classee": "Une pièce avait été classée entre-temps : le robot reprend le dossier sans attendre.",
    "repris": "Le robot reprend le dossier.",
    "deja-repris": "Ce dossier n’attend plus, ou sa saisie est en doute : rien n’a changé.",
    "declaree": "Déclaré fait à la main : le robot relira la saisie, dès que l’application lui sera rouverte.",
    "declaree-en-partie": "Enregistré. Le dossier reste à vous : il manque ce qu’il en est des autres saisies.",
    "rendu-robots": "Rendu aux robots : rien d’autre n’avait été saisi. Ce qui attendait attend à nouveau.",
    "motif-attendu": "Rien n’a été repris : dites pourquoi en une phrase de 300 caractères au plus, sans NIR ni IBAN.",
    "repris-tous": "Repris : le robot les prend à leur tour.",
    "repris-en-partie": "Repris en partie : les autres n’attendaient plus, ou leur saisie est en doute.",
    "rendu": "Dossier rendu à la file.",
    "vide": "Plus rien à prendre ici.",
    "approuve": "Approuvé : le robot va saisir.",
    "refuse": "Refusé : une exception est ouverte pour un agent.",
    "rouverte": "Application rouverte : les robots vont s’y reconnecter.",
    "arretee": "Application arrêtée : aucune saisie n’y commence plus. Ce qui était parti est relu.",
    "arrete": "Scénario arrêté : aucune saisie ne commence plus. Ce qui était parti est relu.",
    "deja-arrete": "Les robots étaient déjà arrêtés : rien ne change.",
    "publiee": "Version publiée.",
    "etape": "Étape suivante permise.",
    "reprise": "Scénario repris : les robots continuent.",
    "bordereau-signed": "Bordereau signé : il ne change plus.",
    "bordereau-refused": "Bordereau refusé : le motif est montré sur l’exécution.",
    "ecarts-expliques": "Expliqués : retrouvés à l’identique, ils ne seront pas rouverts.",
    "ecarts-en-partie": "Expliqués en partie : les autres l’étaient déjà.",
    "nouvelle-demandee": "Nouvelle saisie demandée : une autre personne l’accorde, page Validation. Rien n’est saisi avant.",
    "nouvelle-accordee": "Nouvelle saisie accordée : une de plus, et une seule.",
    "nouvelle-a-remettre": "Accordée, mais le robot ne peut pas la recevoir (scénario à publier ?) : à remettre d’ici.",
    "nouvelle-refusee": "Refusée : rien ne sera saisi une nouvelle fois.",
    "nouvelle-motif": "Rien n’a été demandé : dites pourquoi en une phrase de 300 caractères au plus, sans NIR ni IBAN.",
    "nouvelle-mot-de-passe": "Mot de passe incorrect : rien n’a été accordé.",
    "raccourcis": "Préférence enregistrée.",
}


def end_title(state: str, ended_as: str | None, doubt_at: datetime | None = None) -> str:
    """Return where a case stands, its end included; ``doubt_at``: when a robot looks at what is in doubt."""
    if doubt_at is not None:
        return f"Doute, vérification à {doubt_at.astimezone(PARIS):%H:%M}"
    if state == "ended" and ended_as:
        return ENDS.get(ended_as, ended_as)
    return STATES.get(state, state)


def event_title(kind: str, what: str | None) -> str:
    """Return what happened; an event without its own words is named by its kind."""
    return EVENTS.get((kind, what or ""), f"{_KINDS.get(kind, kind)} : {ENDS.get(what or '', what or '')}")
