"""Registration gives a name and an address out once, whatever breaks or races; profiles and roles."""

import asyncio
from dataclasses import replace
from functools import partial

import pytest

from commands.deciding import Part, look
from commands.errors import Unavailable
from commands.members import (
    ChangeProfile,
    GrantRole,
    RevokeRole,
    change_profile,
    find_member,
    grant_role,
    revoke_role,
)
from domain import claims, members
from domain.errors import Contradicted, Invalid, NotFound, Refused
from domain.events import (
    EmailClaimed,
    EmailReleased,
    MemberRegistered,
    MemberWentPrivate,
    MemberWentPublic,
    ProfileChanged,
    RegistrationAbandoned,
    RoleGranted,
    RoleRevoked,
    UsernameClaimed,
)
from domain.homes import slot_of_member
from domain.ids import new_id, slot_of
from domain.once import Answer
from domain.visibility import MemberState
from tests.commands.product import Down, Overtaken, crash, once_of
from tests.given import NOON, later


def name_stream(product, username):
    return claims.username_stream(product.fingerprint(f"username:{username}"), slot_of_member(username))


def email_stream(product, email):
    return claims.email_stream(product.fingerprint(f"email:{email}"))


async def holder(product, email):
    """Who holds an address."""
    return (await look(product.deps, Part(email_stream(product, email), claims.evolve, claims.FREE))).member_id


def overtaken(product, *before):
    """The ports, where something happens before the first append of a registration (the address) or the second."""
    return replace(product.deps, store=Overtaken(product.store, *before))


async def test_name_and_member_are_one_step_and_the_address_is_taken_before(product):
    command = product.registering("ana", first_name="  Ana ", last_name="Test")
    receipt = await product.register(command)
    member = receipt.state
    assert (member.username, member.first_name, member.last_name, member.private) == ("ana", "Ana", "Test", False)
    assert slot_of(member.member_id) == slot_of_member("ana")

    (registered,) = await product.facts(members.stream(member.member_id))
    (named,) = await product.facts(name_stream(product, "ana"))
    (addressed,) = await product.facts(email_stream(product, "ana@example.org"))
    assert isinstance(registered.event, MemberRegistered)
    assert named.event == UsernameClaimed(at=NOON, member_id=member.member_id)
    assert addressed.event == EmailClaimed(at=NOON, member_id=member.member_id)
    logs = product.store.logs
    assert registered.position.log == named.position.log == slot_of_member("ana") % logs
    assert named.position.number == registered.position.number + 1
    assert addressed.position.log == email_stream(product, "ana@example.org").log(logs)
    assert addressed.recorded_at <= registered.recorded_at
    assert receipt.reached == {named.position.log: named.position.number}
    assert not receipt.pending


async def test_the_password_is_kept_as_a_hash_only(product):
    registered = (await product.register(product.registering("ana"))).recorded[0].event
    assert product.registering("ana").password not in registered.password_hash
    assert await product.passwords.matches(registered.password_hash, product.registering("ana").password)


async def test_a_member_is_seen_at_once_and_with_the_read_store_down_soon(product):
    ana = await product.member("ana")
    assert await product.sight.members([ana]) == {ana: MemberState(ana)}
    receipt = await product.register(product.registering("ben"), deps=replace(product.deps, immediate=Down()))
    assert receipt.pending
    assert receipt.state.exists


@pytest.mark.parametrize("again", ["ana.b", "ANA.B", "aNa.b"])
async def test_a_name_is_given_once_in_whatever_case(product, again):
    ana = await product.member("Ana.B")
    with pytest.raises(Contradicted) as refusal:
        await product.register(product.registering(again, email="other@example.org"))
    assert (refusal.value.code, refusal.value.field) == ("username_taken", "username")
    assert await product.events(email_stream(product, "other@example.org")) == []
    assert await find_member(product.deps, again, product.fingerprint) == ana


async def test_an_address_is_given_once_and_its_refusal_leaves_the_name_free(product):
    ana = await product.member("ana")
    with pytest.raises(Contradicted) as refusal:
        await product.register(product.registering("ben", email=" ANA@Example.org "))
    assert (refusal.value.code, refusal.value.field) == ("email_taken", "email")
    assert await holder(product, "ana@example.org") == ana
    assert (await product.register(product.registering("ben"))).state.exists


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"password": "x" * 9}, "password"),
        ({"password": "x" * 1025}, "password"),
        ({"email": "nowhere"}, "email"),
        ({"username": "a b"}, "username"),
        ({"first_name": "x" * 101}, "first_name"),
        ({"last_name": "two\nlines"}, "last_name"),
    ],
)
async def test_what_breaks_a_rule_is_refused_before_anything_is_claimed(product, said, field):
    before = await product.heads()
    with pytest.raises(Invalid) as refusal:
        await product.register(replace(product.registering("ana"), **said))
    assert refusal.value.field == field
    assert await product.heads() == before


