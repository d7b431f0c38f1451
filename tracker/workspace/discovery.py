"""Find the workspace.

What the user names (`--db`, `BEADS_DB`, `BEADS_DIR`) may be any place. What is found by walking up,
or named by files of the repository, is trusted less: the search ends at the top of the git work
tree, `$HOME` is not taken by accident, and nothing leads out of the work tree but a redirect that
git does not track.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tracker import fileio
from tracker.errors import NotATracker, Refused, quoted
from tracker.git.discovery import first_line, git_of, tracked, within
from tracker.log.paths import DATABASE_ENDINGS, LOGS, OTHER_JSONL
from tracker.model.context import Place
from tracker.workspace.folder import Metadata, look, metadata, refuse_repository, start_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tracker.git.discovery import Git
    from tracker.workspace.folder import WorkspaceFolder


APPLICATION_ID = 0x62647472  # "bdtr" in the header of every database that we wrote
LOCAL_CACHE = "/.local/cache.db"  # where a cache is that is not to stand beside the log

# Links of these names would be read or written through.
_FOLLOWED = frozenset((
    *LOGS, *OTHER_JSONL,
    "metadata.json", "config.yaml", ".gitignore", ".gitattributes", ".jsonl.lock", ".local",
))  # fmt: skip


def find(
    cwd: str, env: Mapping[str, str], *, directory: str | None = None, db: str | None = None
) -> Place:
    """The workspace that a command works on: `db`, else `directory`, else BEADS_DB, BEADS_DIR, cwd.

    Raises NotATracker where there is none and Refused where there is one that must not be followed.
    """
    start = _start(cwd, directory)
    if db:
        return _of_database(os.path.join(start, db), "--db")
    if not directory:  # what a flag names is meant more than what the environment holds
        if path := env.get("BEADS_DB"):
            return _of_database(os.path.join(start, path), "BEADS_DB")
        if path := env.get("BEADS_DIR"):
            return _of_folder(os.path.join(start, path))
    return _around(start, env, named=bool(directory))


def prefix_from_folder(root: str) -> str:
    """The folder's name as a prefix of ids: "my app-" gives "my-app", "/" gives "bd"."""
    name = os.path.basename(root.rstrip("/"))
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "_.-") else "-" for c in name)
    return kept.lstrip(".-").rstrip("-") or "bd"


# What the user names.


def _start(cwd: str, directory: str | None) -> str:
    if directory:
        folder = os.path.realpath(os.path.join(cwd, directory))
        if not os.path.isdir(folder):
            hint = f"ls {quoted(os.path.dirname(folder))}"
            raise NotATracker(folder, why="there is no such folder", hint=hint)
        return folder
    try:
        if cwd == os.getcwd():
            return cwd  # the kernel's answer holds no links, and saves a look at each part of it
    except OSError:
        pass
    return os.path.realpath(cwd)


def _of_database(path: str, source: str) -> Place:
    """The workspace of a database, which need not exist yet; the log is beside it."""
    path = os.path.realpath(path)
    folder = look(os.path.dirname(path))
    if folder is None:
        why = f"{source} names {path}, and there is no such folder"
        hint = f"mkdir -p {quoted(os.path.dirname(path))}"
        raise NotATracker(os.path.dirname(path), why=why, hint=hint)
    if not _may_be_database(path):
        beads = path if os.path.isdir(path) else folder.path
        hint = f"BEADS_DIR={quoted(beads)} bd where"
        raise Refused(f"{source} names {path}, which is not a database", hint=hint)
    said = Metadata()
    if folder.root != folder.path:
        said = metadata(folder)
    else:  # another program's metadata.json or dolt folder may lie in a folder of any name
        folder = folder._replace(dolt=False)
    _check_links(folder, said, named=True)
    return _place(folder, said, _cache(folder, path))


def _may_be_database(path: str) -> bool:
    """Whether a cache may be put there: what looks like another file of the user's is not lost."""
    if path.endswith(".jsonl") or os.path.isdir(path):
        return False
    header = start_of(path, 100, links=fileio.ANYWHERE)
    return not header or _is_sqlite(header) or path.endswith(DATABASE_ENDINGS)


