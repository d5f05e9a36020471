"""The command loads the module of a subcommand when that is called."""

from PyInstaller.utils.hooks import collect_submodules

hiddenimports = collect_submodules("itnio_async.cli")
