"""The cluster's read models in Cassandra: rows partitioned by shard, written in one-partition batches, later write wins.

A batch is not one transaction here, so everything is made to bear repetition instead: every write carries its event's
`recorded_at` as its time, every cell of a row is written, a delete leaves its time behind, and the checkpoint moves by
a conditional write only after every row is in. `feeding` says why a crash at any point leaves no trace.
"""
