"""Every projection there is; hosts, the command line and the whole-catalogue tests read this list."""

from typing import Final

from projections.affinity import AFFINITY
from projections.albums import ALBUMS
from projections.analytics import ACTIVITY, ANALYTICS
from projections.authors import AUTHORS
from projections.belongings import BELONGINGS
from projections.blocks import BLOCKS
from projections.comments import COMMENTS
from projections.counters import COUNTERS
from projections.duplicates import DUPLICATES
from projections.erasures import ERASURES
from projections.explore import EXPLORE
from projections.follows import FOLLOWS
from projections.likes import LIKES
from projections.mutes import MUTES
from projections.notifications import NOTIFICATIONS
from projections.photos import PHOTOS
from projections.processing import PROCESSING
from projections.profiles import PROFILES
from projections.reports import REPORTS
from projections.rows import Projection
from projections.search import MEMBER_SEARCH, PHOTO_SEARCH
from projections.settling import SETTLING
from projections.shares import SHARES
from projections.similar import SIMILAR
from projections.tags import TAGS
from projections.timelines import TIMELINES
from projections.trash import TRASH
from projections.trending import TRENDING
from projections.uploads import UPLOADS
from projections.visibility import VISIBILITY

CATALOGUE: Final[tuple[Projection, ...]] = (
    VISIBILITY,
    PROFILES,
    PHOTOS,
    AUTHORS,
    ALBUMS,
    SHARES,
    REPORTS,
    BELONGINGS,
    ERASURES,
    FOLLOWS,
    BLOCKS,
    MUTES,
    SETTLING,
    TRASH,
    TIMELINES,
    LIKES,
    AFFINITY,
    COMMENTS,
    NOTIFICATIONS,
    COUNTERS,
    DUPLICATES,
    SIMILAR,
    UPLOADS,
    PROCESSING,
    ANALYTICS,
    ACTIVITY,
    MEMBER_SEARCH,
    PHOTO_SEARCH,
    TRENDING,
    EXPLORE,
    TAGS,
)

BY_NAME: Final = {projection.name: projection for projection in CATALOGUE}
