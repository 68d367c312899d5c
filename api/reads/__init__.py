"""Routes that show something: query ports to HTTP."""
