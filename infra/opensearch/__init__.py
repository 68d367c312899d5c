"""The cluster's search: the store of the search read models in OpenSearch, and the port `Search` over it.

A build is an index of its own. A batch is not one transaction here, so it is made to bear repetition instead: every
document carries its fact's `recorded_at` as its external version, so a write that comes again or late is refused by
the index itself; then the index is refreshed, and only then the checkpoint moves, by a conditional write.

The documents hold plain words (see `projections.words`), so the index analyses nothing; and every part of a query
scores a constant, so a document's rank is its own affair and pages stand still.
"""
