"""A certificate authority for tests, and certificates of servers that it signs."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Authority:
    """An internal authority, whose certificate is a PEM file."""

    folder: Path
    name: str = "Autorité d'essai"
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def path(self) -> str:
        """The PEM file, made at the first need."""
        path = self.folder / f"{self.name}.pem"
        if not path.exists():
            path.write_bytes(_pem(self._signed(self.name, self.key, days=1, is_authority=True)))
        return str(path)

    def server(self, address: str = "127.0.0.1", days: int = 1) -> ssl.SSLContext:
        """Return what a server at that address, or of that name, shows; it expired when ``days`` is negative."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate, private = self.folder / f"{address}{days}.pem", self.folder / f"{address}{days}.key"
        certificate.write_bytes(_pem(self._signed(address, key, days=days)))
        plain = serialization.NoEncryption()
        private.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, private)
        return context

    def _signed(
        self, subject: str, key: ec.EllipticCurvePrivateKey, *, days: int, is_authority: bool = False
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(_name(subject))
            .issuer_name(_name(self.name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=10))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        )
        if not is_authority:
            made = made.add_extension(x509.SubjectAlternativeName([_place(subject)]), critical=False)
        return made.sign(self.key, hashes.SHA256())


def _place(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
