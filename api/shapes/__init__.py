"""The shapes of JSON bodies, as the OpenAPI document shows them; answers are built as plain dictionaries."""
