"""The OpenAPI document against the contract: the same calls, the answers that it promises, the fields that it names."""

import httpx
import pytest

from tests.api.schemas import METHODS, Document

# What each call answers with, as the contract says it; what every call may be answered with besides is told below.
CALLS = """
POST /v1/members 201 409
POST /v1/sessions 201 401
POST /v1/sessions/refresh 201
DELETE /v1/sessions/current 204
GET /v1/me 200
PATCH /v1/me 200
DELETE /v1/me 202 403
PUT /v1/me/avatar 202
DELETE /v1/me/avatar 204
GET /v1/members/{username} 200 404
GET /v1/members/{username}/photos 200 403 404
GET /v1/members/{username}/followers 200 403 404
GET /v1/members/{username}/following 200 403 404
GET /v1/members/{username}/albums 200 403 404
PUT /v1/members/{username}/follow 200 404 422
DELETE /v1/members/{username}/follow 200 202
GET /v1/me/follow-requests 200
PUT /v1/me/follow-requests/{username} 204
DELETE /v1/me/follow-requests/{username} 204
DELETE /v1/me/followers/{username} 204 202
PUT /v1/members/{username}/block 204 202
DELETE /v1/members/{username}/block 204
PUT /v1/members/{username}/mute 204 202
DELETE /v1/members/{username}/mute 204
GET /v1/me/blocks 200
GET /v1/me/mutes 200
POST /v1/uploads 201 413 415
POST /v1/uploads/{upload_id}/complete 200
POST /v1/photos 202 409 422
GET /v1/photos/{photo_id} 200 404
PATCH /v1/photos/{photo_id} 200 202 403
PUT /v1/photos/{photo_id}/edits 202 403
DELETE /v1/photos/{photo_id} 204 202 403
POST /v1/photos/{photo_id}/restore 200
GET /v1/me/duplicates 200
PUT /v1/me/duplicates/{group_id} 204
GET /v1/me/trash 200
GET /v1/photos/{photo_id}/download 302 404
GET /v1/photos/{photo_id}/original 302 403 404
POST /v1/views 202
PUT /v1/photos/{photo_id}/like 200
DELETE /v1/photos/{photo_id}/like 200
GET /v1/photos/{photo_id}/likes 200
POST /v1/photos/{photo_id}/comments 201
GET /v1/photos/{photo_id}/comments 200
PATCH /v1/comments/{comment_id} 200 403
DELETE /v1/comments/{comment_id} 204 202 403
GET /v1/feed 200
GET /v1/trending 200
GET /v1/explore 200
GET /v1/tags/{tag} 200
GET /v1/tags/trending 200
GET /v1/search/photos 200
GET /v1/search/members 200
GET /v1/photos/{photo_id}/similar 200
GET /v1/notifications 200
POST /v1/notifications/seen 204
GET /v1/notifications/unread-count 200
GET /v1/live 200
POST /v1/albums 201
GET /v1/albums/{album_id} 200 404
PATCH /v1/albums/{album_id} 200 202 403
DELETE /v1/albums/{album_id} 204 202 403
PUT /v1/albums/{album_id}/photos/{photo_id} 204
DELETE /v1/albums/{album_id}/photos/{photo_id} 204
GET /v1/albums/{album_id}/photos 200
POST /v1/photos/{photo_id}/shares 201
POST /v1/albums/{album_id}/shares 201
GET /v1/me/shares 200
DELETE /v1/shares/{share_id} 204 202
GET /v1/shared/{token} 200 401 404
POST /v1/reports 201
GET /v1/moderation/reports 200 403
PUT /v1/moderation/takedowns/{subject} 204 202 403
DELETE /v1/moderation/takedowns/{subject} 204 403
GET /v1/me/export 200
GET /v1/events 200 400 403
GET /v1/ops/projections 200 403
GET /healthz 200
GET /readyz 200 503
GET /metrics 200
"""
GIVEN = {  # addresses that the server gives in its answers
    ("PUT", "/v1/objects/{key}"),
    ("GET", "/v1/objects/{key}"),
    ("HEAD", "/v1/objects/{key}"),
    ("GET", "/v1/erasures/{token}"),
}
FIELDS = {
    "Member": "member_id username first_name last_name bio private avatar created_at counts viewer",
    "MemberCounts": "photos followers following stale",
    "MemberViewer": "following followed_by blocked muted",
    "MemberCard": "member_id username first_name last_name avatar",
    "Photo": "photo_id owner status rejection caption alt_text tags mentions audience created_at edited_at image"
    " taken_at camera location counts viewer",
    "Camera": "make model lens focal_length_mm aperture exposure_s iso",
    "Location": "latitude longitude place",
    "PhotoViewer": "liked may_edit",
    "Rejection": "code detail",
    "Image": "width height blurhash dominant_color variants srcset src",
    "Variant": "name width height format bytes url",
    "Comment": "comment_id photo_id author text reply_to mentions created_at edited_at",
    "HiddenComment": "comment_id hidden created_at",
    "HiddenMember": "hidden",
    "Album": "album_id owner title description audience cover counts created_at",
    "Session": "access_token refresh_token token_type expires_in",
}
PAGED = {"limit", "cursor"}
FILTERS = {"q", "tag", "from", "since", "until", "camera", "near"}


@pytest.fixture(scope="module")
def document(server) -> Document:
    return Document(httpx.get(f"{server.url}/openapi.json").json())


def promised() -> dict[tuple[str, str], list[str]]:
    lines = [line.split() for line in CALLS.strip().splitlines()]
    return {(method, path): statuses for method, path, *statuses in lines}


def test_the_calls_are_those_of_the_contract(document) -> None:
    paths = document.document["paths"].items()
    assert {(method.upper(), path) for path, known in paths for method in known if method in (*METHODS, "head")} == (
        promised().keys() | GIVEN
    ) - {("HEAD", "/v1/objects/{key}")}


def test_each_call_says_what_it_answers_with(document) -> None:
    said = {(method, path): operation for method, path, operation in document.operations()}
    for (method, path), statuses in promised().items():
        operation = said[method, path]
        answers = set(operation["responses"])
        assert set(statuses) <= answers, (method, path)
        if not path.startswith("/v1/"):
            continue
        succeeding = {status for status in statuses if status < "300"}
        assert {status for status in answers if status < "300"} - {"202"} == succeeding - {"202"}, (method, path)
        if "security" in operation:
            assert "401" in answers, (method, path)
        asked = {parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "query"}
        if "cursor" in asked:
            assert asked >= PAGED, path
            assert {"400", "422"} <= answers, path
        headers = {parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "header"}
        keyed = method == "POST" and not path.startswith(("/v1/sessions", "/v1/views"))
        assert ("Idempotency-Key" in headers) == keyed, (method, path)


def test_the_filters_of_a_search_are_all_there(document) -> None:
    operation = document.document["paths"]["/v1/search/photos"]["get"]
    assert {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "query"} == FILTERS | PAGED


@pytest.mark.parametrize("name", FIELDS)
def test_each_shape_has_the_fields_of_the_contract(document, name) -> None:
    assert set(document.document["components"]["schemas"][name]["properties"]) == set(FIELDS[name].split())
