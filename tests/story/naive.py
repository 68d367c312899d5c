"""What must be shown, kept the plainest way: by usernames and photo ids, without any of the product's own code."""

from dataclasses import dataclass, field

Pair = tuple[str, str]


@dataclass
class Comment:
    """A comment as it stands."""

    comment_id: str
    photo_id: str
    author: str
    text: str


@dataclass
class Naive:
    """The whole truth; lists are in the order in which things happened."""

    private: set[str] = field(default_factory=set)
    follows: list[Pair] = field(default_factory=list)
    requests: list[Pair] = field(default_factory=list)
    blocks: list[Pair] = field(default_factory=list)
    mutes: list[Pair] = field(default_factory=list)
    owner: dict[str, str] = field(default_factory=dict)
    audience: dict[str, str] = field(default_factory=dict)
    trash: list[str] = field(default_factory=list)
    likes: list[Pair] = field(default_factory=list)
    comments: dict[str, Comment] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    """Photos and members that moderators have taken down."""

    def apart(self, one: str | None, other: str) -> bool:
        """Whether either blocks the other."""
        return (one, other) in self.blocks or (other, one) in self.blocks

    def sees_profile(self, viewer: str | None, other: str) -> bool:
        """Whether the viewer may see who a member is."""
        return other not in self.down and (not self.apart(viewer, other) or (viewer, other) in self.blocks)

    def sees_lists(self, viewer: str | None, owner: str) -> bool:
        """Whether a member's lists are open to the viewer."""
        if viewer == owner:
            return True
        if self.apart(viewer, owner):
            return False
        return owner not in self.private or (viewer, owner) in self.follows

    def sees(self, viewer: str | None, photo: str) -> bool:
        """Whether the viewer may see a photo."""
        owner = self.owner[photo]
        if photo in self.trash or not self.down.isdisjoint({photo, owner}):
            return False
        if viewer == owner:
            return True
        if not self.sees_lists(viewer, owner) or self.audience[photo] == "private":
            return False
        friends = (viewer, owner) in self.follows and (owner, viewer) in self.follows
        return self.audience[photo] == "public" or friends

    def in_feed(self, viewer: str, photo: str) -> bool:
        """Whether a photo stands in the viewer's home feed."""
        pair = (viewer, self.owner[photo])
        followed = pair in self.follows and pair not in self.mutes
        return self.sees(viewer, photo) and (viewer == self.owner[photo] or followed)

    def feed(self, viewer: str) -> list[str]:
        """Newest first."""
        return [photo for photo in sorted(self.owner, reverse=True) if self.in_feed(viewer, photo)]

    def photos(self, viewer: str | None, owner: str) -> list[str]:
        """A member's photos as the viewer sees them, newest first."""
        own = [photo for photo in sorted(self.owner, reverse=True) if self.owner[photo] == owner]
        return [photo for photo in own if self.sees(viewer, photo)]

    def named(self, viewer: str | None, members: list[str]) -> list[str | None]:
        """Members in a list as the viewer reads it: None for whom they may not see."""
        return [None if self.apart(viewer, member) else member for member in members]

    def followers(self, member: str) -> list[str]:
        """Who follows a member."""
        return [follower for follower, followed in self.follows if followed == member]

    def following(self, member: str) -> list[str]:
        """Whom a member follows."""
        return [followed for follower, followed in self.follows if follower == member]

    def follow(self, pair: Pair) -> str:
        """The state that a follow comes to."""
        if pair not in self.follows and pair[1] in self.private:
            if pair not in self.requests:
                self.requests.append(pair)
            return "requested"
        self.unfollow(pair, only_requests=True)
        if pair not in self.follows:
            self.follows.append(pair)
        return "yes"

    def unfollow(self, pair: Pair, *, only_requests: bool = False) -> None:
        """Nothing is left of a follow or a request."""
        self.requests = [each for each in self.requests if each != pair]
        if not only_requests:
            self.follows = [each for each in self.follows if each != pair]

    def block(self, pair: Pair) -> None:
        """Following ends both ways."""
        if pair not in self.blocks:
            self.blocks.append(pair)
        self.unfollow(pair)
        self.unfollow(pair[::-1])

    def go_public(self, member: str) -> None:
        """Everyone who asked is let in."""
        self.private.discard(member)
        asked = [pair for pair in self.requests if pair[1] == member]
        self.requests = [pair for pair in self.requests if pair[1] != member]
        self.follows += asked
