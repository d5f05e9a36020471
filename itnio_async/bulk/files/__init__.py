"""Rows from files and into files: CSV, TSV, JSON, JSON Lines and XLSX, whatever the rows are about."""
