"""The page of a report is made by Jinja2 from files beside the module."""

from PyInstaller.utils.hooks import collect_data_files

hiddenimports = ["jinja2"]
datas = collect_data_files("itnio_async.bulk.report")
