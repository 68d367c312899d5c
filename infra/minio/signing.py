"""URLs that carry their own permission: AWS Signature Version 4 in the query string.

By hand, because the client library signs no headers, and it is signed headers that bind the size and type of an upload.
The scheme: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_USUAL_PORTS: Final = {"http": ":80", "https": ":443"}


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs for one bucket; `base_url` is where clients reach the store, without a path."""

    base_url: str
    bucket: str
    access_key: str
    secret_key: str = field(repr=False)
    region: str

    def url(self, key: str) -> str:
        """Where an object is, without leave to read it."""
        return f"{self.base_url}{self._path(key)}"

    def signed(
        self,
        method: str,
        key: str,
        *,
        begins_at: datetime,
        seconds: int,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> str:
        """A URL for one kind of request for so long, which must come with exactly these headers.

        The same arguments give the same text. Times count in whole seconds of UTC.
        """
        stamp = f"{begins_at:%Y%m%dT%H%M%SZ}"
        scope = f"{begins_at:%Y%m%d}/{self.region}/s3/aws4_request"
        signed = {"host": self._host(), **{name.lower(): value for name, value in (headers or {}).items()}}
        names = ";".join(sorted(signed))
        fields = {
            **(query or {}),
            "X-Amz-Algorithm": _ALGORITHM,
            "X-Amz-Credential": f"{self.access_key}/{scope}",
            "X-Amz-Date": stamp,
            "X-Amz-Expires": str(seconds),
            "X-Amz-SignedHeaders": names,
        }
        asked = urlencode(sorted(fields.items()), quote_via=quote, safe="-_.~")
        lines = "".join(f"{name}:{signed[name].strip()}\n" for name in sorted(signed))
        request = f"{method}\n{self._path(key)}\n{asked}\n{lines}\n{names}\nUNSIGNED-PAYLOAD"
        digest = hashlib.sha256(request.encode()).hexdigest()
        signature = self._sign(f"{_ALGORITHM}\n{stamp}\n{scope}\n{digest}", scope)
        return f"{self.url(key)}?{asked}&X-Amz-Signature={signature}"

    def _sign(self, text: str, scope: str) -> str:
        secret = f"AWS4{self.secret_key}".encode()
        for part in scope.split("/"):
            secret = hmac.digest(secret, part.encode(), "sha256")
        return hmac.new(secret, text.encode(), "sha256").hexdigest()

    def _path(self, key: str) -> str:
        return f"/{self.bucket}/{quote(key, safe='/-_.~')}"

    def _host(self) -> str:
        """As clients send it: without the port that the scheme implies."""
        parts = urlsplit(self.base_url)
        return parts.netloc.removesuffix(_USUAL_PORTS.get(parts.scheme, ""))