async def test_a_registration_that_loses_its_name_gives_its_address_back(product):
    rival = partial(product.register, product.registering("ana", email="rival@example.org"))
    with pytest.raises(Contradicted) as refusal:
        await product.register(product.registering("ana"), deps=overtaken(product, None, rival))
    assert refusal.value.code == "username_taken"
    events = await product.events(email_stream(product, "ana@example.org"))
    assert [type(event) for event in events] == [EmailClaimed, EmailReleased]
    assert await holder(product, "ana@example.org") is None
    assert (await product.register(product.registering("ben", email="ana@example.org"))).state.exists


async def test_a_registration_that_loses_its_address_is_refused_and_takes_nothing(product):
    rival = partial(product.register, product.registering("rival", email="ana@example.org"))
    with pytest.raises(Contradicted) as refusal:
        await product.register(product.registering("ana"), deps=overtaken(product, rival))
    assert refusal.value.code == "email_taken"
    rival_id = await find_member(product.deps, "rival", product.fingerprint)
    assert await holder(product, "ana@example.org") == rival_id
    assert await product.events(name_stream(product, "ana")) == []


async def test_an_address_whose_registration_broke_off_is_free_after_a_minute(product):
    with pytest.raises(Unavailable):
        await product.register(product.registering("ana"), deps=overtaken(product, None, crash))
    lost = await holder(product, "ana@example.org")
    assert lost is not None

    product.clock.now = later(seconds=59)
    again = product.registering("ana")
    with pytest.raises(Contradicted) as refusal:
        await product.register(again)
    assert refusal.value.code == "email_taken"
    assert await product.events(members.stream(lost)) == []

    product.clock.now = later(seconds=60)
    receipt = await product.register(again)
    assert await holder(product, "ana@example.org") == receipt.state.member_id != lost
    assert await product.events(members.stream(lost)) == [RegistrationAbandoned(at=later(seconds=60), member_id=lost)]


async def test_a_slow_registration_whose_address_was_taken_over_never_comes_to_be(product):
    taken_over = []

    async def a_minute_passes():
        product.clock.forward(seconds=60)
        taken_over.append(await product.register(product.registering("fast", email="ana@example.org")))

    with pytest.raises(Contradicted) as refusal:
        await product.register(
            product.registering("slow", email="ana@example.org"), deps=overtaken(product, None, a_minute_passes)
        )
    assert refusal.value.code == "registration_abandoned"
    assert await holder(product, "ana@example.org") == taken_over[0].state.member_id
    with pytest.raises(NotFound):
        await find_member(product.deps, "slow", product.fingerprint)
    assert (await product.register(product.registering("slow"))).state.exists


async def test_a_taker_who_breaks_off_too_is_followed_by_the_next(product):
    for _ in range(2):
        with pytest.raises(Unavailable):
            await product.register(product.registering("ana"), deps=overtaken(product, None, crash))
        product.clock.forward(seconds=60)
        with pytest.raises(Unavailable):  # gives the old registration up, and no more
            await product.register(product.registering("ana"), deps=overtaken(product, None, crash))
    product.clock.forward(seconds=60)
    assert (await product.register(product.registering("ana"))).state.exists


async def test_a_members_address_stays_theirs_for_ever(product):
    ana = await product.member("ana")
    product.clock.forward(days=3000)
    with pytest.raises(Contradicted) as refusal:
        await product.register(product.registering("ben", email="ana@example.org"))
    assert refusal.value.code == "email_taken"
    assert [type(event) for event in await product.events(members.stream(ana))] == [MemberRegistered]


async def test_two_take_an_address_over_and_one_gets_it(product):
    with pytest.raises(Unavailable):
        await product.register(product.registering("ana"), deps=overtaken(product, None, crash))
    product.clock.forward(seconds=60)
    outcomes = await asyncio.gather(
        *(product.register(product.registering(name, email="ana@example.org")) for name in ("ben", "cleo")),
        return_exceptions=True,
    )
    (refused,) = (outcome for outcome in outcomes if isinstance(outcome, Refused))
    (won,) = (outcome for outcome in outcomes if not isinstance(outcome, Refused))
    assert refused.code == "email_taken"
    assert await holder(product, "ana@example.org") == won.state.member_id


async def test_twenty_register_one_name_and_the_others_addresses_are_free(product):
    outcomes = await asyncio.gather(
        *(product.register(product.registering("ana", email=f"{number}@example.org")) for number in range(20)),
        return_exceptions=True,
    )
    (won,) = (outcome for outcome in outcomes if not isinstance(outcome, BaseException))
    assert {outcome.code for outcome in outcomes if isinstance(outcome, Refused)} == {"username_taken"}
    assert sum(isinstance(outcome, Refused) for outcome in outcomes) == 19
    assert await find_member(product.deps, "ana", product.fingerprint) == won.state.member_id
    held = [await holder(product, f"{number}@example.org") for number in range(20)]
    assert [each for each in held if each is not None] == [won.state.member_id]


