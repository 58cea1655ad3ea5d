"""Tables in: CSV, Parquet, NPY, NPZ and dataframes, and how their columns become the numbers of a
network.

Nothing here is loaded before a table is read, and pyarrow and narwhals not before that: they are
the extra `tables`.
"""

from pellucid.data.tables.columns import Columns
from pellucid.data.tables.table import Table, is_table, read_table

__all__ = ["Columns", "Table", "is_table", "read_table"]
