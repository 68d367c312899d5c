"""Sweeping: a reaction that removes what arrived of uploads that nobody may use any more.

The work is the rows of the `uploads` read model, and the upload's own stream decides, so it may be done twice and by
anybody.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from domain.ids import UploadId
from domain.uploads import UPLOAD_KEPT, UPLOAD_OPEN
from projections.ports import OpenUploads
from streams.settling import Leading

_PAGE: Final = 200
_SOON_S: Final = 60.0
"""After what went wrong it is tried again so soon, or at its interval where that is shorter."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Sweeping:
    """Sweeps at an interval for as long as it runs; of many processes one does, where there is a `leadership`.

    `sweep` removes one upload's bytes, records that, and tells whether there was anything to end.
    """

    uploads: OpenUploads
    sweep: Callable[[UploadId], Awaitable[bool]]
    now: Callable[[], datetime]
    every_s: float
    leadership: Leading | None = None
    scraps: Callable[[datetime], Awaitable[int]] | None = None
    """Removes what was left half written before a time, where this program writes the files itself."""

    async def run(self) -> None:
        """Sweep until cancelled, after whatever goes wrong."""
        while True:
            try:
                if self.leadership is None:
                    await self.all()
                else:
                    async with self.leadership.lead("sweeping uploads") as lease:
                        while await lease.held():
                            await self.all()
                            await asyncio.sleep(self.every_s)
                pause = self.every_s
            except Exception as error:  # noqa: BLE001 reported, and tried again
                _log.error("uploads can't be swept", exc_info=error)
                pause = min(_SOON_S, self.every_s)
            await asyncio.sleep(pause)

    async def all(self) -> int:
        """Go through all open uploads once; gives how many were swept. One that fails holds up no other."""
        swept, after = 0, None
        while rows := await self.uploads.page(after=after, limit=_PAGE):
            at = self.now()
            for row in rows:
                if row.expires_at <= at:
                    swept += await self._one(row.upload_id)
            after = rows[-1].upload_id
        if self.scraps is not None:
            await self.scraps(self.now() - UPLOAD_OPEN - UPLOAD_KEPT)
        return swept

    async def _one(self, upload_id: UploadId) -> bool:
        try:
            return await self.sweep(upload_id)
        except Exception as error:  # noqa: BLE001 reported; its row stands, and the next sweep finds it
            _log.error("an upload is not swept", upload_id=upload_id, exc_info=error)
            return False
