"""Passwords: Argon2id (RFC 9106) on threads of its own, so that no request waits behind a hash."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError


class Argon2Passwords:
    """The adapter of the port `Passwords`."""

    def __init__(self, *, memory_kib: int, passes: int, threads: int = 2) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._nobody = self._hasher.hash("a password that no member has")

    async def digest(self, password: str) -> str:
        """A salted hash that carries its own parameters."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._hasher.hash, password)

    async def matches(self, digest: str | None, password: str) -> bool:
        """Whether the password made the digest; None costs as much time, so that an answer tells nothing."""
        right = await asyncio.get_running_loop().run_in_executor(
            self._threads, self._verify, digest or self._nobody, password
        )
        return right and digest is not None

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _verify(self, digest: str, password: str) -> bool:
        try:
            return self._hasher.verify(digest, password)
        except (VerificationError, InvalidHashError):
            return False
