"""The page on which people read the contract and try it."""

import re

from protocol import errors
from protocol.errors import GymServerError
from tests.server import Server


def test_the_page_loads_nothing_from_elsewhere(server: Server) -> None:
    """Its scripts and styles are this server's, and its policy forbids others."""
    reply = server.http.get("/docs")
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "script-src 'self'" in reply.headers["Content-Security-Policy"]
    loaded = re.findall(r'(?:src|href)="([^"]+)"', reply.text)
    assert all(address.startswith("/") for address in loaded), loaded
    for address in loaded:
        if address != "/v2/openapi.json":
            assert server.http.get(address).status_code == 200, address


def test_every_code_of_an_error_has_its_place_on_the_page(server: Server) -> None:
    """The `type` of a problem is a link to it."""
    page = server.http.get("/docs").text
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, GymServerError)]
    assert not [kind.code for kind in kinds if f'id="{kind.code}"' not in page]
