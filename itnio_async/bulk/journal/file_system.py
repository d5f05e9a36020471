"""Whether a directory lies on another machine, where SQLite's write-ahead log does not work."""

from __future__ import annotations

import os
import re
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
_NETWORK = re.compile(
    r"nfs\d?|cifs|smb\d?|smbfs|9p|afs|ceph|glusterfs|lustre|gpfs|beegfs|ocfs2|gfs2|davfs|virtiofs|vboxsf|prl_fs|fuse\.\w++"
)
# Local all the same.
_LOCAL_FUSE = frozenset({"fuse.ext2", "fuse.ntfs", "fuse.exfat", "fuse.gocryptfs", "fuse.encfs"})
_ESCAPED = re.compile(r"\\([0-7]{3})")


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
