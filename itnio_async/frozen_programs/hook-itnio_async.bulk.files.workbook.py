"""Workbooks are read by openpyxl, which is loaded when there is one."""

hiddenimports = ["openpyxl"]
