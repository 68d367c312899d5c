"""Kafka behind the ports of streams: sending, topics, and whose turn it is."""
