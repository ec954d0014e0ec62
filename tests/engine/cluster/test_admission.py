"""Who is let in: versions and clocks are compared, and certificates are checked, before any work."""

import socket
import ssl
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from discpress.engine.cluster.entry.admission import Admission
from discpress.engine.cluster.entry.certificates import ensure_authority
from discpress.engine.cluster.entry.invitation import keep_invitation, read_invitation, write_invitation
from discpress.engine.cluster.entry.probe import UnreachableError, probe
from discpress.engine.cluster.entry.versions import MOST_CLOCK_S, own_versions, refusal
from discpress.engine.cluster.files import Certificates, ClusterFiles, ClusterRecord, write_private
from discpress.engine.errors import ClusterError, StorageError
from discpress.engine.store.model import JsonValue

OURS: dict[str, JsonValue] = {
    "discpress": "1",
    "python": "3.11",
    "distributed": "2026.8.0",
    "kernel": "lz4 1",
    "at": 1000.0,
}


def test_equal_machines_are_let_in() -> None:
    assert refusal(OURS, {**OURS, "at": 1000.0 + MOST_CLOCK_S}, "pc") == ("", "")


@pytest.mark.parametrize("name", ["discpress", "python", "distributed", "kernel"])
def test_another_version_is_refused(name: str) -> None:
    problem, hint = refusal(OURS, {**OURS, name: "0"}, "pc")
    assert problem.startswith("pc: ") and " is 0 there, but " in problem
    assert hint.startswith("install the same version")


def test_a_machine_that_sends_no_versions_is_refused() -> None:
    assert refusal(OURS, {}, "pc")[0]


@pytest.mark.parametrize(("at", "way"), [(1000 - 31, "31 seconds behind"), (1000 + 90, "90 seconds ahead")])
def test_a_clock_that_is_off_is_refused(at: float, way: str) -> None:
    assert refusal(OURS, {**OURS, "at": at}, "pc") == (
        f"pc: its clock is {way}",
        "set the clocks of both machines, for example by NTP",
    )


@pytest.mark.parametrize("at", [None, "1000", float("nan"), float("inf"), 10**400])
def test_a_clock_that_is_no_time_is_refused(at: JsonValue) -> None:
    assert refusal(OURS, {**OURS, "at": at}, "pc")[0] == "pc: its clock is not known"


def test_the_versions_of_this_machine_are_all_known() -> None:
    assert "missing" not in own_versions().values()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> ClusterFiles:
    files = ClusterFiles.of_own(tmp_path_factory.mktemp("owner"))
    ensure_authority(files, "nas")
    files.save(ClusterRecord("tls://127.0.0.1:8786"))
    return files


def test_only_their_owner_reads_the_files(files: ClusterFiles) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in files.folder.iterdir()}
    names = ("ca.pem", "ca-key.pem", "cert.pem", "key.pem", "cluster.json")
    assert modes == dict.fromkeys(names, 0o600)


def test_a_second_start_keeps_the_authority(files: ClusterFiles) -> None:
    before = files.ca_key_path.read_bytes()
    ensure_authority(files, "nas")
    assert files.ca_key_path.read_bytes() == before


def test_a_key_without_its_certificate_gets_a_new_one(files: ClusterFiles, tmp_path: Path) -> None:
    own = ClusterFiles.of_own(tmp_path)
    ensure_authority(own, "nas")
    own.certificates.key_path.write_bytes(files.certificates.key_path.read_bytes())
    ensure_authority(own, "nas")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_cert_chain(own.certificates.cert_path, own.certificates.key_path)


def test_a_certificate_of_another_authority_is_replaced(files: ClusterFiles, tmp_path: Path) -> None:
    own = ClusterFiles.of_own(tmp_path)
    ensure_authority(own, "nas")
    for name in ("cert.pem", "key.pem"):
        (own.folder / name).write_bytes((files.folder / name).read_bytes())
    ensure_authority(own, "nas")
    assert own.certificates.cert_path.read_bytes() != files.certificates.cert_path.read_bytes()


def test_a_key_that_cannot_be_renamed_leaves_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.mkdir()
    with pytest.raises(StorageError):
        write_private(path, b"a key")
    assert [each.name for each in tmp_path.iterdir()] == ["key.pem"]


def invited(files: ClusterFiles, folder: Path) -> Certificates:
    """Return the certificates of a machine that was invited."""
    folder.mkdir(exist_ok=True)
    path = folder / "pc.invitation"
    write_invitation(files, path, "tls://127.0.0.1:8786", "pc")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    joined = ClusterFiles.of_joined(folder)
    keep_invitation(joined, read_invitation(path))
    return joined.certificates


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff" * 70_000])
def test_a_file_that_is_no_invitation_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "pc.invitation"
    path.write_bytes(data)
    with pytest.raises(ClusterError, match="is not an invitation"):
        read_invitation(path)


def test_a_missing_certificate_is_named(files: ClusterFiles, tmp_path: Path) -> None:
    certificates = invited(files, tmp_path)
    certificates.key_path.unlink()
    with pytest.raises(ClusterError, match=r"key\.pem: this file of the cluster is missing"):
        certificates.check()


def test_a_damaged_authority_is_named(files: ClusterFiles, tmp_path: Path) -> None:
    own = ClusterFiles.of_own(tmp_path)
    ensure_authority(own, "nas")
    own.ca_key_path.write_bytes(b"-----BEGIN PRIVATE KEY-----\n")
    with pytest.raises(ClusterError, match="are damaged"):
        write_invitation(own, tmp_path / "pc.invitation", "tls://127.0.0.1:8786", "pc")


