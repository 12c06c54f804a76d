"""Files of departments become events: CSV, XLSX and JSON lines, read row by row.

A row's way: readers (cells) -> columns (fields and attributes) -> values -> admission -> Kafka; what is
refused goes to a report beside the file.
"""
