"""Every failure the house knows, in the two words of the trade.

A *business* exception says that the data or a rule says no: a person decides, nothing is retried.
An *application* exception says that an application failed: retried by policy, then a person.
Each class writes its own sentence in French (agents read it); no personal value ever enters a sentence.
"""

from __future__ import annotations

from collections.abc import Sequence


class GlrError(Exception):
    """Une erreur de Go-les-robots."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or type(self).__doc__)

    @property
    def code(self) -> str:
        """The short name of the class, used as cause and in the audit log."""
        return type(self).__name__


class BusinessException(GlrError):
    """La donnée ou une règle s'y oppose : une personne décide."""

    def __init__(self, code: str, message: str) -> None:
        self._code = code
        super().__init__(message)

    @property
    def code(self) -> str:
        """The control or rule that said no, e.g. ``C-05``."""
        return self._code


class AlreadyThere(BusinessException):
    """Ce qui doit être remis est déjà là."""

    def __init__(self, folder: str, name: str, result: object = None) -> None:
        #: What the keyword would have returned had it just made it.
        self.result = result
        super().__init__(
            "FICHIER-PRESENT",
            f"« {name} » est déjà dans « {folder} » : rien n'y est jamais écrasé. Donner un autre nom.",
        )


class ApplicationException(GlrError):
    """L'application a échoué : nouvel essai, puis une personne."""


class NotHandedOver(ApplicationException):
    """Rien n'est parti : c'est certain, la remise peut être refaite."""


class UnknownScreen(ApplicationException):
    """Écran inconnu."""

    def __init__(self, application: str, expected: str, found: str) -> None:
        super().__init__(f"{application} : écran « {expected} » attendu, « {found} » affiché. Rien n'a été saisi.")


class ScreenChanged(ApplicationException):
    """Un écran a changé."""

    def __init__(self, application: str, screen: str, missing: str) -> None:
        super().__init__(f"{application}, écran « {screen} » : « {missing} » introuvable. Vérifier screens.yaml.")


class SessionExpired(ApplicationException):
    """La session applicative a expiré."""

    def __init__(self, application: str) -> None:
        super().__init__(f"{application} : la session a expiré, il faut se reconnecter.")


class TooSlow(ApplicationException):
    """L'application n'a pas répondu à temps."""


class BrowserGone(ApplicationException):
    """Le navigateur du robot s'est arrêté."""


class LoginRefused(ApplicationException):
    """Connexion refusée."""

    def __init__(self, application: str, message: str) -> None:
        self.application = application
        super().__init__(
            f"{application} refuse la connexion du robot ({message}). Toutes ses sessions sont arrêtées : "
            "un compte se bloque après quelques essais. Vérifier le compte, puis rouvrir l'application."
        )


class ApplicationClosed(ApplicationException):
    """L'application est fermée aux robots."""

    def __init__(self, application: str, reason: str) -> None:
        super().__init__(
            f"{application} est fermée aux robots : {reason} Rien n'a été lu ni chargé. La rouvrir : "
            f"glr status --reopen {application}."
        )


class ReleaseChanged(ApplicationException):
    """Un écran n'est plus celui que l'on connaît."""

    def __init__(
        self, application: str, screen: str, changes: Sequence[str], entered: str = "Rien n'a été saisi."
    ) -> None:
        self.application = application
        self.screen = screen
        #: In French; counted and not quoted in the message, since the words of a changed page may be somebody's.
        self.changes = tuple(changes)
        many = f"{len(changes)} écart{'s' if len(changes) > 1 else ''}"
        super().__init__(
            f"{application.upper()}, écran « {screen} » : l'écran a changé ({many}). {entered} La console dit chaque "
            "écart et quoi faire (Applications), glr screens check aussi."
        )


class LeaseLost(GlrError):
    """Le bail du dossier est perdu : un autre a pu le reprendre, plus rien n'est écrit."""


class RobotsStopped(GlrError):
    """Les robots sont arrêtés pour ce scénario ou cette application : rien n'a été saisi, le dossier attend."""


class HouseRestored(GlrError):
    """Base restaurée d'une sauvegarde : aucun robot ne commence rien."""


class ActRefused(GlrError):
    """L'acte a été refusé par la clôture avant de partir."""


class EntryInDoubt(GlrError):
    """La saisie a peut-être eu lieu : une personne vérifie, rien n'est saisi à nouveau."""


class EntryElsewhere(EntryInDoubt):
    """La même saisie est en cours ou en doute dans un autre dossier, que les robots n'ont pas fini : ce dossier attend."""


class RefusedDelivery(GlrError):
    """Livraison déjà reçue."""

    def __init__(self, name: str, first: str, received: str) -> None:
        self.first = first
        super().__init__(
            f"La livraison « {name} » a déjà été reçue : c'est « {first} », du {received}. "
            "Rien n'a été chargé ni saisi. Pour une nouvelle liste, déposer un nouveau fichier."
        )


class BadDelivery(GlrError):
    """La livraison ne peut pas être lue."""


class SettingsError(GlrError):
    """Un réglage manque ou ne convient pas."""
