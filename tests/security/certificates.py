"""Certificates that signed themselves, made for tests by openssl."""

import ssl
import subprocess
from pathlib import Path
from typing import NamedTuple


class Made(NamedTuple):
    """A certificate for localhost and 127.0.0.1, and its key; `name` is who it says it is for."""

    certificate: Path
    key: Path


def make(folder: Path, name: str) -> Made:
    """A new one, in files of these names, over those that were there."""
    made = Made(folder / "certificate.pem", folder / "key.pem")
    line = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "1",
    ]
    names = ["-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    files = ["-out", str(made.certificate), "-keyout", str(made.key)]
    subprocess.run([*line, *names, *files], check=True, capture_output=True)
    return made


def shown_by(port: int) -> str:
    """The certificate that a server shows to a new connection, as PEM."""
    return ssl.get_server_certificate(("127.0.0.1", port))
