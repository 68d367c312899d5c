"""The event store: facts recorded by the eventsourcing library, personal fields encrypted, commits grouped."""
