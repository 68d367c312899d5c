"""How people reach it: HTTP in, HTTP out. The only room with FastAPI."""
