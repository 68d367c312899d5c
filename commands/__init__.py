"""What may be asked: a dataclass and a handler for each request, and the ports they need. Imports domain only."""
