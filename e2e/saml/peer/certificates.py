"""Certificates of the other side: an authority for TLS, and keys that sign SAML."""

import datetime
import ipaddress
import textwrap
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)
"""How long a certificate holds, before and after now; a run takes two minutes."""

RSA_BITS = 2048
"""What DigiD's certificates have."""


@dataclass(frozen=True)
class Files:
    """A certificate and its key, as PEM."""

    cert: Path
    key: Path


class Authority:
    """Issues certificates for TLS; its own goes to `--input DIR/trust`."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("another DigiD's authority (TEST)")
        public = self._key.public_key()
        self._certificate = (
            _begun(self._name, self._name, public)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.file = _written(folder, "authority", self._certificate, self._key).cert

    def issue(self, name: str) -> Files:
        """A certificate for `name` and for the loopback address, as a server and as a client."""
        key = ec.generate_private_key(ec.SECP256R1())
        loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        uses = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        certificate = (
            _begun(_name(name), self._name, key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
            .add_extension(
                x509.SubjectAlternativeName([x509.DNSName(name), loopback]), critical=False
            )
            .add_extension(issuer, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return _written(self.folder, name, certificate, key)


def saml_signing(folder: Path, name: str) -> Files:
    """An RSA key with a certificate of its own making, for SAML signatures."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    certificate = _begun(_name(name), _name(name), key.public_key()).sign(key, hashes.SHA256())
    return _written(folder, name, certificate, key)


def pem_file(file: Path, text: str) -> Path:
    """The certificate in a `ds:X509Certificate`, as PEM in a file."""
    lines = textwrap.wrap("".join(text.split()), 64)
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    file.write_text("\n".join([begin, *lines, end, ""]))
    return file


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _begun(subject: x509.Name, issuer: x509.Name, public) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + DAY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _written(folder: Path, name: str, certificate: x509.Certificate, key) -> Files:
    files = Files(cert=folder / f"{name}.pem", key=folder / f"{name}.key")
    files.cert.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files
