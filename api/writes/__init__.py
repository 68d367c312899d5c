"""Routes that change something: HTTP to commands."""
