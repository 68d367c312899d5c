"""Events for analysts: exports, typed tables, SQL, and the events' reference.

DuckDB, polars and pyarrow come with the extra `analyst`; they are imported where they are used.
"""
