"""Sessions: a password opens one, a refresh token counts once, and its second use ends everything."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from commands.members import ChangeProfile, change_profile
from commands.sessions import LogIn, LogOut, RefreshSession, log_in, log_out, refresh_session, session_ended
from domain import sessions
from domain.errors import NotFound, Unauthenticated
from domain.events import SessionEnded, SessionOpened, SessionRefreshed
from domain.ids import new_id, slot_of
from domain.sessions import LIFETIME
from tests.commands.product import PASSWORD, Down
from tests.given import NOON


@dataclass
class Watched:
    """Passwords that tell which hashes were asked for."""

    digests: list[str | None] = field(default_factory=list)

    async def digest(self, password):
        raise AssertionError

    async def matches(self, digest, password):
        self.digests.append(digest)
        return password == "anything goes" and digest is not None


async def logged_in(product, username, password=PASSWORD):
    ports = {"deps": product.deps, "passwords": product.passwords, "fingerprint": product.fingerprint}
    return await log_in(LogIn(username, password), **ports)


async def refreshed(product, token):
    return await refresh_session(RefreshSession(token), deps=product.deps)


async def refused(product, token):
    with pytest.raises(Unauthenticated) as refusal:
        await refreshed(product, token)
    assert refusal.value.code == "bad_token"


async def kinds(product, session):
    return [type(event) for event in await product.events(sessions.stream(session))]


async def test_a_password_opens_a_session_under_the_name_in_any_case(product):
    ana = await product.member("ana")
    login = await logged_in(product, "ANA")
    assert (login.member.member_id, login.member.username) == (ana, "ana")
    assert slot_of(login.session_id) == slot_of(ana)
    (fact,) = await product.facts(sessions.stream(login.session_id))
    assert isinstance(fact.event, SessionOpened)
    assert fact.event.expires_at == NOON + LIFETIME
    assert login.refresh_token not in str(fact.event)  # only the client holds it
    assert login.refresh_token.partition(".")[2] not in str(fact.event)
    assert login.reached == {fact.position.log: fact.position.number}


@pytest.mark.parametrize(
    ("username", "password"),
    [("ana", PASSWORD.upper()), ("ana", ""), ("nobody", PASSWORD), ("no name at all", PASSWORD), ("", PASSWORD)],
)
async def test_what_does_not_match_is_one_refusal_and_no_session(product, username, password):
    await product.member("ana")
    before = await product.heads()
    with pytest.raises(Unauthenticated) as refusal:
        await logged_in(product, username, password)
    assert (refusal.value.code, refusal.value.field) == ("bad_credentials", None)
    assert await product.heads() == before


async def test_a_hash_is_computed_whether_there_is_a_member_or_not(product):
    await product.member("ana")
    watched = Watched()
    for username in ("ana", "nobody", "no name at all"):
        with pytest.raises(Unauthenticated):
            await log_in(
                LogIn(username, "wrong"), deps=product.deps, passwords=watched, fingerprint=product.fingerprint
            )
    assert [digest is not None for digest in watched.digests] == [True, False, False]


async def test_a_member_may_have_many_sessions(product):
    await product.member("ana")
    one, other = await logged_in(product, "ana"), await logged_in(product, "ana")
    assert one.session_id != other.session_id
    await log_out(LogOut(one.session_id), deps=product.deps)
    assert (await refreshed(product, other.refresh_token)).session_id == other.session_id


async def test_a_refresh_token_counts_once_and_gives_the_next(product):
    ana = await product.member("ana")
    first = await logged_in(product, "ana")
    product.clock.forward(hours=1)
    await change_profile(ChangeProfile(ana, first_name="Anna"), deps=product.deps)
    second = await refreshed(product, first.refresh_token)
    assert second.session_id == first.session_id
    assert second.refresh_token != first.refresh_token
    assert second.member.first_name == "Anna"
    third = await refreshed(product, second.refresh_token)
    assert await kinds(product, first.session_id) == [SessionOpened, SessionRefreshed, SessionRefreshed]
    assert third.refresh_token not in {first.refresh_token, second.refresh_token}


async def test_a_token_that_was_used_before_ends_the_session_for_everyone(product):
    await product.member("ana")
    first = await logged_in(product, "ana")
    second = await refreshed(product, first.refresh_token)
    await refused(product, first.refresh_token)
    assert await product.sessions.ended(first.session_id, first.member.member_id)
    assert await session_ended(first.session_id, first.member.member_id, deps=product.deps)
    await refused(product, second.refresh_token)
    assert await kinds(product, first.session_id) == [SessionOpened, SessionRefreshed, SessionEnded]


async def test_a_token_used_twice_at_once_ends_the_session(product):
    await product.member("ana")
    first = await logged_in(product, "ana")
    outcomes = await asyncio.gather(
        *(refreshed(product, first.refresh_token) for _ in range(2)), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Login", "Unauthenticated"]
    assert await kinds(product, first.session_id) == [SessionOpened, SessionRefreshed, SessionEnded]


async def test_a_guessed_token_ends_the_session_it_names(product):
    await product.member("ana")
    login = await logged_in(product, "ana")
    await refused(product, f"{login.session_id}.guess")
    await refused(product, login.refresh_token)


async def test_a_session_lasts_thirty_days_from_its_last_refresh(product):
    await product.member("ana")
    kept, left = await logged_in(product, "ana"), await logged_in(product, "ana")
    product.clock.now = NOON + LIFETIME - timedelta(microseconds=1)
    kept = await refreshed(product, kept.refresh_token)
    product.clock.now = NOON + LIFETIME
    await refused(product, left.refresh_token)
    assert (await refreshed(product, kept.refresh_token)).session_id == kept.session_id
    assert await kinds(product, left.session_id) == [SessionOpened]


@pytest.mark.parametrize(
    "token",
    ["", ".", "nonsense", "nonsense.secret", f"{new_id(3, NOON)}.", f"{new_id(3, NOON)}"],
    ids=["nothing", "a dot", "a word", "words", "an id and a dot", "an id"],
)
async def test_what_is_no_token_is_refused_without_a_look(product, token):
    before = await product.heads()
    await refused(product, token)
    assert await product.heads() == before


async def test_a_token_of_an_unknown_session_is_refused(product):
    before = await product.heads()
    await refused(product, f"{new_id(3, NOON)}.secret")
    assert await product.heads() == before


async def test_logging_out_ends_it_once_and_at_once(product):
    await product.member("ana")
    login = await logged_in(product, "ana")
    assert not await product.sessions.ended(login.session_id, login.member.member_id)
    assert not await session_ended(login.session_id, login.member.member_id, deps=product.deps)
    receipt = await log_out(LogOut(login.session_id), deps=product.deps)
    assert [type(fact.event) for fact in receipt.recorded] == [SessionEnded]
    assert await product.sessions.ended(login.session_id, login.member.member_id)
    assert await session_ended(login.session_id, login.member.member_id, deps=product.deps)
    assert (await log_out(LogOut(login.session_id), deps=product.deps)).recorded == ()
    await refused(product, login.refresh_token)


async def test_with_the_read_store_down_the_record_tells_that_a_session_is_over(product):
    await product.member("ana")
    login = await logged_in(product, "ana")
    receipt = await log_out(LogOut(login.session_id), deps=replace(product.deps, immediate=Down()))
    assert receipt.pending
    assert not await product.sessions.ended(login.session_id, login.member.member_id)
    assert await session_ended(login.session_id, login.member.member_id, deps=product.deps)


async def test_what_was_never_opened_is_not_ended(product):
    nowhere = new_id(3, NOON)
    assert (await log_out(LogOut(nowhere), deps=product.deps)).recorded == ()
    assert not await session_ended(nowhere, nowhere, deps=product.deps)
    with pytest.raises(NotFound):
        await log_out(LogOut("nonsense"), deps=product.deps)