class Server:
    """A TLS server that wants certificates of one authority, and speaks first, as a scheduler does."""

    def __init__(self, certificates: Certificates) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.cert_path, certificates.key_path)
        context.load_verify_locations(certificates.ca_path)
        context.verify_mode = ssl.CERT_REQUIRED
        self._context = context
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"tls://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._socket.accept()
            except OSError:
                return
            try:
                with self._context.wrap_socket(plain, server_side=True) as secure:
                    secure.sendall(b"hello")
            except OSError:
                plain.close()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


@pytest.fixture(scope="module")
def server(files: ClusterFiles) -> Iterator[Server]:
    server = Server(files.certificates)
    yield server
    server.close()


def test_an_invited_machine_gets_through(server: Server, files: ClusterFiles, tmp_path: Path) -> None:
    assert probe(server.address, invited(files, tmp_path)) == "127.0.0.1"


def test_the_invitation_of_another_cluster_is_refused(server: Server, tmp_path: Path) -> None:
    other = ClusterFiles.of_own(tmp_path)
    ensure_authority(other, "other")
    with pytest.raises(ClusterError, match="is not the cluster that this machine was invited to"):
        probe(server.address, invited(other, tmp_path / "pc"))


def test_a_machine_with_the_certificate_of_another_cluster_is_refused(
    server: Server, files: ClusterFiles, tmp_path: Path
) -> None:
    other = ClusterFiles.of_own(tmp_path)
    ensure_authority(other, "other")
    certificates = invited(other, tmp_path / "pc")
    certificates.ca_path.write_bytes(files.certificates.ca_path.read_bytes())
    with pytest.raises(ClusterError, match="refused the certificate of this machine"):
        probe(server.address, certificates)


def test_a_certificate_that_is_not_valid_yet_names_the_clock(
    server: Server, files: ClusterFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificates = invited(files, tmp_path)

    def refuse(*_: Any, **__: Any) -> None:
        error = ssl.SSLCertVerificationError(1, "certificate verify failed")
        error.verify_code = 9
        raise error

    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", refuse)
    with pytest.raises(ClusterError, match="is not valid yet by the clock of this machine"):
        probe(server.address, certificates)


def test_an_address_without_an_answer_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(UnreachableError, match="no cluster answers there"):
        probe(f"tcp://127.0.0.1:{port}", None)


class Worker:
    """A connected worker, as a scheduler knows it."""

    def __init__(self, name: str) -> None:
        self.name = name


async def test_an_admitted_machine_is_listed_while_it_is_connected() -> None:
    workers = {"tls://127.0.0.1:5": Worker("pc-1"), "tls://127.0.0.1:6": Worker("a stranger")}
    admission = Admission(workers, lambda: 1000.0)
    facts = {**own_versions(), "at": 1000.0, "label": "pc", "threads": 4}
    assert (await admission.hello("pc-1", facts))["problem"] == ""
    (listed,) = await admission.machines()
    assert (listed["label"], listed["address"]) == ("pc", "tls://127.0.0.1:5")
    del workers["tls://127.0.0.1:5"]
    assert await admission.machines() == []


async def test_a_machine_is_barred_until_it_joins_again() -> None:
    workers = {"tls://127.0.0.1:5": Worker("pc-1"), "tls://127.0.0.1:6": Worker("pc-2")}
    admission = Admission(workers, lambda: 1000.0)
    facts = {**own_versions(), "at": 1000.0, "label": "pc", "threads": 4, "is_barred": True}
    for name in ("pc-1", "pc-2"):
        await admission.hello(name, facts)
    await admission.bar("tls://127.0.0.1:6")
    assert [each.get("is_barred") for each in await admission.machines()] == [None, True]
    await admission.bar("tls://127.0.0.1:7")
    workers["tls://127.0.0.1:6"] = Worker("pc-3")
    await admission.hello("pc-3", facts)
    assert [each.get("is_barred") for each in await admission.machines()] == [None, None]


async def test_a_machine_of_another_version_is_told_and_never_listed() -> None:
    admission = Admission({"tls://127.0.0.1:5": Worker("pc-1")}, lambda: 1000.0)
    answer = await admission.hello("pc-1", {**own_versions(), "discpress": "0.1", "at": 1000.0, "label": "pc"})
    assert str(answer["problem"]).startswith("pc: discpress is 0.1 there")
    assert await admission.machines() == []


@pytest.mark.parametrize(
    "wrong", [{"label": "p\nc"}, {"label": 5}, {"threads": 0}, {"threads": 1 << 70}, {"threads": True}]
)
async def test_a_machine_with_impossible_facts_is_told_and_never_listed(wrong: dict[str, JsonValue]) -> None:
    admission = Admission({"tls://127.0.0.1:5": Worker("pc-1")}, lambda: 1000.0)
    answer = await admission.hello("pc-1", {**own_versions(), "at": 1000.0, "label": "pc", "threads": 4, **wrong})
    assert answer["problem"]
    assert await admission.machines() == []


@pytest.mark.parametrize(
    ("data", "end"), [(b"root:x:0:0", "cluster"), (b'{"schema": 99}', "(another version wrote it)")]
)
def test_only_an_invitation_of_another_version_is_told_apart(tmp_path: Path, data: bytes, end: str) -> None:
    path = tmp_path / "pc.invitation"
    path.write_bytes(data)
    with pytest.raises(ClusterError) as caught:
        read_invitation(path)
    assert str(caught.value).endswith(end)
