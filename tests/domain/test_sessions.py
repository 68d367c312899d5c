"""Sessions: a refresh token counts once; a second use ends everything."""

from datetime import timedelta

from domain import sessions
from domain.errors import Unauthenticated
from domain.events import SessionEnded, SessionOpened, SessionRefreshed
from domain.sessions import LIFETIME, NONE, evolve
from tests.given import ANA, NOON, Given, later

opened = SessionOpened(at=NOON, session_id="s", member_id=ANA, refresh_hash="one", expires_at=NOON + LIFETIME)
AT = later(hours=1)
refreshed = SessionRefreshed(at=AT, session_id="s", member_id=ANA, refresh_hash="two", expires_at=AT + LIFETIME)


def given(*events):
    return Given(evolve, NONE, events)


def test_a_session_goes_on_by_its_present_token():
    given().when(sessions.start, "s", ANA, "one", NOON).then(opened)
    given(opened).when(sessions.refresh, "one", "two", AT).then(refreshed)


def test_a_token_that_was_used_before_ends_the_session():
    ended = SessionEnded(at=AT, session_id="s", member_id=ANA, reason="token_reused")
    over = given(opened, refreshed).when(sessions.refresh, "one", "three", AT).then(ended)
    over.when(sessions.refresh, "two", "three", AT).then_refused("bad_token", Unauthenticated)


def test_a_session_is_over_after_its_time_and_after_logging_out():
    late = NOON + LIFETIME
    given(opened).when(sessions.refresh, "one", "two", late).then_refused("bad_token", Unauthenticated)
    given(opened).when(sessions.refresh, "one", "two", late - timedelta(seconds=1)).then(
        SessionRefreshed(
            at=late - timedelta(seconds=1),
            session_id="s",
            member_id=ANA,
            refresh_hash="two",
            expires_at=late - timedelta(seconds=1) + LIFETIME,
        )
    )
    out = (
        given(opened)
        .when(sessions.end, AT)
        .then(SessionEnded(at=AT, session_id="s", member_id=ANA, reason="logged_out"))
    )
    out.when(sessions.end, AT).then_nothing()
    given().when(sessions.refresh, "one", "two", NOON).then_refused("bad_token", Unauthenticated)
