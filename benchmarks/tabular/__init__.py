"""The benchmark of tables: its tables, contenders, scores, ratings and page."""
