"""What links show in a browser: plain pages with Open Graph tags, and a policy that lets nothing else in."""

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from html import escape
from http import HTTPStatus
from importlib import resources
from string import Template
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from api.accepting import named

HTML: Final = "text/html"
_STYLE: Final = (
    ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;"
    "padding:0 1rem}main{display:grid;gap:1rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr))}"
    "figure{margin:0}img{width:100%;height:auto;border-radius:.4rem}figcaption{opacity:.8}"
)
_SCRIPT: Final = (
    "document.querySelector('form').addEventListener('submit',async(event)=>{event.preventDefault();"
    "const said=new FormData(event.target).get('password');"
    "const bytes=String.fromCharCode(...new TextEncoder().encode(said));"
    "const answer=await fetch(location.href,{headers:{'X-Share-Password':bytes,'Accept':'text/html'}});"
    "if(!answer.ok){document.querySelector('[role=alert]').textContent='That is not the password.';return}"
    "const page=new DOMParser().parseFromString(await answer.text(),'text/html');"
    "document.documentElement.replaceWith(page.documentElement)})"
)
_DESCRIBED: Final = 200


def for_browsers(request: Request) -> bool:
    """Whether HTML is asked for rather than JSON (RFC 9110, section 12.5.1)."""
    accept = request.headers.get("Accept")
    return named(accept, HTML, "application/xhtml+xml") > named(accept, "application/json")


def page_of(body: dict[str, Any], url: str) -> str:
    """The page of what a link shows (the JSON of `GET /v1/shared/{token}`)."""
    photos = [body["photo"]] if body["photo"] else body["photos"]["items"]
    about = body["album"] or body["photo"]
    owner = about["owner"]
    by = "someone" if "hidden" in owner else f"{owner['first_name']} {owner['last_name']}".strip() or owner["username"]
    title = (body["album"] or {}).get("title") or (body["photo"] or {}).get("caption") or f"A photo by {by}"
    description = (body["album"] or {}).get("description") or f"Shared by {by} with filmroll"
    cover = about["cover"] if body["album"] else about["image"]
    cursor = (body["photos"] or {}).get("next_cursor")
    return _template("shared.html").substitute(
        title=escape(_first_line(title)),
        description=escape(description[:_DESCRIBED]),
        url=escape(url),
        picture=_picture(cover),
        figures="".join(_figure(photo) for photo in photos),
        more=f'<p><a href="?cursor={escape(cursor)}">More</a></p>' if cursor else "",
        style=_STYLE,
    )


def locked() -> str:
    """The page that asks for a password."""
    return _template("locked.html").substitute(style=_STYLE, script=_SCRIPT)


def html(text: str, *, status: int = HTTPStatus.OK, pictures_from: str = "") -> Response:
    """A page as an answer; pictures may come from the server itself and from one origin more."""
    policy = (
        f"default-src 'none'; img-src 'self' {pictures_from or 'https: http:'}; style-src {_digest(_STYLE)};"
        f" script-src {_digest(_SCRIPT)}; connect-src 'self'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    )
    headers = {
        "Cache-Control": "private, no-cache",
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "Vary": "Accept, Authorization, X-Share-Password",
    }
    return HTMLResponse(text, status, headers)


def policy_of(text: str) -> str:
    """The policy for a page that holds its own styles and scripts: these, calls to the server itself, nothing else."""
    styles, scripts = (
        " ".join(map(_digest, re.findall(rf"<{name}>(.*?)</{name}>", text, re.DOTALL))) or "'none'"
        for name in ("style", "script")
    )
    return (
        f"default-src 'none'; style-src {styles}; script-src {scripts}; connect-src 'self'; img-src 'self' data:;"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def origin_of(body: dict[str, Any]) -> str:
    """Where the pictures of a page lie."""
    about = body["album"] or body["photo"]
    cover = about["cover"] if body["album"] else about["image"]
    parts = urlsplit(cover["src"] if cover else "")
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else "'self'"


def _picture(cover: dict[str, Any] | None) -> str:
    if cover is None:
        return ""
    chosen = next(variant for variant in cover["variants"] if variant["url"] == cover["src"])
    return (
        f'<meta property="og:image" content="{escape(cover["src"])}">\n'
        f'<meta property="og:image:width" content="{chosen["width"]}">\n'
        f'<meta property="og:image:height" content="{chosen["height"]}">\n'
        '<meta name="twitter:card" content="summary_large_image">\n'
    )


def _figure(photo: dict[str, Any]) -> str:
    image = photo["image"]
    if image is None:
        return ""
    said = escape(photo["caption"])
    return (
        f'<figure><img src="{escape(image["src"])}" srcset="{escape(image["srcset"]["jpeg"])}"'
        f' sizes="(min-width: 45rem) 33vw, 100vw" width="{image["width"]}" height="{image["height"]}"'
        f' alt="{escape(photo["alt_text"])}" loading="lazy">{f"<figcaption>{said}</figcaption>" if said else ""}</figure>'
    )


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0][:_DESCRIBED]


def _digest(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


@cache
def _template(name: str) -> Template:
    return Template(resources.files("api").joinpath(name).read_text(encoding="utf-8"))
