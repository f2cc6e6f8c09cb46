"""What the tests of this folder share. The programs under test are named by the build: SEKISHO_SMTP_TRIAL."""
import pathlib
import subprocess

import pytest

from trial import certificate, script, send  # noqa: F401

TRANSPORTS = ("curl", "esmtp")


def pytest_configure(config):
    config.addinivalue_line("markers", "transports(*names): the only transports that the test is of; else it runs with each")


def pytest_generate_tests(metafunc):
    """All that is true of one transport is true of the other: each test of a session runs with both."""
    if "transport" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("transports")
        metafunc.parametrize("transport", marker.args if marker else TRANSPORTS)


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


class Authority:
    """A certificate authority in a folder of its own, made when the tests start."""

    def __init__(self, folder, name):
        self.folder = pathlib.Path(folder)
        self.certificate, self.key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                "-keyout", str(self.key), "-out", str(self.certificate))

    def issue(self, name, alternative, not_after=None):
        """(certificate, key) for the subjectAltName `alternative`; `not_after` as YYYYMMDDHHMMSSZ makes it expire then."""
        base = self.folder / name
        request, key, certificate = base.with_suffix(".csr"), base.with_suffix(".key"), base.with_suffix(".pem")
        openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test server", "-keyout", str(key), "-out", str(request))
        extensions = base.with_suffix(".ext")
        extensions.write_text(f"subjectAltName={alternative}\n")
        if not_after is None:
            openssl("x509", "-req", "-in", str(request), "-CA", str(self.certificate), "-CAkey", str(self.key), "-CAcreateserial",
                    "-days", "2", "-extfile", str(extensions), "-out", str(certificate))
        else:
            self._issue_expired(request, extensions, certificate, not_after)
        return certificate, key

    def _issue_expired(self, request, extensions, certificate, not_after):
        (self.folder / "index.txt").write_text("")
        (self.folder / "serial").write_text("01\n")
        configuration = self.folder / "ca.conf"
        configuration.write_text(f"[ca]\ndefault_ca=c\n[c]\ndatabase={self.folder}/index.txt\nserial={self.folder}/serial\n"
                                 f"new_certs_dir={self.folder}\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n")
        openssl("ca", "-batch", "-config", str(configuration), "-cert", str(self.certificate), "-keyfile", str(self.key),
                "-in", str(request), "-out", str(certificate), "-extfile", str(extensions),
                "-startdate", "20200101000000Z", "-enddate", not_after, "-notext")


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"), "sekisho-test-authority")


@pytest.fixture(scope="session")
def stranger(tmp_path_factory):
    """An authority that nobody trusts."""
    return Authority(tmp_path_factory.mktemp("stranger"), "stranger")