def _of_folder(path: str) -> Place:
    """The workspace that BEADS_DIR names: a `.beads` folder, or one that holds it."""
    real = os.path.realpath(path)
    inner = look(os.path.realpath(real + "/.beads"))
    folder = inner if inner and inner.usable() else look(real)
    if folder is None or not folder.usable():
        why = "BEADS_DIR names it, and " + (
            "it holds no workspace" if folder else "there is no such folder"
        )
        raise NotATracker(real, why=why, hint="env -u BEADS_DIR bd where")
    return _settled(folder, named=True)


# What is found.


def _around(start: str, env: Mapping[str, str], *, named: bool) -> Place:
    """The workspace around a folder, within its git work tree."""
    git = top, git_dir, _ = git_of(start)
    if git_dir and top is None:
        if git_dir.lower().endswith("/.beads") and (folder := look(git_dir)):
            refuse_repository(folder)
        why = f"{git_dir} is a git repository without a work tree"
        raise NotATracker(start, why=why, hint=f"git -C {quoted(git_dir)} worktree list")
    at = top if top and git_dir and within(start, git_dir) else start
    passed = None
    for folder in _upwards(at, top):
        if _home_by_accident(folder, at, top, env, named=named):
            passed = folder
        else:
            return _settled(folder, git if folder.root == top else None)
    raise _nothing(start, git, passed)


def _upwards(path: str, top: str | None) -> Iterator[WorkspaceFolder]:
    """Every usable folder from here to the top; in `.beads` itself, that one too.

    One that looks like a repository counts as well, and is refused.
    """
    while True:
        if (folder := look(os.path.join(path, ".beads"))) and (
            folder.usable() or folder.is_repository()
        ):
            yield folder
        if path.endswith("/.beads") and (folder := look(path)) and folder.usable():
            yield folder
        parent = os.path.dirname(path)
        if path in {top, parent}:
            return
        path = parent


def _home_by_accident(
    folder: WorkspaceFolder, start: str, top: str | None, env: Mapping[str, str], *, named: bool
) -> bool:
    if folder.root == top and folder.settled():
        return False
    try:
        if not os.path.samefile(folder.root, env.get("HOME") or ""):
            return False
    except OSError:
        return False
    meant = start == folder.root or within(start, folder.path)
    return not (meant and (named or folder.settled()))


def _nothing(start: str, git: Git, passed: WorkspaceFolder | None) -> NotATracker:
    """The error that says where the search ended and what may be meant."""
    top, git_dir, common = git
    if passed:
        why = f"{passed.path} is in the home folder and was passed over"
        return NotATracker(start, why=why, hint=f"bd -C {quoted(passed.root)} ...")
    if top is None:
        return NotATracker(start)
    if common and git_dir != common:
        main = os.path.dirname(common)
        folder = look(main + "/.beads") if git_of(main)[2] == common else None
        if folder and folder.usable():
            why = f"the worktree {top} has no .beads; the main worktree has {folder.path}"
            return NotATracker(start, why=why, hint=f"bd -C {quoted(main)} ...")
    return NotATracker(start, why=f"{top} is the top of its git work tree")


# From a folder to a place.


def _settled(folder: WorkspaceFolder, git: Git | None = None, *, named: bool = False) -> Place:
    """Follow what the folder itself says, as far as that is allowed."""
    if not named and os.path.islink(folder.path):
        _stay_inside(folder.root, folder.path)
        real = look(os.path.realpath(folder.path)) or folder
        folder = real._replace(root=folder.root)
    if "redirect" in folder.names:
        folder, git = _redirected(folder), None
    said = metadata(folder)
    _check_links(folder, said, named=named)
    return _place(folder, said, _databases(folder, said.database), git)


def _check_links(folder: WorkspaceFolder, said: Metadata, *, named: bool) -> None:
    """Raise Refused where a link leads out; only the log of a folder that the user named may."""
    log = _log(folder, said)
    for name in folder.links:
        is_log = name == log
        is_ours = is_log or name in _FOLLOWED or name.startswith(said.database)
        if is_ours and not (is_log and named):
            _stay_inside(folder.root, f"{folder.path}/{name}", log=is_log)


def _log(folder: WorkspaceFolder, said: Metadata) -> str:
    return said.log or next((name for name in LOGS if name in folder.names), LOGS[0])


