"""A run's rows as tables that people and programs open: CSV, Excel and Parquet.

:func:`.maker.write_table` writes each of them; ``python -m category_crawler.tables`` does it in a
process of its own.
"""
