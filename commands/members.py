"""Members: register, change the profile, grant and revoke roles."""

from dataclasses import dataclass

from commands.deciding import Part, Receipt, answered, decide, decide_together, look
from commands.errors import Conflict
from commands.once import Once
from commands.ports import Deps, Fingerprint, Passwords
from domain import claims, members, texts
from domain.claims import Claim
from domain.errors import Invalid, NotFound, Refused
from domain.events import MemberRegistered
from domain.homes import Stream, slot_of_member
from domain.ids import MemberId
from domain.members import NAME_MOST, Member, Profile
from domain.positions import furthest


@dataclass(frozen=True, slots=True)
class RegisterMember:
    """Become a member."""

    username: str
    email: str
    password: str
    first_name: str
    last_name: str


@dataclass(frozen=True, slots=True)
class ChangeProfile:
    """Say something else of oneself; None leaves a field as it is."""

    member_id: MemberId
    first_name: str | None = None
    last_name: str | None = None
    bio: str | None = None
    private: bool | None = None


@dataclass(frozen=True, slots=True)
class SettleRequests:
    """Say that everyone who had asked to follow was let in, after an account was opened."""

    member_id: MemberId


@dataclass(frozen=True, slots=True)
class GrantRole:
    """Give a member a role."""

    username: str
    role: str
    by: str


@dataclass(frozen=True, slots=True)
class RevokeRole:
    """Take a role from a member."""

    username: str
    role: str
    by: str


async def register_member(
    command: RegisterMember,
    *,
    deps: Deps,
    passwords: Passwords,
    fingerprint: Fingerprint,
    once: Once | None = None,
) -> Receipt[Member]:
    """Claim the address, then name and member in one step; a refusal gives the address back before it answers."""
    username, email = texts.username(command.username), texts.email(command.email)
    first_name = texts.line(command.first_name, "first_name", most=NAME_MOST)
    last_name = texts.line(command.last_name, "last_name", most=NAME_MOST)
    _check_password(command.password)
    if once:
        (stored,) = await deps.store.load(once.stream)
        if replay := answered(once, stored, deps):
            return Receipt(members.NOBODY, reached=furthest([stored.events[-1].position]), replayed=replay)

    name = username_claim(username, fingerprint)
    at = deps.now()
    claims.claim_username(
        await look(deps, name), "", at
    )  # refuse before the slow hash, where the name is taken already
    member_id = deps.new_id(name.stream.slot, at)
    digest = await passwords.digest(command.password)
    await _claim_email(deps, fingerprint(f"email:{email}"), member_id)
    registration = MemberRegistered(
        at=deps.now(),
        member_id=member_id,
        username=username,
        email=email,
        password_hash=digest,
        first_name=first_name,
        last_name=last_name,
    )
    try:
        receipt = await decide_together(
            deps,
            (member_part(member_id), name),
            lambda states: (
                members.register(states[0], registration),
                claims.claim_username(states[1], member_id, registration.at),
            ),
            once=once and once.by(member_id).of_first(),
        )
    except (Refused, Conflict):
        await _release_email(deps, fingerprint(f"email:{email}"), member_id)
        raise
    if receipt.replayed:
        await _release_email(deps, fingerprint(f"email:{email}"), member_id)
        return Receipt(members.NOBODY, reached=receipt.reached, replayed=receipt.replayed)
    return Receipt(receipt.state[0], receipt.recorded, receipt.reached, pending=receipt.pending)


async def change_profile(command: ChangeProfile, *, deps: Deps) -> Receipt[Member]:
    """Change what was given, all of it in one step."""
    change = Profile(
        first_name=_line(command.first_name, "first_name"),
        last_name=_line(command.last_name, "last_name"),
        bio=None if command.bio is None else texts.block(command.bio, "bio", most=members.BIO_MOST),
    )
    at = deps.now()
    return await decide(
        deps,
        member_part(command.member_id),
        lambda member: [
            *members.change_profile(member, change, at),
            *([] if command.private is None else members.set_private(member, at, private=command.private)),
        ],
    )


async def settle_requests(command: SettleRequests, *, deps: Deps) -> Receipt[Member]:
    """Everyone is in; nothing is left to do until the account is opened another time."""
    at = deps.now()
    return await decide(deps, member_part(command.member_id), lambda member: members.settle_requests(member, at))


async def grant_role(command: GrantRole, *, deps: Deps, fingerprint: Fingerprint) -> Receipt[Member]:
    """Give a role to the member of that name."""
    member_id = await find_member(deps, command.username, fingerprint)
    at = deps.now()
    return await decide(
        deps, member_part(member_id), lambda member: members.grant(member, command.role, command.by, at)
    )


async def revoke_role(command: RevokeRole, *, deps: Deps, fingerprint: Fingerprint) -> Receipt[Member]:
    """Take a role from the member of that name."""
    member_id = await find_member(deps, command.username, fingerprint)
    at = deps.now()
    return await decide(
        deps, member_part(member_id), lambda member: members.revoke(member, command.role, command.by, at)
    )


async def find_member(deps: Deps, username: str, fingerprint: Fingerprint) -> MemberId:
    """Whose name it is, by the claim itself: right at once, whatever the read models know."""
    claim = await look(deps, username_claim(texts.username(username), fingerprint))
    if claim.member_id is None:
        raise NotFound("member_not_found", "There is no such member.")
    return claim.member_id


def member_part(member_id: MemberId) -> Part[Member]:
    """A member's account as part of a decision."""
    return Part(members.stream(member_id), members.evolve, members.NOBODY)


def username_claim(username: str, fingerprint: Fingerprint) -> Part[Claim]:
    """A (folded) username's claim as part of a decision."""
    stream = claims.username_stream(fingerprint(f"username:{username}"), slot_of_member(username))
    return Part(stream, claims.evolve, claims.FREE)


def _email_claim(fingerprint: str) -> Part[Claim]:
    stream: Stream = claims.email_stream(fingerprint)
    return Part(stream, claims.evolve, claims.FREE)


async def _claim_email(deps: Deps, fingerprint: str, member_id: MemberId) -> None:
    part = _email_claim(fingerprint)
    holder = await look(deps, part)
    abandoned = None
    if holder.member_id is not None and claims.is_stale(holder, deps.now()) and await _give_up(deps, holder.member_id):
        abandoned = holder.member_id
    at = deps.now()
    await decide(deps, part, lambda claim: claims.claim_email(claim, member_id, at, abandoned=abandoned))


async def _give_up(deps: Deps, member_id: MemberId) -> bool:
    """Close a registration that never finished, so that a slow writer of it conflicts; False where there is a member."""
    at = deps.now()
    receipt = await decide(deps, member_part(member_id), lambda member: members.abandon(member, member_id, at))
    return receipt.state.abandoned


async def _release_email(deps: Deps, fingerprint: str, member_id: MemberId) -> None:
    at = deps.now()
    await decide(deps, _email_claim(fingerprint), lambda claim: claims.release_email(claim, member_id, at))


def _check_password(password: str) -> None:
    if len(password) < members.PASSWORD_LEAST:
        raise Invalid("invalid", f"must have at least {members.PASSWORD_LEAST} characters", field="password")
    if len(password) > members.PASSWORD_MOST:
        raise Invalid("invalid", f"must have at most {members.PASSWORD_MOST} characters", field="password")


def _line(text: str | None, field: str) -> str | None:
    return None if text is None else texts.line(text, field, most=NAME_MOST)
