"""The first contact with a scheduler: finds a wrong address, certificate or clock before anything else is tried."""

import socket
import ssl

from discpress.engine.cluster.files import Certificates, split_address
from discpress.engine.errors import ClusterError
from discpress.engine.names import display_name

CONNECT_S = 5.0
_OF_CLOCK = {9: "is not valid yet", 10: "has expired"}
"""Codes of OpenSSL about the time of a certificate."""
_INVITE = "ask for a new invitation: run discpress cluster invite on the machine that started the cluster"


def probe(address: str, certificates: Certificates | None) -> str:
    """Connect once; return the address of this machine on that connection. Raises ClusterError."""
    try:
        with socket.create_connection(split_address(address), CONNECT_S) as plain:
            own = str(plain.getsockname()[0])
            if certificates is not None:
                _shake_hands(plain, address, certificates)
            return own
    except ssl.SSLError as error:
        raise _refused(address, error) from error
    except OSError as error:
        reason = error.strerror or str(error) or "no answer"
        raise UnreachableError(
            f"{display_name(address)}: no cluster answers there: {reason}",
            hint="check the address, and that discpress cluster start runs there",
        ) from error


class UnreachableError(ClusterError):
    """Nothing answers at the address; it may do so later."""


def _shake_hands(plain: socket.socket, address: str, certificates: Certificates) -> None:
    certificates.check()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # the authority signs for one cluster only, and its machines have no fixed names
    try:
        context.load_verify_locations(certificates.ca_path)
        context.load_cert_chain(certificates.cert_path, certificates.key_path)
    except (ssl.SSLError, OSError) as error:
        raise ClusterError(
            f"{display_name(certificates.cert_path.parent)}: the certificates of this machine are damaged", hint=_INVITE
        ) from error
    with context.wrap_socket(plain) as secure:
        if not secure.recv(1):  # a scheduler speaks first; one that refuses this machine ends the connection
            raise ClusterError(f"{display_name(address)}: refused the certificate of this machine", hint=_INVITE)


def _refused(address: str, error: ssl.SSLError) -> ClusterError:
    shown = display_name(address)
    if isinstance(error, ssl.SSLCertVerificationError):
        if problem := _OF_CLOCK.get(error.verify_code):
            return ClusterError(
                f"{shown}: the certificate of the cluster {problem} by the clock of this machine",
                hint="set the clocks of both machines, for example by NTP",
            )
        return ClusterError(f"{shown}: is not the cluster that this machine was invited to", hint=_INVITE)
    if error.reason == "WRONG_VERSION_NUMBER":
        return ClusterError(f"{shown}: does not speak TLS", hint="check the address")
    return ClusterError(f"{shown}: refused the certificate of this machine", hint=_INVITE)
