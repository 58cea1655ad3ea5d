"""Tables in: CSV, Parquet, NPY, NPZ and dataframes, and how columns become a network's inputs.

pyarrow and narwhals, the extra `tables`, are imported when a table is read, not before.
"""

from pellucid.data.tables.columns import Columns
from pellucid.data.tables.kinds import Label
from pellucid.data.tables.table import Table, TableSource, is_table, read_table

__all__ = ["Columns", "Label", "Table", "TableSource", "is_table", "read_table"]
