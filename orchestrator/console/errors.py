"""What stops a request, each with its page; a lost race is said in plain words."""

from __future__ import annotations

from orchestrator.domain.errors import GlrError


class PageError(GlrError):
    """La demande ne peut pas être servie."""

    #: HTTP status of the page.
    status = 400
    #: Its heading.
    title = "Demande incomprise"


class NotFound(PageError):
    """Cette page n'existe pas, ou vous n'avez pas à la voir."""

    status = 404
    title = "Page introuvable"


class Forbidden(PageError):
    """Votre rôle ne permet pas cette action. Adressez-vous à votre responsable."""

    status = 403
    title = "Accès refusé"


class ForgedForm(PageError):
    """Ce formulaire ne vient pas de cette session. Rechargez la page, puis recommencez."""

    status = 403
    title = "Formulaire refusé"


class TooLarge(PageError):
    """Ce formulaire dépasse ce que la console accepte. Revenez en arrière et raccourcissez le texte."""

    status = 413
    title = "Texte trop long"


class LostRace(PageError):
    """Entre-temps, ce dossier a changé : rien n'a été enregistré."""

    status = 409
    title = "Ce dossier vient de changer"


class AlteredApproval(PageError):
    """Les valeurs à saisir ne correspondent pas à leur empreinte : rien n’est à valider. Prévenez l’exploitation."""

    status = 409
    title = "Valeurs altérées"


class AlteredBordereau(PageError):
    """Le fichier du bordereau manque, ou n’est plus celui de son empreinte : rien n’est à signer. Prévenez l’exploitation."""

    status = 409
    title = "Bordereau altéré"


def won(touched: int) -> None:
    """Raise :class:`LostRace` unless exactly one row was touched by a compare-and-set."""
    if touched != 1:
        raise LostRace
