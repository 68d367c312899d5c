"""HTTP as it is spoken on sockets: what is no HTTP at all is told so by a problem too, as every refusal is."""

from http import HTTPStatus
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.problems import Problem, respond

_REFUSAL: Final = Problem(HTTPStatus.BAD_REQUEST, "http_invalid", "That is not an HTTP request that can be read.")


def refusal() -> bytes:
    """The whole answer to what can't be read, after which the connection is closed."""
    answer = respond(_REFUSAL)
    headers = [*answer.raw_headers, (b"connection", b"close")]
    lines = [b"HTTP/1.1 400 Bad Request", *(b"%b: %b" % header for header in headers), b"", bytes(answer.body)]
    return b"\r\n".join(lines)


class HttpProtocol(HttpToolsProtocol):
    """One connection."""

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 the parser's words are its own
        """Refuse, and close."""
        self.transport.write(refusal())
        self.transport.close()
