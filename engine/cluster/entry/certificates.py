"""Certificates of a cluster: one authority, and one certificate with a key for each machine."""

import datetime
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from discpress.engine.cluster.files import ClusterFiles, read_private, write_together
from discpress.engine.errors import ClusterError
from discpress.engine.names import display_name

_YEARS = datetime.timedelta(days=10 * 365)
_BEFORE = datetime.timedelta(hours=1)
"""Clocks of machines differ; larger differences are found and refused when a machine joins."""
_MOST_NAME = 64


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate and its key, as PEM."""

    cert: bytes
    """The certificate."""
    key: bytes
    """The key."""


def ensure_authority(files: ClusterFiles, name: str) -> None:
    """Make the authority of a cluster and the certificate of its first machine, unless they are there already."""
    if files.ca_key_path.exists() and files.certificates.ca_path.exists():
        if not _is_whole(files):
            save_issued(files, issue(files, name))
        return
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _named("discpress cluster")
    certificate = (
        _builder(subject, subject, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(is_authority=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    ca_data = certificate.public_bytes(serialization.Encoding.PEM)
    write_together({files.ca_key_path: _key_bytes(key), files.certificates.ca_path: ca_data})
    save_issued(files, issue(files, name))


def issue(files: ClusterFiles, name: str) -> Issued:
    """Return a new certificate for a machine, signed by the authority of a cluster. Raises ClusterError."""
    ca_data, key_data = read_private(files.certificates.ca_path), read_private(files.ca_key_path)
    try:
        authority = x509.load_pem_x509_certificate(ca_data)
        ca_key = serialization.load_pem_private_key(key_data, None)
    except ValueError as error:
        raise ClusterError(
            f"{display_name(files.folder)}: the certificates of the cluster are damaged",
            hint="delete this folder, run discpress cluster start, and invite all machines again",
        ) from error
    if not isinstance(ca_key, ec.EllipticCurvePrivateKey):
        raise ClusterError(f"{display_name(files.ca_key_path)}: is no key of discpress", hint="delete this folder")
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder(_named(name), authority.subject, key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(is_authority=False), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    return Issued(certificate.public_bytes(serialization.Encoding.PEM), _key_bytes(key))


def save_issued(files: ClusterFiles, issued: Issued) -> None:
    """Store a certificate and its key as those of this machine."""
    write_together({files.certificates.key_path: issued.key, files.certificates.cert_path: issued.cert})


def _is_whole(files: ClusterFiles) -> bool:
    """Return whether the certificate of this machine is there, with its key and by this authority.

    A power cut may have left a new key with an older certificate.
    """
    certificates = files.certificates
    try:
        authority = x509.load_pem_x509_certificate(certificates.ca_path.read_bytes())
        own = x509.load_pem_x509_certificate(certificates.cert_path.read_bytes())
        key = serialization.load_pem_private_key(certificates.key_path.read_bytes(), None)
        own.verify_directly_issued_by(authority)
    except (OSError, ValueError, TypeError, InvalidSignature):
        return False
    return key.public_key() == own.public_key()


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:_MOST_NAME] or "machine")])


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BEFORE)
        .not_valid_after(now + _YEARS)
    )


def _usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )


def _key_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
