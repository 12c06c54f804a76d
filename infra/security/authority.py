"""Certificates and the authority that signs them: pure, of times and names that the caller gives."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_DAYS = 3650
CLOCK_TOLERANCE = timedelta(hours=1)
SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key, both PEM."""

    certificate: str
    key: str

    @property
    def parsed(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.certificate.encode("ascii"))

    @property
    def belongs_together(self) -> bool:
        """Whether the key is the certificate's own: a crash between two files leaves another one."""
        key = serialization.load_pem_private_key(self.key.encode("ascii"), password=None)
        return key.public_key() == self.parsed.public_key()


@dataclass(frozen=True)
class Wanted:
    """What a certificate is for: its common name, the hosts that it answers as, its uses."""

    name: str
    hosts: tuple[str, ...]
    uses: tuple[x509.ObjectIdentifier, ...]


def new_authority(now: datetime, name: str = "minsheng") -> Pair:
    """An authority that may sign servers' and clients' certificates, and no other authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(f"{name} authority {now:%Y-%m-%d}")
    builder = (
        _begun(subject, subject, key.public_key(), now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
    )
    return _signed(builder, key, key)


def new_certificate(authority: Pair, wanted: Wanted, now: datetime, days: int) -> Pair:
    """A certificate that `authority` has signed, good for so many days, with a key of its own."""
    signing = serialization.load_pem_private_key(authority.key.encode("ascii"), password=None)
    if not isinstance(signing, ec.EllipticCurvePrivateKey):
        raise TypeError(f"an authority's key made here is one of an elliptic curve, this is {type(signing)}")
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = authority.parsed
    builder = (
        _begun(_name(wanted.name), issuer.subject, key.public_key(), now, days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(wanted.uses), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False
        )
    )
    if wanted.hosts:
        names = x509.SubjectAlternativeName([_host(host) for host in wanted.hosts])
        builder = builder.add_extension(names, critical=False)
    return _signed(builder, signing, key)


def is_signed_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    """Whether that authority has signed it; an authority made anew under the same name has not."""
    try:
        certificate.verify_directly_issued_by(authority)
    except Exception:  # noqa: BLE001 (of several kinds: another name, another key, another algorithm)
        return False
    return True


def hosts_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """The names and addresses that a certificate is for."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(str(name.value) for name in names)


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_TOLERANCE)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _signed(
    builder: x509.CertificateBuilder, signing: ec.EllipticCurvePrivateKey, key: ec.EllipticCurvePrivateKey
) -> Pair:
    certificate = builder.sign(signing, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    # PKCS#8: Kafka reads no other form of a key in PEM.
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Pair(certificate.decode("ascii"), private.decode("ascii"))


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
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


def unique(hosts: Sequence[str]) -> tuple[str, ...]:
    """Hosts without blanks and repeats, in their order."""
    return tuple(dict.fromkeys(host.strip() for host in hosts if host.strip()))
