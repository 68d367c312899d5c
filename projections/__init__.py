"""What is shown: rows, pure project functions, the catalogue, and ports for stores and queries. Imports domain only."""
