"""PostgreSQL, the referee: schema, queries by name, keys and the embedded server."""