async def test_twenty_register_one_address_and_one_gets_it(product):
    outcomes = await asyncio.gather(
        *(product.register(product.registering(f"name{number}", email="ana@example.org")) for number in range(20)),
        return_exceptions=True,
    )
    (won,) = (outcome for outcome in outcomes if not isinstance(outcome, BaseException))
    assert [outcome.code for outcome in outcomes if isinstance(outcome, Refused)] == ["email_taken"] * 19
    assert await holder(product, "ana@example.org") == won.state.member_id
    for number in range(20):
        events = await product.events(name_stream(product, f"name{number}"))
        assert len(events) == (won.state.username == f"name{number}")


async def test_a_registration_is_answered_once_for_a_key(product):
    once = once_of(slot=slot_of_member("ana"), answer=lambda member: Answer(201, member.username))
    first = await product.register(product.registering("ana"), once=once)
    before = await product.heads()
    again = await product.register(product.registering("ana"), once=once)
    assert again.replayed == Answer(201, "ana")
    assert again.reached == first.reached
    assert await product.heads() == before
    (answered,) = await product.events(once.stream)
    assert answered.member_id == first.state.member_id  # whose key encrypts it
    with pytest.raises(Invalid) as refusal:
        await product.register(product.registering("ana"), once=replace(once, body_hash="another"))
    assert refusal.value.code == "idempotency_key_reused"


async def test_a_refused_registration_is_not_answered_for_its_key(product):
    await product.member("ana")
    once = once_of(slot=slot_of_member("ana"))
    with pytest.raises(Contradicted):
        await product.register(product.registering("ana", email="other@example.org"), once=once)
    assert await product.events(once.stream) == []


async def test_a_profile_changes_by_what_is_said_and_in_one_step(product):
    ana = await product.member("ana")
    change = ChangeProfile(ana, first_name=" Ana ", bio="Film\nonly.", private=True)
    receipt = await change_profile(change, deps=product.deps)
    assert [fact.event for fact in receipt.recorded] == [
        ProfileChanged(at=NOON, member_id=ana, first_name="Ana", last_name="B", bio="Film\nonly."),
        MemberWentPrivate(at=NOON, member_id=ana),
    ]
    assert await product.sight.members([ana]) == {ana: MemberState(ana, private=True)}
    again = await change_profile(change, deps=product.deps)
    assert (again.recorded, again.reached) == ((), receipt.reached)
    opened = await change_profile(ChangeProfile(ana, private=False), deps=product.deps)
    assert [fact.event for fact in opened.recorded] == [MemberWentPublic(at=NOON, member_id=ana)]
    assert await product.sight.members([ana]) == {ana: MemberState(ana)}


async def test_a_profile_keeps_its_limits_and_needs_its_member(product):
    ana = await product.member("ana")
    for field, text in (("first_name", "x" * 101), ("last_name", "a\tb"), ("bio", "x" * 2201)):
        with pytest.raises(Invalid) as refusal:
            await change_profile(ChangeProfile(ana, **{field: text}), deps=product.deps)
        assert refusal.value.field == field
    for nobody in (new_id(1, NOON), "nobody"):
        with pytest.raises(NotFound):
            await change_profile(ChangeProfile(nobody, bio="x"), deps=product.deps)


async def test_roles_are_given_and_taken_by_name(product):
    ana = await product.member("ana")
    ports = {"deps": product.deps, "fingerprint": product.fingerprint}
    given = await grant_role(GrantRole("ANA", "moderator", "cli"), **ports)
    granted = RoleGranted(at=NOON, member_id=ana, role="moderator", granted_by="cli")
    assert [fact.event for fact in given.recorded] == [granted]
    assert given.state.roles == {"member", "moderator"}
    assert (await grant_role(GrantRole("ana", "moderator", "cli"), **ports)).recorded == ()
    taken = await revoke_role(RevokeRole("ana", "moderator", "cli"), **ports)
    revoked = RoleRevoked(at=NOON, member_id=ana, role="moderator", revoked_by="cli")
    assert [fact.event for fact in taken.recorded] == [revoked]
    assert taken.state.roles == {"member"}
    assert (await revoke_role(RevokeRole("ana", "moderator", "cli"), **ports)).recorded == ()


async def test_no_role_for_nobody_and_no_role_that_is_none(product):
    await product.member("ana")
    ports = {"deps": product.deps, "fingerprint": product.fingerprint}
    for role in ("king", "member"):
        with pytest.raises(Invalid) as refusal:
            await grant_role(GrantRole("ana", role, "cli"), **ports)
        assert refusal.value.code == "unknown_role"
    for command, handler in ((GrantRole, grant_role), (RevokeRole, revoke_role)):
        with pytest.raises(NotFound) as missing:
            await handler(command("nobody", "analyst", "cli"), **ports)
        assert missing.value.code == "member_not_found"
