"""Members and claims: a name is given once; a change that changes nothing records nothing."""

from datetime import timedelta

from domain import claims, members
from domain.claims import FREE
from domain.errors import Contradicted, Invalid, NotFound
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
from domain.members import NOBODY, Profile
from tests.given import ANA, BEN, NOON, Given

registered = MemberRegistered(
    at=NOON,
    member_id=ANA,
    username="ana",
    email="ana@example.org",
    password_hash="#",
    first_name="Ana",
    last_name="Test",
)


def given(*events):
    return Given(members.evolve, NOBODY, events)


def claim(*events):
    return Given(claims.evolve, FREE, events)


def test_a_registration_that_was_given_up_never_comes_to_be():
    given().when(members.register, registered).then(registered)
    given(registered).when(members.abandon, ANA, NOON).then_nothing()
    over = given().when(members.abandon, ANA, NOON).then(RegistrationAbandoned(at=NOON, member_id=ANA))
    over.when(members.register, registered).then_refused("registration_abandoned", Contradicted)
    over.when(members.abandon, ANA, NOON).then_nothing()


def test_a_profile_changes_by_what_is_new():
    changed = ProfileChanged(at=NOON, member_id=ANA, first_name="Ana", last_name="Test", bio="Film only.")
    after = given(registered).when(members.change_profile, Profile(bio="Film only."), NOON).then(changed)
    after.when(members.change_profile, Profile(first_name="Ana", bio="Film only."), NOON).then_nothing()
    given().when(members.change_profile, Profile(bio="x"), NOON).then_refused("member_not_found", NotFound)


def test_privacy_is_a_switch():
    closed = (
        given(registered).when(members.set_private, NOON, private=True).then(MemberWentPrivate(at=NOON, member_id=ANA))
    )
    closed.when(members.set_private, NOON, private=True).then_nothing()
    closed.when(members.set_private, NOON, private=False).then(MemberWentPublic(at=NOON, member_id=ANA))


def test_roles_are_granted_and_revoked_once():
    granted = RoleGranted(at=NOON, member_id=ANA, role="analyst", granted_by="cli")
    has = given(registered).when(members.grant, "analyst", "cli", NOON).then(granted)
    has.when(members.grant, "analyst", "cli", NOON).then_nothing()
    has.when(members.revoke, "analyst", "cli", NOON).then(
        RoleRevoked(at=NOON, member_id=ANA, role="analyst", revoked_by="cli")
    )
    has.when(members.grant, "king", "cli", NOON).then_refused("unknown_role", Invalid)
    has.when(members.revoke, "member", "cli", NOON).then_nothing()


def test_a_username_is_given_once():
    taken = claim().when(claims.claim_username, ANA, NOON).then(UsernameClaimed(at=NOON, member_id=ANA))
    taken.when(claims.claim_username, BEN, NOON).then_refused("username_taken", Contradicted)


def test_an_address_is_held_until_it_is_released_or_its_registration_is_given_up():
    mine = EmailClaimed(at=NOON, member_id=ANA)
    held = claim().when(claims.claim_email, ANA, NOON, abandoned=None).then(mine)
    held.when(claims.claim_email, BEN, NOON, abandoned=None).then_refused("email_taken", Contradicted)
    held.when(claims.claim_email, BEN, NOON, abandoned=ANA).then(EmailClaimed(at=NOON, member_id=BEN))
    held.when(claims.release_email, BEN, NOON).then_nothing()
    free = held.when(claims.release_email, ANA, NOON).then(EmailReleased(at=NOON, member_id=ANA))
    free.when(claims.claim_email, BEN, NOON, abandoned=None).then(EmailClaimed(at=NOON, member_id=BEN))


def test_a_claim_grows_stale_after_a_minute():
    held = claim(EmailClaimed(at=NOON, member_id=ANA)).state
    assert not claims.is_stale(held, NOON + timedelta(seconds=59))
    assert claims.is_stale(held, NOON + timedelta(seconds=60))
    assert not claims.is_stale(FREE, NOON)
