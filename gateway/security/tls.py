"""TLS for those who have no proxy for it: a certificate and its key, read again when the operator says so."""

import logging
import ssl
from pathlib import Path

log = logging.getLogger(__name__)


class Certificate:
    """The files of a certificate's chain and of its key; `context` uses what they held when they were last read.

    Raises:
        OSError: one of them cannot be read, or is not what it should be.
    """

    def __init__(self, certificate: Path, key: Path | None) -> None:
        self._certificate = certificate
        self._key = key
        self.context = self._read(_context())

    def reload(self) -> None:
        """New connections get the certificate that is in the files now; if it is of no use, the one before."""
        try:
            self._read(_context())  # a context that failed half-way would have the one's certificate, the other's key
            self._read(self.context)
        except OSError as error:
            log.error("the certificate stays as it was: %s", error)  # noqa: TRY400 - the operator needs the reason, not our stack
        else:
            log.info("the certificate has been read again")

    def _read(self, context: ssl.SSLContext) -> ssl.SSLContext:
        for path in (self._certificate, self._key or self._certificate):
            path.open("rb").close()  # for an error that names the file
        try:
            context.load_cert_chain(self._certificate, self._key, password=_no_password)
        except ssl.SSLError as error:
            raise OSError(f"the certificate and its key cannot be used: {error}") from error
        return context


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


def _no_password() -> str:
    """Nobody is there to be asked for one."""
    raise ssl.SSLError("the key is encrypted; decrypt it first")
