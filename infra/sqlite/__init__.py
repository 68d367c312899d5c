"""The embedded read models: SQLite files, one for each build of each projection.

A build has a file of its own, with its rows, its checkpoints and its dead letters. So a rebuild never holds up what is
live, a batch and its checkpoint are one transaction, and a build is dropped by deleting its file. Which builds there
are, and which of them reads use, stands in one small file beside them.
"""
