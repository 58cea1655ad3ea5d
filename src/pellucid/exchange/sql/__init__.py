"""A network as one SQL query, for rows that stay in their database.

`layer_code` holds what each layer becomes, `query` collects the common table expressions,
`raw_row` encodes a table's columns, and `to_file` chooses the output columns and writes the file.
"""

from pellucid.exchange.sql.to_file import to_sql

__all__ = ["to_sql"]
