"""Random but legal histories: a small world that records only what the product would record, each fact at its home."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

from hypothesis import strategies as st

from domain import (
    albums,
    blocks,
    celebrities,
    comments,
    duplicates,
    follows,
    likes,
    members,
    moderation,
    mutes,
    notifications,
    photos,
    sessions,
    shares,
    uploads,
)
from domain.events import (
    AlbumAudienceChanged,
    AlbumCreated,
    AlbumDescribed,
    AlbumPhotoPlaced,
    AlbumPhotoTakenOut,
    AlbumRemoved,
    AuthorBecameCelebrity,
    AuthorCeasedCelebrity,
    AvatarChosen,
    AvatarRejected,
    AvatarRemoved,
    AvatarRendered,
    BlockSettled,
    CommentEdited,
    CommentRemoved,
    CommentTakedownLifted,
    CommentTakenDown,
    DuplicatesDecided,
    ErasureFinished,
    FollowAccepted,
    FollowBarred,
    FollowRequested,
    FollowRequestEnded,
    FollowUnbarred,
    MemberBlocked,
    MemberClosed,
    MemberErased,
    MemberFollowed,
    MemberMuted,
    MemberRegistered,
    MemberTakedownLifted,
    MemberTakenDown,
    MemberUnblocked,
    MemberUnfollowed,
    MemberUnmuted,
    MemberWentPrivate,
    MemberWentPublic,
    NotificationsSeen,
    PhotoAudienceChanged,
    PhotoCommented,
    PhotoDescribed,
    PhotoDetectionAsked,
    PhotoDetectionFailed,
    PhotoEdited,
    PhotoErased,
    PhotoLabelled,
    PhotoLiked,
    PhotoMoved,
    PhotoPreviewed,
    PhotoProcessed,
    PhotoPruned,
    PhotoRejected,
    PhotoRemoved,
    PhotoRendered,
    PhotoRestored,
    PhotoTakedownLifted,
    PhotoTakenDown,
    PhotoUnliked,
    PhotoUploaded,
    ProfileChanged,
    ReportFiled,
    RequestsSettled,
    SessionEnded,
    SessionOpened,
    ShareCreated,
    ShareRevoked,
    UploadAbandoned,
    UploadDivided,
    UploadRequested,
    UploadUsed,
    event_type,
)
from domain.homes import Stream, slot_of_member, slot_of_reactions
from domain.ids import new_id, slot_of
from domain.images import Box, Camera, Crop, Edits, Label, Likeness, Location, Rendition, Variant
from domain.wire import ERASED, erased, from_wire, to_wire
from tests.streams.memory_log import START, MemoryLog

ALIKE = (
    Likeness("0123456789abcdef", (1,) * 64),
    Likeness("0123456789abcdee", (1, -1) * 32),  # a copy of the first
    Likeness("0123456789abcd00", (3, 0) * 32),
    Likeness("", (0, 2) * 32),
)
AUDIENCES = ("public", "friends", "private")
PICTURES = ("upload", "process", "audience", "remove", "describe")
MEDIA = ("preview", "render", "detect", "duplicates", "open_upload", "avatar", "move")
VERBS = ("join", "privacy", "profile", "session", "follow", "block", "mute", "fame", *PICTURES, *MEDIA)
REACTIONS = ("like", "comment", "edit")
ALBUMS = ("album", "place", "place")
STANDING = ("share", "see", "report", "moderate", "leave")

steps = st.lists(
    st.tuples(st.sampled_from((*VERBS, "follow", *REACTIONS, "like", *ALBUMS, *STANDING)), *[st.integers(0, 5)] * 3),
    min_size=5,
    max_size=60,
)


@dataclass
class World:
    """What is true, as a naive model would keep it."""

    log: MemoryLog
    members: dict[str, bool] = field(default_factory=dict)
    follows: dict[tuple[str, str], str] = field(default_factory=dict)
    blocks: dict[tuple[str, str], int] = field(default_factory=dict)
    mutes: set[tuple[str, str]] = field(default_factory=set)
    photos: dict[str, dict] = field(default_factory=dict)
    likes: set[tuple[str, str]] = field(default_factory=set)
    comments: dict[str, dict] = field(default_factory=dict)
    albums: dict[str, dict] = field(default_factory=dict)
    celebrities: set[str] = field(default_factory=set)
    shares: dict[str, str] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)
    down: set[str] = field(default_factory=set)
    hidden: dict[str, dict] = field(default_factory=dict)
    avatars: dict[str, str] = field(default_factory=dict)
    minute: int = 0

    def live(self, *taken: tuple[str, int, int, int]) -> "World":
        for verb, a, b, c in taken:
            self.minute += 1
            getattr(self, verb)(a, b, c)
        return self

    @property
    def at(self):
        return START + timedelta(minutes=self.minute)

    def _id(self, slot: int) -> str:
        return new_id(slot, self.at, lambda _: self.minute % 4096)

    def _record(self, stream: Stream, *events) -> None:
        self.log.append(stream.slot, stream.name, *events)

    def _member(self, at: int) -> str:
        if not self.members:
            self.join(0, 0, 0)
        known = list(self.members)
        return known[at % len(known)]

    def _photo(self, at: int) -> str:
        if not self.photos:
            self.upload(0, 0, 0)
        known = list(self.photos)
        return known[at % len(known)]

    def join(self, a, b, c):
        name = f"member{self.minute}.{len(self.members)}"
        member = self._id(slot_of_member(name))
        self.members[member] = False
        registered = MemberRegistered(
            at=self.at,
            member_id=member,
            username=name,
            email="",
            password_hash="",
            first_name="Ada",
            last_name=ERASED if a == 5 else "Ł",
        )
        self._record(members.stream(member), registered)

    def privacy(self, a, b, c):
        member = self._member(a)
        if member in self.down | self.left:
            return
        self.members[member] = not self.members[member]
        change = MemberWentPrivate if self.members[member] else MemberWentPublic
        settled = [RequestsSettled(at=self.at, member_id=member)] if b % 2 and not self.members[member] else []
        self._record(members.stream(member), change(at=self.at, member_id=member), *settled)

    def profile(self, a, b, c):
        member = self._member(a)
        change = ProfileChanged(at=self.at, member_id=member, first_name=f"A{b}", last_name="", bio="🎞" * c)
        self._record(members.stream(member), change)

    def session(self, a, b, c):
        member = self._member(a)
        session = self._id(slot_of(member))
        opened = SessionOpened(at=self.at, session_id=session, member_id=member, refresh_hash="", expires_at=self.at)
        ended = SessionEnded(at=self.at, session_id=session, member_id=member, reason="logout")
        self._record(sessions.stream(session), opened, *([ended] if b % 2 else []))

    def follow(self, a, b, c):
        follower, followed = self._member(a), self._member(b)
        pair = (follower, followed)
        if follower == followed or self.barred(follower, followed):
            return
        of = {"at": self.at, "follower_id": follower, "followed_id": followed}
        match self.follows.get(pair), c % 2:
            case None, _ if self.members[followed]:
                self.follows[pair], made = "requested", FollowRequested(**of)
            case None, _:
                self.follows[pair], made = "yes", MemberFollowed(**of)
            case "requested", 1:
                self.follows[pair], made = "yes", FollowAccepted(**of)
            case "requested", _:
                del self.follows[pair]
                made = FollowRequestEnded(**of, by=follower)
            case _:
                del self.follows[pair]
                made = MemberUnfollowed(**of, by=follower)
        self._record(follows.stream(followed, follower), made)

    def barred(self, one: str, other: str) -> bool:
        """Whether either blocks the other: blocks have odd versions, their ends even ones."""
        return any(self.blocks.get(pair, 0) % 2 for pair in ((one, other), (other, one)))

    def block(self, a, b, c):
        """Block someone, or take it back, with all that belongs to it."""
        blocker, blocked = self._member(a), self._member(b)
        if blocker == blocked:
            return
        version = self.blocks[blocker, blocked] = self.blocks.get((blocker, blocked), 0) + 1
        change, reach = (MemberBlocked, FollowBarred) if version % 2 else (MemberUnblocked, FollowUnbarred)
        pair = {"at": self.at, "blocker_id": blocker, "blocked_id": blocked}
        self._record(blocks.stream(blocker, blocked), change(**pair))
        for follower, followed in ((blocker, blocked), (blocked, blocker)):
            of = {"at": self.at, "follower_id": follower, "followed_id": followed, "by": blocker}
            state = self.follows.pop((follower, followed), None) if version % 2 else None
            end = {"yes": MemberUnfollowed, "requested": FollowRequestEnded}.get(state)
            ended = [end(**of)] if end else []
            self._record(follows.stream(followed, follower), *ended, reach(**of, block_version=version))
        if c:
            self._record(blocks.stream(blocker, blocked), BlockSettled(**pair, block_version=version))

    def mute(self, a, b, c):
        muter, muted = self._member(a), self._member(b)
        change = MemberUnmuted if (muter, muted) in self.mutes else MemberMuted
        self.mutes ^= {(muter, muted)}
        self._record(mutes.stream(muter, muted), change(at=self.at, muter_id=muter, muted_id=muted))

    def fame(self, a, b, c):
        """Become a celebrity, or cease to be one, whoever follows."""
        member = self._member(a)
        change = AuthorCeasedCelebrity if member in self.celebrities else AuthorBecameCelebrity
        self.celebrities ^= {member}
        self._record(celebrities.stream(member), change(at=self.at, member_id=member, followers=b))

    def upload(self, a, b, c):
        owner = self._member(a)
        photo = self._id(slot_of(owner))
        audience = AUDIENCES[b % 3]
        self.photos[photo] = {"owner_id": owner, "status": "processing", "audience": audience, "removed": False}
        tags = self.photos[photo]["tags"] = ("sea", "öl")[: c % 3]
        uploaded = PhotoUploaded(
            at=self.at,
            photo_id=photo,
            owner_id=owner,
            upload_id=f"upload{photo}",
            object_key="originals/key",
            content_type="image/jpeg",
            size=1,
            sha256=None,
            filename="a.jpg",
            caption="'; DROP TABLE photos --",
            alt_text="",
            tags=tags,
            mentions=("ada", "bea", "ada")[c % 2 : c],
            audience=audience,
            place="",
            show_location=bool(c % 2),
        )
        self._record(photos.stream(photo), uploaded)

    def process(self, a, b, c):
        photo = self._photo(a)
        known = self.photos[photo]
        if known["status"] != "processing" or known["removed"]:
            return
        of = {"at": self.at, "photo_id": photo, "owner_id": known["owner_id"], "audience": known["audience"]}
        if b == 0:
            known["status"] = "rejected"
            self._record(photos.stream(photo), PhotoRejected(**of, code="not_an_image", detail="…"))
            return
        known["status"] = "ready"
        variants = tuple(Variant(f"size{size}", "webp", size, size, 1, "k") for size in range(c))
        done = PhotoProcessed(
            **of,
            sha256=str(c % 2),
            rendition=Rendition(1, 10, 20, "LEHV6n", "#aabbcc", variants),
            taken_at=self.at if b % 2 else None,
            camera=Camera("Maker", None, None, 50.0, 1.8, 1 / 125, 100) if c % 2 else None,
            location=Location(59.9139, -10.7522, None) if b % 3 else None,
            likeness=ALIKE[(a + c) % len(ALIKE)] if b % 4 else None,
        )
        self._record(photos.stream(photo), done)

    def preview(self, a, b, c):
        photo = self._photo(a)
        known = self.photos[photo]
        if known["status"] != "processing" or known["removed"] or known.get("previewed"):
            return
        known["previewed"] = True
        small = Rendition(1, 10, 20, "LEHV6n", "#aabbcc", (Variant("thumb", "webp", 5, 5, 1, "t"),))
        done = PhotoPreviewed(at=self.at, photo_id=photo, owner_id=known["owner_id"], rendition=small)
        self._record(photos.stream(photo), done)

    def render(self, a, b, c):
        """Edit a photo, and have it rendered or not yet; or render it by another recipe, and remove what that leaves."""
        photo = self._photo(a)
        known = self.photos[photo]
        if known["status"] != "ready" or known["removed"]:
            return
        of = {"at": self.at, "photo_id": photo, "owner_id": known["owner_id"]}
        edits = Edits(Crop(0, 0, 5, 5) if c % 2 else None, 90 * (b % 4), "mono" if c % 3 else None)
        known["edition"] = known.get("edition", 0) + b % 2
        rendered = PhotoRendered(
            **of,
            audience=known["audience"],
            edition=known["edition"],
            rendition=Rendition(2, 20, 10, "LEHV6n", "#aabbcc", (Variant("small", "webp", 4, 2, 1, f"e{b}"),)),
            likeness=ALIKE[a % len(ALIKE)] if c % 2 else None,
        )
        self._record(
            photos.stream(photo),
            *([PhotoEdited(**of, edition=known["edition"], edits=edits)] if b % 2 else []),
            *([rendered] if c else []),
            *([PhotoPruned(**of, files=1)] if c == 3 else []),
        )

    def move(self, a, b, c):
        """Give a photo's files other keys."""
        photo = self._photo(a)
        known = self.photos[photo]
        if known["status"] != "ready" or known.get("erased"):
            return
        known["moves"] = known.get("moves", 0) + 1
        files = tuple(Variant(f"size{size}", "webp", size, size, 1, f"m{b}") for size in range(1, c + 2))
        moved = PhotoMoved(
            at=self.at,
            photo_id=photo,
            owner_id=known["owner_id"],
            moves=known["moves"],
            rendition=Rendition(2, 20, 10, "LEHV6n", "#aabbcc", files),
        )
        self._record(photos.stream(photo), moved)

    def detect(self, a, b, c):
        """Ask that a model looks at a photo, have it look, or have it fail."""
        photo = self._photo(a)
        known = self.photos[photo]
        if known["status"] != "ready" or known.get("erased"):
            return
        of = {"at": self.at, "photo_id": photo, "owner_id": known["owner_id"]}
        by = {"edition": known.get("edition", 0), "model": "seer", "model_version": str(b)}
        labels = (Label("Boat", 0.9, Box(0, 0.25, 0.5, 0.5)), Label("boat", 0.8, None), Label("lighthouse", 0.7, None))
        made = (
            PhotoDetectionAsked(**of),
            PhotoLabelled(**of, **by, labels=labels[: c % 4]),
            PhotoDetectionFailed(**of, **by, code="detection_failed", detail="…"),
        )
        self._record(photos.stream(photo), made[b % 3])

    def duplicates(self, a, b, c):
        """Decide about a few photos of a member."""
        owner = self.photos[self._photo(a)]["owner_id"]
        own = sorted(photo for photo, known in self.photos.items() if known["owner_id"] == owner)[: c + 1]
        made = DuplicatesDecided(
            at=self.at, member_id=owner, group_id=own[0], photo_ids=tuple(own), keep=tuple(own[: b + 1])
        )
        self._record(duplicates.stream(own[0]), made)

    def open_upload(self, a, b, c):
        """Ask for an upload, and use it, give it up, or neither."""
        member = self._member(a)
        upload = self._id(slot_of(member))
        of = {"at": self.at, "upload_id": upload, "member_id": member}
        asked = UploadRequested(
            **of,
            filename="a.jpg",
            content_type="image/jpeg",
            size=1,
            sha256=None,
            object_key="k",
            expires_at=self.at,
        )
        ends = ([UploadUsed(**of, photo_id="p")], [UploadAbandoned(**of)], [])[b % 3]
        divided = [UploadDivided(**of, handle="h", part_bytes=5)] if c % 2 else []
        self._record(uploads.stream(upload), asked, *divided, *ends)

    def avatar(self, a, b, c):
        """Choose an avatar, which waits, is rendered or is rejected; or be without."""
        member = self._member(a)
        waiting = self.avatars.pop(member, None)
        if b == 0:
            gone = AvatarRemoved(at=self.at, member_id=member, instead_of=waiting)
            self._record(members.stream(member), gone)
            return
        upload = self._id(slot_of(member))
        of = {"at": self.at, "member_id": member, "upload_id": upload}
        chosen = AvatarChosen(**of, object_key="k", content_type="image/png", sha256=None, instead_of=waiting)
        face = Rendition(1, 4, 4, "L", "#aabbcc", (Variant("small", "webp", 4, 4, 1, f"avatars/{upload}"),))
        ends = ([], [AvatarRendered(**of, rendition=face)], [AvatarRejected(**of, code="truncated", detail="…")])[c % 3]
        if not ends:
            self.avatars[member] = upload
        self._record(members.stream(member), chosen, *ends)

    def audience(self, a, b, c):
        photo = self._photo(a)
        known, audience = self.photos[photo], AUDIENCES[b % 3]
        if known["removed"] or known.get("down") or known["audience"] == audience:
            return
        change = PhotoAudienceChanged(
            at=self.at,
            photo_id=photo,
            owner_id=known["owner_id"],
            status=known["status"],
            before=known["audience"],
            audience=audience,
        )
        known["audience"] = audience
        self._record(photos.stream(photo), change)

    def remove(self, a, b, c):
        photo = self._photo(a)
        known = self.photos[photo]
        if known.get("down"):
            return
        change = PhotoRestored if known["removed"] else PhotoRemoved
        known["removed"] = not known["removed"]
        of = {"owner_id": known["owner_id"], "status": known["status"], "audience": known["audience"]}
        self._record(photos.stream(photo), change(at=self.at, photo_id=photo, **of))

    def describe(self, a, b, c):
        photo = self._photo(a)
        known = self.photos[photo]
        if known["removed"] or known.get("down"):
            return
        tags = known["tags"] = ("t", "sea", "u", "v")[a % 2 : c]
        words = PhotoDescribed(
            at=self.at,
            photo_id=photo,
            owner_id=known["owner_id"],
            caption=f"caption {b}",
            alt_text="",
            tags=tags,
            mentions=("bea", "ada", "cyn")[b % 2 : c],
            show_location=bool(b % 2),
        )
        self._record(photos.stream(photo), words)

    def like(self, a, b, c):
        member, photo = self._member(a), self._photo(b)
        owner = self.photos[photo]["owner_id"]
        pair = (photo, member)
        change = PhotoUnliked if pair in self.likes else PhotoLiked
        self.likes ^= {pair}
        made = change(at=self.at, photo_id=photo, owner_id=owner, member_id=member)
        self._record(likes.stream(photo, member), made)

    def comment(self, a, b, c):
        member, photo = self._member(a), self._photo(b)
        owner = self.photos[photo]["owner_id"]
        comment = self._id(slot_of_reactions(photo))
        self.comments[comment] = {"photo_id": photo, "owner_id": owner, "member_id": member}
        made = PhotoCommented(
            at=self.at,
            comment_id=comment,
            **self.comments[comment],
            text="Hm",
            reply_to=None,
            mentions=("ada", "ada", "bea")[:c],
        )
        self._record(comments.stream(comment), made)

    def edit(self, a, b, c):
        """Edit a comment, or end it."""
        if not self.comments:
            return
        comment = list(self.comments)[a % len(self.comments)]
        known = self.comments[comment]
        if b % 2:
            made = CommentEdited(at=self.at, comment_id=comment, **known, text=f"Oh {c}", mentions=("bea", "cyn")[:c])
        else:
            made = CommentRemoved(at=self.at, comment_id=comment, **known, by=known["member_id"])
            del self.comments[comment]
        self._record(comments.stream(comment), made)

    def album(self, a, b, c):
        """Make an album, or change one, or end it."""
        if not self.albums or a == 0:
            owner = self._member(b)
            album = self._id(slot_of(owner))
            self.albums[album] = {"owner_id": owner, "audience": AUDIENCES[c % 3], "photos": []}
            of = {"title": "Rivers", "description": "", "audience": AUDIENCES[c % 3]}
            self._record(albums.stream(album), AlbumCreated(at=self.at, album_id=album, owner_id=owner, **of))
            return
        album = list(self.albums)[b % len(self.albums)]
        known, audience = self.albums[album], AUDIENCES[c % 3]
        of = {"at": self.at, "album_id": album, "owner_id": known["owner_id"]}
        if a == 5:
            del self.albums[album]
            self._record(albums.stream(album), AlbumRemoved(**of))
        elif a % 2 and audience != known["audience"]:
            made = AlbumAudienceChanged(**of, before=known["audience"], audience=audience)
            known["audience"] = audience
            self._record(albums.stream(album), made)
        else:
            self._record(albums.stream(album), AlbumDescribed(**of, title=f"Title {c}", description="…"))

    def place(self, a, b, c):
        """Put a photo into an album, move it there, or take it out."""
        if not self.albums:
            self.album(0, a, c)
        album = list(self.albums)[a % len(self.albums)]
        owner, order = self.albums[album]["owner_id"], self.albums[album]["photos"]
        if not (own := [photo for photo, known in self.photos.items() if known["owner_id"] == owner]):
            return
        photo = own[b % len(own)]
        of = {"at": self.at, "album_id": album, "photo_id": photo, "owner_id": owner}
        others = [other for other in order if other != photo]
        if c == 0 and photo in order:
            order.remove(photo)
            self._record(albums.entry_stream(album, photo), AlbumPhotoTakenOut(**of))
            return
        after = None if c < 2 or not others else albums.FIRST if c == 2 else others[c % len(others)]
        order[:] = others
        order.insert(len(others) if after is None else others.index(after) + 1 if after else 0, photo)
        self._record(albums.entry_stream(album, photo), AlbumPhotoPlaced(**of, after=after))

    def share(self, a, b, c):
        """Make a link, or take one back."""
        if self.shares and a % 3 == 0:
            share = list(self.shares)[b % len(self.shares)]
            made = ShareRevoked(at=self.at, share_id=share, owner_id=self.shares.pop(share))
        else:
            photo = self._photo(b)
            owner = self.photos[photo]["owner_id"]
            share = self._id(slot_of(owner))
            self.shares[share] = owner
            made = ShareCreated(
                at=self.at,
                share_id=share,
                owner_id=owner,
                subject=f"photo:{photo}",
                expires_at=self.at if c % 2 else None,
                password_hash="$argon2id$" if c % 3 else "",
                show_metadata=bool(c % 2),
            )
        self._record(shares.stream(share), made)

    def see(self, a, b, c):
        member = self._member(a)
        seen = NotificationsSeen(at=self.at, member_id=member, until=self.at)
        self._record(notifications.stream(member), seen)

    def report(self, a, b, c):
        member = self._member(a)
        report = self._id(slot_of(member))
        subject = f"photo:{self._photo(b)}"
        filed = ReportFiled(at=self.at, report_id=report, reporter_id=member, subject=subject, reason="Hm")
        self._record(moderation.report_stream(report), filed)

    def moderate(self, a, b, c):
        """Take something down, or show it again."""
        if a % 3 == 0:
            self._moderate_photo(self._photo(b))
        elif a % 3 == 1:
            member = self._member(b)
            of = {"at": self.at, "member_id": member, "private": self.members[member], "by": "moderator"}
            made = (
                MemberTakedownLifted(**of, closed=member in self.left) if member in self.down else MemberTakenDown(**of)
            )
            self.down ^= {member}
            self._record(members.stream(member), made)
        elif self.hidden and c % 2:
            comment = list(self.hidden)[b % len(self.hidden)]
            known = self.comments[comment] = self.hidden.pop(comment)
            of = {"text": "Hm", "reply_to": None, "mentions": ("ada",), "written_at": self.at, "edited_at": None}
            made = CommentTakedownLifted(at=self.at, comment_id=comment, **known, **of, by="moderator")
            self._record(comments.stream(comment), made)
        elif self.comments:
            comment = list(self.comments)[b % len(self.comments)]
            known = self.hidden[comment] = self.comments.pop(comment)
            made = CommentTakenDown(at=self.at, comment_id=comment, **known, by="moderator")
            self._record(comments.stream(comment), made)

    def _moderate_photo(self, photo):
        known = self.photos[photo]
        if known["status"] != "ready" or known["removed"]:
            return
        change = PhotoTakedownLifted if known.get("down") else PhotoTakenDown
        known["down"] = not known.get("down")
        of = {"owner_id": known["owner_id"], "status": known["status"], "audience": known["audience"]}
        self._record(photos.stream(photo), change(at=self.at, photo_id=photo, by="moderator", **of))

    def leave(self, a, b, c):
        """Close an account, or go on with erasing it."""
        member = self._member(a)
        of = {"at": self.at, "member_id": member}
        numbers = dict.fromkeys(("likes", "comments", "follows", "photos", "albums", "shares", "files"), c)
        if member not in self.left:
            self.left.add(member)
            private, taken_down = self.members[member], member in self.down
            self._record(members.stream(member), MemberClosed(**of, private=private, taken_down=taken_down))
        elif b == 0:
            self._record(members.stream(member), MemberErased(**of, **numbers), ErasureFinished(**of))
        for photo, known in self.photos.items() if b == 1 else ():
            if known["owner_id"] == member and known["removed"]:
                known["down"] = known["erased"] = True  # nothing can be done to it any more
                self._record(photos.stream(photo), PhotoErased(at=self.at, photo_id=photo, owner_id=member))

    def erase(self, member: str) -> None:
        """All that an erasure does about a member, in the order in which it does it."""
        private, taken_down = self.members[member], member in self.down
        if member not in self.left:
            self.left.add(member)
            closed = MemberClosed(at=self.at, member_id=member, private=private, taken_down=taken_down)
            self._record(members.stream(member), closed)
        for photo, liked_by in [pair for pair in self.likes if pair[1] == member]:
            of = {"photo_id": photo, "owner_id": self.photos[photo]["owner_id"], "member_id": liked_by}
            self._record(likes.stream(photo, liked_by), PhotoUnliked(at=self.at, **of))
        for comment, known in self.comments.items():
            if known["member_id"] == member:
                self._record(
                    comments.stream(comment), CommentRemoved(at=self.at, comment_id=comment, **known, by=member)
                )
        for (follower, followed), state in self.follows.items():
            if member in {follower, followed}:
                end = MemberUnfollowed if state == "yes" else FollowRequestEnded
                ended = end(at=self.at, follower_id=follower, followed_id=followed, by=member)
                self._record(follows.stream(followed, follower), ended)
        for album, known in self.albums.items():
            if known["owner_id"] == member:
                gone = AlbumRemoved(at=self.at, album_id=album, owner_id=member)
                self._record(albums.stream(album), gone)
        for share, owner in self.shares.items():
            if owner == member:
                self._record(shares.stream(share), ShareRevoked(at=self.at, share_id=share, owner_id=member))
        for photo, known in self.photos.items():
            if known["owner_id"] == member and not known.get("erased"):
                of = {"at": self.at, "photo_id": photo, "owner_id": member}
                removed = PhotoRemoved(**of, status=known["status"], audience=known["audience"])
                gone = [] if known["removed"] or known.get("down") else [removed]
                self._record(photos.stream(photo), *gone, PhotoErased(**of))
        numbers = dict.fromkeys(("likes", "comments", "follows", "photos", "albums", "shares", "files"), 1)
        erased = MemberErased(at=self.at, member_id=member, **numbers)
        self._record(members.stream(member), erased, ErasureFinished(at=self.at, member_id=member))

    def without_key(self, member: str) -> MemoryLog:
        """The log as it reads once the member's key is destroyed."""
        blank = MemoryLog(self.log.logs)
        for number, facts in self.log.facts.items():
            blank.facts[number] = [replace(fact, event=_without_key(fact.event, member)) for fact in facts]
        return blank


def _without_key(event, member: str):
    known = event_type(event)
    if known.subject is None or getattr(event, known.subject) != member:
        return event
    name, wire = to_wire(event)
    return from_wire(name, erased(known, wire))
