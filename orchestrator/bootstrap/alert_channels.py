"""The two ways an alert leaves the house: a mail, a signed request. Each carries its id, since it may come twice."""

from __future__ import annotations

import hmac
import json
import smtplib
import ssl
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import sha256
from typing import Any

from keywords.mail import lines
from orchestrator.bootstrap.surveillance import Surveillance, secret_of
from orchestrator.domain.civil import PARIS
from orchestrator.domain.errors import GlrError
from orchestrator.settings import Settings

#: Seconds for the answer to a request.
PATIENCE = 10.0
#: The header that signs a request: ``sha256=<HMAC-SHA256 of the body>``.
SIGNATURE = "X-GLR-Signature"
#: What mail and request are called by kind.
TITLES = {
    "scenario_stopped": "scénario arrêté",
    "application_stopped": "application arrêtée",
    "doubt": "saisie en doute",
    "gap": "écart de rapprochement",
    "reconciliation": "rapprochement pas fait",
    "log": "journal changé",
    "backup": "sauvegarde trop ancienne",
    "not_run": "exécution attendue absente",
    "unhosted": "dossiers sans poste qui ait leurs étiquettes",
    "test": "essai",
}


class NotTaken(GlrError):
    """L'alerte n'a pas été prise."""


def send(settings: Settings, rules: Surveillance, channel: str, alert: Mapping[str, Any]) -> None:
    """Send one alert; blocks; raises ``GlrError`` with what to do about it."""
    (_mail if channel == "mail" else _post)(settings, rules, alert)


def _mail(settings: Settings, rules: Surveillance, alert: Mapping[str, Any]) -> None:
    if rules.mail is None:
        raise NotTaken
    account = secret_of(settings, rules.mail.account, "smtp", "login", "password", "sender")
    message = EmailMessage()
    message["From"], message["To"] = account["sender"], ", ".join(rules.mail.to)
    message["Subject"] = f"[Go-les-robots] {settings.caisse} : {TITLES[alert['kind']]} ({alert['object']})"
    message["Date"] = format_datetime(datetime.fromisoformat(alert["raised_at"]))
    message["Message-ID"] = f"<{alert['id']}@go-les-robots>"
    message["Auto-Submitted"] = "auto-generated"
    at = datetime.fromisoformat(alert["raised_at"]).astimezone(PARIS)
    message.set_content(f"{alert['message']}\n\nLe {at:%d/%m/%Y à %H:%M}, alerte {alert['id']}.\n")
    with closing(lines.smtp(account)) as line:
        try:
            line.send_message(message)
            line.quit()
        except (OSError, smtplib.SMTPException) as error:
            raise NotTaken(f"Le serveur de courriel n'a pas pris l'alerte ({type(error).__name__}).") from None


def _post(settings: Settings, rules: Surveillance, alert: Mapping[str, Any]) -> None:
    if rules.webhook is None:
        raise NotTaken
    import httpx  # noqa: PLC0415 - heavy, and few houses have a webhook

    secret = secret_of(settings, rules.webhook.account, "key")
    body = json.dumps(
        {name: alert[name] for name in ("id", "caisse", "kind", "object", "message", "raised_at")}, ensure_ascii=False
    ).encode()
    signed = f"sha256={hmac.new(secret['key'].encode(), body, sha256).hexdigest()}"
    headers = {"Content-Type": "application/json", SIGNATURE: signed, "X-GLR-Alert": alert["id"]}
    try:
        trusted = ssl.create_default_context(cafile=secret.get("authority"))
        answer = httpx.post(rules.webhook.url, content=body, headers=headers, timeout=PATIENCE, verify=trusted)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:  # its text may quote the address
        raise NotTaken(f"Le webhook ne répond pas ({type(error).__name__}).") from None
    if not answer.is_success:
        raise NotTaken(f"Le webhook a répondu {answer.status_code} : 2xx attendu.")
