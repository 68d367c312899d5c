"""One example of every answer, used all over the OpenAPI document."""

from typing import Any, Final

_PHOTO_ID: Final = "01m5z3k9qw8rt"
_AT: Final = "2026-05-04T18:30:00.000Z"
_FILE: Final = f"https://photos.example.org/photos/2026/05/04/{_PHOTO_ID}/9c1e/5f0a-r1"

CARD: Final[dict[str, Any]] = {
    "member_id": "01m5z2b7e4kqa",
    "username": "ana",
    "first_name": "Ana",
    "last_name": "Kovač",
    "avatar": None,
}
MEMBER: Final[dict[str, Any]] = {
    **CARD,
    "bio": "Rivers, mostly.",
    "private": False,
    "created_at": "2026-05-01T09:00:00.000Z",
    "counts": {"photos": 12, "followers": 34, "following": 56},
    "viewer": {"following": "yes", "followed_by": False, "blocked": False, "muted": False},
}
NEW_MEMBER: Final[dict[str, Any]] = {
    **MEMBER,
    "bio": "",
    "counts": {"photos": 0, "followers": 0, "following": 0},
    "viewer": None,
}
CARDS: Final[dict[str, Any]] = {"items": [CARD, {"hidden": True}], "next_cursor": None}
SESSION: Final[dict[str, Any]] = {
    "access_token": "eyJhbGciOiJIUzI1NiIsImtpZCI6IjEifQ.eyJzdWIiOiIwMW01ejJiN2U0a3FhIn0.c2lnbmF0dXJl",
    "refresh_token": "01m5z3k9qw8rt.3n0gq0m2w7b8yH3xJkQ",
    "token_type": "bearer",
    "expires_in": 3600,
}
IMAGE: Final[dict[str, Any]] = {
    "width": 4000,
    "height": 3000,
    "blurhash": "LEHV6nWB2yk8pyo0adR*.7kCMdnj",
    "dominant_color": "#7a8b99",
    "variants": [
        {
            "name": "small",
            "width": 400,
            "height": 300,
            "format": "jpeg",
            "bytes": 31_415,
            "url": f"{_FILE}/small.jpeg",
        }
    ],
    "srcset": {"webp": f"{_FILE}/small.webp 400w", "jpeg": f"{_FILE}/small.jpeg 400w"},
    "src": f"{_FILE}/small.jpeg",
}
PHOTO: Final[dict[str, Any]] = {
    "photo_id": _PHOTO_ID,
    "owner": CARD,
    "status": "ready",
    "rejection": None,
    "caption": "Down by the river #river",
    "alt_text": "A river at dusk",
    "tags": ["river"],
    "mentions": [],
    "audience": "public",
    "created_at": _AT,
    "edited_at": None,
    "image": IMAGE,
    "taken_at": "2026-05-04T18:12:45.000Z",
    "camera": {
        "make": "FUJIFILM",
        "model": "X-T5",
        "lens": "XF35mmF1.4 R",
        "focal_length_mm": 35.0,
        "aperture": 2.8,
        "exposure_s": 0.004,
        "iso": 200,
    },
    "location": None,
    "counts": {"likes": 3, "comments": 1, "views": 0},
    "viewer": {"liked": True, "may_edit": False},
}
PROCESSING: Final[dict[str, Any]] = {
    **PHOTO,
    "status": "processing",
    "image": None,
    "taken_at": None,
    "camera": None,
    "counts": {"likes": 0, "comments": 0, "views": 0},
    "viewer": {"liked": False, "may_edit": True},
}
TAGS: Final[dict[str, Any]] = {"items": [{"tag": "river", "photos": 12}], "next_cursor": None}
PHOTOS: Final[dict[str, Any]] = {"items": [PHOTO], "next_cursor": "Zm9yIGV4YW1wbGU"}
TRASH: Final[dict[str, Any]] = {
    "items": [
        {
            **PHOTO,
            "image": None,
            "viewer": {"liked": False, "may_edit": True},
            "deleted_at": "2026-05-06T07:15:00.000Z",
        }
    ],
    "next_cursor": None,
}
FOUND_MEMBERS: Final[dict[str, Any]] = {"items": [CARD], "next_cursor": None}
FOUND_PHOTOS: Final[dict[str, Any]] = {
    "items": [
        {
            **PHOTO,
            "highlights": {"caption": "Down by the <em>river</em> #<em>river</em>", "tags": "<em>river</em>"},
        }
    ],
    "next_cursor": "Zm9yIGV4YW1wbGU",
    "total": 120,
}
DUPLICATES: Final[dict[str, Any]] = {
    "items": [{"group_id": _PHOTO_ID, "photos": [PHOTO, {**PHOTO, "photo_id": "01m5z4f7b2qrs"}]}],
    "next_cursor": None,
}
SIMILAR: Final[dict[str, Any]] = {"items": [{**PHOTO, "similarity": 0.9314}], "next_cursor": None}
UPLOADED: Final[dict[str, Any]] = {"upload_id": "01m5z3hh0d2vc"}
UPLOAD: Final[dict[str, Any]] = {
    "upload_id": "01m5z3hh0d2vc",
    "url": "https://photos.example.org/v1/objects/photos/2026/05/04/01m5z3hh0d2vc/original?signature=5f0a",
    "method": "PUT",
    "headers": {"Content-Type": "image/jpeg"},
    "expires_at": "2026-05-04T19:30:00.000Z",
    "duplicate_of": None,
}
COMMENT: Final[dict[str, Any]] = {
    "comment_id": "01m5z4c3a9xyz",
    "photo_id": _PHOTO_ID,
    "author": CARD,
    "text": "Lovely!",
    "reply_to": None,
    "mentions": [],
    "created_at": _AT,
    "edited_at": None,
}
COMMENTS: Final[dict[str, Any]] = {
    "items": [COMMENT, {"comment_id": "01m5z4f7b2qrs", "hidden": True, "created_at": _AT}],
    "next_cursor": None,
}
BUILDS: Final[dict[str, Any]] = {
    "items": [
        {
            "projection": "likes",
            "version": 2,
            "code_version": 1,
            "state": "live",
            "paused": False,
            "reachable": True,
            "position": {"0": 120_431},
            "lag_events": 3,
            "lag_ms": 12,
            "rate": 240.5,
            "dead_letters": 0,
        }
    ],
    "next_cursor": None,
}
EVENT: Final[dict[str, Any]] = {
    "position": "0:120431",
    "event_type": "photo.liked.v1",
    "schema_version": 1,
    "stream": f"like-{_PHOTO_ID}-01m5z2b7e4kqa",
    "recorded_at": _AT,
    "data": {
        "at": _AT,
        "photo_id": _PHOTO_ID,
        "owner_id": "01m5z2b7e4kqa",
        "member_id": "01m5z4c3a9xyz",
    },
}
ALBUM: Final[dict[str, Any]] = {
    "album_id": "01m5z6a1k3bcd",
    "owner": CARD,
    "title": "Rivers",
    "description": "All of them, from source to mouth.",
    "audience": "public",
    "cover": IMAGE,
    "counts": {"photos": 12},
    "created_at": _AT,
}
NEW_ALBUM: Final[dict[str, Any]] = {**ALBUM, "cover": None, "counts": {"photos": 0}}
ALBUMS: Final[dict[str, Any]] = {"items": [ALBUM], "next_cursor": None}
LINK: Final[dict[str, Any]] = {
    "share_id": "01m5z7d0q8mnp",
    "url": "https://photos.example.org/v1/shared/0m2w7b8yH3xJkQ3n0gq0Ijf5",
}
SHARES: Final[dict[str, Any]] = {
    "items": [
        {
            **LINK,
            "photo_id": _PHOTO_ID,
            "album_id": None,
            "expires_at": "2030-06-01T00:00:00.000Z",
            "has_password": True,
            "show_metadata": False,
            "created_at": _AT,
            "counts": {"views": 7},
        }
    ],
    "next_cursor": None,
}
SHARED: Final[dict[str, Any]] = {
    "kind": "photo",
    "photo": {**PHOTO, "taken_at": None, "camera": None, "viewer": None},
    "album": None,
    "photos": None,
    "expires_at": None,
}
NOTIFICATIONS: Final[dict[str, Any]] = {
    "items": [
        {
            "notification_id": "01m5z8f2d00005f0a9c1e7b",
            "kind": "like",
            "actors": [CARD],
            "count": 13,
            "photo_id": _PHOTO_ID,
            "comment_id": None,
            "created_at": _AT,
            "updated_at": _AT,
            "seen": False,
        }
    ],
    "next_cursor": None,
}
REPORT: Final[dict[str, Any]] = {
    "report_id": "01m5z9s4k2tuv",
    "subject": f"photo:{_PHOTO_ID}",
    "reason": "Not their picture.",
    "created_at": _AT,
}
REPORTS: Final[dict[str, Any]] = {
    "items": [{**REPORT, "reporter": CARD, "taken_down": False}],
    "next_cursor": None,
}
CLOSED: Final[dict[str, Any]] = {"report_url": "https://photos.example.org/v1/erasures/8yH3xJkQ3n0gq0Ijf50m2w7b"}
ERASURE: Final[dict[str, Any]] = {
    "state": "finished",
    "closed_at": _AT,
    "erased_at": _AT,
    "finished_at": _AT,
    "withdrawn": {"likes": 31, "comments": 4, "follows": 15},
    "removed": {"photos": 9, "albums": 2, "shares": 1, "files": 126},
    "shredded": {"keys": 1, "at": _AT},
}
OWN_EVENT: Final[dict[str, Any]] = {
    "position": "0m2w7b8yH3xJkQ3n0gq0Ijf5",
    "event_type": "photo.liked.v1",
    "schema_version": 1,
    "recorded_at": _AT,
    "data": {
        "at": _AT,
        "photo_id": _PHOTO_ID,
        "owner_id": "01m5z2b7e4kqa",
        "member_id": "01m5z1c9f8pqr",
    },
}
