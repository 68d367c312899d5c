"""A client of the HTTP contract, for the command line's own use: what it can't do, no other client can either."""

import mimetypes
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Self

import httpx

_TYPES: Final = {".heic": "image/heic", ".heif": "image/heif", ".avif": "image/avif", ".webp": "image/webp"}
PHOTO_SUFFIXES: Final = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".avif", ".tif", ".tiff", ".gif"}
)


class ClientError(Exception):
    """The server refused, or could not be reached."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{detail} ({code})")
        self.code = code


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one file: the photo's id, or that of the one that was there already, and where it was recorded."""

    photo_id: str
    duplicate: bool
    position: str = ""


@dataclass(frozen=True, slots=True)
class Put:
    """A file that lies in the store, and is no photo yet."""

    upload_id: str


class Client:
    """One caller of one server; usable by several threads once logged in, each of which reads what it wrote."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=60)
        self._seen = threading.local()
        self.username = ""

    def __enter__(self) -> Self:
        """Use as a context; leaving it closes the connections."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._http.close()

    def register(self, username: str, password: str, *, first_name: str, last_name: str, email: str) -> None:
        """Become a member; one who is there already is fine."""
        body = {
            "username": username,
            "password": password,
            "email": email,
            "first_name": first_name,
            "last_name": last_name,
        }
        try:
            self._call("POST", "/v1/members", json=body)
        except ClientError as error:
            if error.code != "username_taken":
                raise

    def log_in(self, username: str, password: str) -> None:
        """Open a session; later calls are made in its name."""
        session = self._call("POST", "/v1/sessions", json={"username": username, "password": password})
        self._http.headers["Authorization"] = f"Bearer {session['access_token']}"
        self.username = username

    def send(self, path: Path, **said: Any) -> Sent:
        """Upload a file and publish it, unless the same bytes are among the member's photos already."""
        put = self.put(path)
        return put if isinstance(put, Sent) else self.publish(put, **said)

    def put(self, path: Path) -> "Sent | Put":
        """Put a file into the store, unless the same bytes are among the member's photos already."""
        content = path.read_bytes()
        asked = {
            "filename": path.name,
            "content_type": content_type(path),
            "size": len(content),
            "sha256": sha256(content).hexdigest(),
        }
        upload = self._call("POST", "/v1/uploads", json=asked)
        if upload["duplicate_of"]:
            return Sent(upload["duplicate_of"], duplicate=True)
        self._checked(self._http.put(upload["url"], content=content, headers=upload["headers"]))
        return Put(upload["upload_id"])

    def publish(self, put: "Put", **said: Any) -> Sent:
        """Make a photo of an uploaded file."""
        photo = self._call("POST", "/v1/photos", json={"upload_id": put.upload_id, **said})
        return Sent(photo["photo_id"], duplicate=False, position=self._seen.position)

    def photo(self, photo_id: str, position: str = "") -> dict[str, Any]:
        """A photo as the member sees it, at that position or later."""
        return self._call("GET", f"/v1/photos/{photo_id}", headers={"X-Min-Position": position} if position else None)

    def remove(self, photo_id: str) -> None:
        """Take a photo of one's own back."""
        self._call("DELETE", f"/v1/photos/{photo_id}")

    def photos(self, username: str) -> list[dict[str, Any]]:
        """A member's newest photos."""
        page = self._call("GET", f"/v1/members/{username}/photos", params={"limit": 100})
        return list(page["items"])

    def follow(self, username: str) -> None:
        """Follow a member."""
        self._call("PUT", f"/v1/members/{username}/follow")

    def like(self, photo_id: str) -> None:
        """Like a photo."""
        self._call("PUT", f"/v1/photos/{photo_id}/like")

    def comment(self, photo_id: str, text: str) -> None:
        """Write under a photo; the same words of the same member under it are written once."""
        key = sha256(f"{self.username}\0{photo_id}\0{text}".encode()).hexdigest()
        self._call("POST", f"/v1/photos/{photo_id}/comments", json={"text": text}, headers={"Idempotency-Key": key})

    def ready(self) -> bool:
        """Whether the server answers and has all that it needs."""
        try:
            return self._http.get("/readyz").is_success
        except httpx.TransportError:
            return False

    def _call(
        self,
        method: str,
        path: str,
        *,
        json: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        position = getattr(self._seen, "position", "")
        seen = {"X-Min-Position": position} if position else {}
        try:
            answer = self._http.request(method, path, json=json, params=params, headers={**seen, **(headers or {})})
        except httpx.TransportError as error:
            raise ClientError("unreachable", f"{self._http.base_url} does not answer: {error}") from error
        checked = self._checked(answer)
        if method != "GET":
            self._seen.position = checked.headers.get("X-Position", position)
        return dict(checked.json()) if checked.content else {}

    @staticmethod
    def _checked(answer: httpx.Response) -> httpx.Response:
        if answer.is_success:
            return answer
        try:
            problem = answer.json()
        except ValueError:
            raise ClientError(f"http_{answer.status_code}", answer.text[:200]) from None
        raise ClientError(problem.get("code", "error"), problem.get("detail", answer.reason_phrase))


def content_type(path: Path) -> str:
    """The type that a file's name stands for."""
    return _TYPES.get(path.suffix.lower()) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
