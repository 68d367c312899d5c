"""The cluster's counters in Redis: exact, because every call that adds also moves a checkpoint.

Counts lie in groups, a hash of one slot each, so they spread over a cluster. A group's checkpoint for a log moves in
the call that adds the log's counts to it; the log's own checkpoint follows when all groups are done. Whatever is cut
short in between is repeated, and the groups that were done pass over it.
"""