def _place(
    folder: WorkspaceFolder,
    said: Metadata,
    databases: tuple[str, str | None],
    git: Git | None = None,
) -> Place:
    if folder.root != folder.path:  # what the user calls otherwise may be anything
        refuse_repository(folder)
    log = _log(folder, said)
    path = f"{folder.path}/{log}"
    if git is None or ".git" in folder.names:  # some keep `.beads` as a repository of its own
        git = git_of(folder.path)
    return Place(
        root=folder.root,
        beads=folder.path,
        log=os.path.realpath(path) if log in folder.links else path,
        cache=databases[0],
        top=git[0],
        git_dir=git[1],
        common_dir=git[2],
        foreign_db=databases[1],
        backend="dolt" if (folder.dolt if said.dolt is None else said.dolt) else "sqlite",
        reader=said.reader,
        writer=said.writer,
    )


def _redirected(folder: WorkspaceFolder) -> WorkspaceFolder:
    """The folder that `redirect` names; where that one has a redirect too, it is not followed."""
    file = folder.path + "/redirect"
    if "redirect" in folder.links:
        raise Refused(f"{file} is a symbolic link, and no redirect", hint=f"rm {quoted(file)}")
    wanted = first_line(file, links=fileio.INSIDE)
    if wanted is None:
        return folder
    target = next((found for base in folder[:2] if (found := _target(folder, base, wanted))), None)
    if tracked(file):
        meant = f"if it is meant: BEADS_DIR={quoted(target.path)} bd where" if target else None
        raise Refused(
            f"{file} is tracked by git, so whoever commits to it would choose the folder {wanted}",
            hint=meant or f"git -C {quoted(folder.path)} update-index --force-remove redirect",
        )
    if target is None:
        raise Refused(
            f"{file} names {wanted}, which is not another folder called .beads",
            hint=f"mv {quoted(file)} {quoted(file + '.off')}",
        )
    return target


def _target(folder: WorkspaceFolder, base: str, wanted: str) -> WorkspaceFolder | None:
    real = os.path.realpath(os.path.join(base, wanted))
    return look(real) if real != folder.path and real.endswith("/.beads") else None


def _stay_inside(root: str, link: str, *, log: bool = False) -> None:
    """Raise unless a link leads to what is in the work tree of `root`, and not in its `.git`."""
    try:
        fileio.check_link(link, root)
    except Refused as error:
        is_folder = os.path.basename(link) == ".beads"
        if is_folder or log:  # what the user names may be elsewhere, and the log of that too
            beads = os.path.realpath(link) if is_folder else os.path.dirname(link)
            error.hint = f"if it is meant: BEADS_DIR={quoted(beads)} bd where"
        raise


# Databases.


def _databases(folder: WorkspaceFolder, name: str) -> tuple[str, str | None]:
    """The cache and the database of Beads, which may be one and the same name.

    Where config.yaml says `cache: local`, the name is left to Beads and br.
    """
    cache, foreign = _found(folder, name)
    return (folder.path + LOCAL_CACHE if keeps_apart(folder) else cache), foreign


def keeps_apart(folder: WorkspaceFolder) -> bool:
    """Whether a line of config.yaml says that the cache does not go where Beads looks for its own.

    The file need not be YAML that can be read: no other line counts.
    """
    if "config.yaml" not in folder.names:
        return False
    for line in (start_of(folder.path + "/config.yaml", 1 << 20) or b"").splitlines():
        key, _, value = line.partition(b":")
        if key == b"cache":
            return value.partition(b" #")[0].strip().strip(b"\"'") == b"local"
    return False


def _found(folder: WorkspaceFolder, name: str) -> tuple[str, str | None]:
    """The cache and the database of Beads; an older name of that counts where `name` is missing."""
    if name not in folder.names:
        for other in sorted(folder.names):
            if other.endswith(".db") or other == "db.sqlite":
                cache, foreign = _cache(folder, f"{folder.path}/{other}")
                if foreign:
                    return cache, foreign
    return _cache(folder, f"{folder.path}/{name}")


def _cache(folder: WorkspaceFolder, wanted: str) -> tuple[str, str | None]:
    """`wanted` unless Beads wrote it; what is no whole database may be replaced."""
    if os.path.basename(wanted) not in folder.names:
        return wanted, None
    header = start_of(wanted, 100)
    if header is not None and not _is_sqlite(header):
        return wanted, None
    if header and int.from_bytes(header[68:72], "big") == APPLICATION_ID:
        return wanted, None
    return folder.path + LOCAL_CACHE, wanted if header else None


def _is_sqlite(header: bytes) -> bool:
    return len(header) == 100 and header.startswith(b"SQLite format 3\0")
