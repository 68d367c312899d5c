"""What can go wrong with a command besides a rule that says no."""


class Conflict(Exception):
    """Another writer was faster; the command may be tried again from the start."""


class Unavailable(Exception):
    """The event store can't be reached; nothing is known to be written."""
