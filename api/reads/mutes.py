"""Mutes: whom the caller mutes."""

from fastapi import APIRouter

from api.ports import Reads
from api.reads.lists import own_list


def routes(reads: Reads) -> APIRouter:
    """Whom the caller mutes."""
    return own_list(reads, "mutes", "Whom I mute", page=reads.mutes.page, who=lambda row: row.muted_id)
