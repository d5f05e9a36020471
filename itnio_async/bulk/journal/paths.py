"""Where journals lie: the user's directory for state, and the kind of file system that a directory is on."""

from __future__ import annotations

import os
import re
from pathlib import Path

from itnio_async.bulk.identity import Identity

_MOUNTS = Path("/proc/self/mountinfo")
_NETWORK = re.compile(
    r"nfs\d?|cifs|smb\d?|smbfs|9p|afs|ceph|glusterfs|lustre|gpfs|beegfs|ocfs2|gfs2|davfs|virtiofs|vboxsf|prl_fs|fuse\.\w++"
)
# Local all the same.
_LOCAL_FUSE = frozenset({"fuse.ext2", "fuse.ntfs", "fuse.exfat", "fuse.gocryptfs", "fuse.encfs"})
_ESCAPED = re.compile(r"\\([0-7]{3})")


def state_directory() -> Path:
    """Return our part of the user's directory for state: `$XDG_STATE_HOME/itnio`, or what is usual on the system."""
    try:
        from platformdirs import user_state_path
    except ImportError:
        # It comes with the command; on Linux this is the same.
        base = os.environ.get("XDG_STATE_HOME", "").strip() or Path.home() / ".local" / "state"
        return Path(base) / "itnio"
    return user_state_path("itnio", appauthor=False)


def default_journal_path(source: str, rows: str, identity: Identity) -> Path:
    """Return where the journal of a file lies unless somebody says otherwise: in the user's state directory.

    `rows` is the digest of its rows: a file with other rows has a journal of its own, and so has another host. Another
    API key has not, so that a new key of the same account finds what the old one began.
    """
    stem = "".join(c if c.isalnum() or c in "-_." else "_" for c in Path(source).name)[:40] or "rows"
    return default_directory() / identity.host.replace(":", "_") / f"{stem}-{rows[:16]}.journal"


def is_default(path: Path) -> bool:
    """Tell whether a journal lies where nobody asked for it to lie."""
    return path.parent.parent == Path(os.path.realpath(default_directory()))


def default_directory() -> Path:
    """Return the directory of the journals for which nobody gives a path."""
    return state_directory() / "journals"


def network_file_system(directory: str | os.PathLike[str], mounts: str | None = None) -> str | None:
    """Return the type of the network file system that the directory is on, or None where there is none known.

    `mounts` is the text of Linux's mountinfo; other systems do not tell.
    """
    if mounts is None:
        try:
            mounts = _MOUNTS.read_text(errors="surrogateescape")
        except OSError:
            return None
    path = Path(os.path.realpath(directory))
    kind, depth = "", -1
    for line in mounts.splitlines():
        mount, separator, rest = line.partition(" - ")
        fields = mount.split(" ")
        if not separator or len(fields) < 5:
            continue
        point = Path(_ESCAPED.sub(lambda found: chr(int(found[1], 8)), fields[4]))
        # The later one lies over the earlier one.
        if path.is_relative_to(point) and len(point.parts) >= depth:
            kind, depth = rest.split(" ")[0], len(point.parts)
    return kind if _NETWORK.fullmatch(kind) and kind not in _LOCAL_FUSE else None
