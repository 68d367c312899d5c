"""What the product refuses, and under which stable code."""


class Refused(Exception):
    """A rule said no; `code` is stable for clients, `detail` is safe to show."""

    def __init__(self, code: str, detail: str, *, field: str | None = None) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.field = field


class Invalid(Refused):
    """The request breaks a rule about its own form or content (HTTP 422)."""


class NotFound(Refused):
    """There is no such thing, or the caller may not know of it (HTTP 404)."""


class Forbidden(Refused):
    """The caller sees the thing but may not do this to it (HTTP 403)."""


class Unauthenticated(Refused):
    """Who is calling could not be established (HTTP 401)."""


class Contradicted(Refused):
    """The request was sound, but what is already recorded speaks against it (HTTP 409)."""


class TooLarge(Refused):
    """More bytes than the product takes (HTTP 413)."""


class Unsupported(Refused):
    """A kind of content that the product does not take (HTTP 415)."""
