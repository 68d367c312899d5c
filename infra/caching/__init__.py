"""Caches: what is kept in memory, how often that helped, and one load for all who miss the same thing."""
