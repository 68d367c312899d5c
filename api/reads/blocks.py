"""Blocks: whom the caller blocks."""

from fastapi import APIRouter

from api.ports import Reads
from api.reads.lists import own_list


def routes(reads: Reads) -> APIRouter:
    """Whom the caller blocks."""
    return own_list(reads, "blocks", "Whom I block", page=reads.blocks.page, who=lambda row: row.blocked_id)
