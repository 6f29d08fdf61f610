"""What a process forbids itself before it runs a student's code: nothing here can be taken back.

Three layers, each tried and each reported: resource limits (POSIX), a system call filter (seccomp, Linux on x86-64 and
ARM64) and a fence around the file system (Landlock, Linux 5.13 and later). None of them needs to be the administrator.
"""

import ctypes
import errno
import os
import platform
import struct
import sys
from pathlib import Path

# ------------------------------------------------------------------------------------------ resource limits


def limit_resources(*, memory: int, seconds: int, file_size: int) -> bool:
    """Limit memory and file size (bytes) and processor time (seconds); return whether this system does."""
    try:
        import resource
    except ImportError:  # Windows
        return False
    wanted = {"RLIMIT_AS": memory + _address_space(), "RLIMIT_CPU": seconds, "RLIMIT_FSIZE": file_size,
              "RLIMIT_CORE": 0, "RLIMIT_NOFILE": 256}
    done = []
    for name, value in wanted.items():
        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        try:
            resource.setrlimit(kind, (value, value))
            done.append(name)
        except (ValueError, OSError):  # macOS knows RLIMIT_AS and does not set it
            pass
    return len(done) == len(wanted)


def _address_space():
    """Bytes of addresses in use now: the libraries, which are not the student's."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 1 << 30


# ------------------------------------------------------------------------------------- system call filter

_CALLS = {  # number of each call on x86-64 and on ARM64; None: there is no such call
    "socket": (41, 198), "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281),
    "kill": (62, 129), "tkill": (200, 130), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "pidfd_send_signal": (424, 424), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "io_uring_setup": (425, 425),  # opens sockets by another way
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "keyctl": (250, 219),
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40),
    "truncate": (76, 45),  # the fence of Linux before 6.2 does not know it
    # memory that belongs to no process, or outlives it
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "msgget": (68, 186),
    "semget": (64, 190), "mq_open": (240, 180),
}
_OF_NO_EFFECT = {  # the fence around files does not know these; copying a file calls them, so they seem to succeed
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, None), "lchown": (94, None), "fchown": (93, 55), "fchownat": (260, 54),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7),
    "utimensat": (280, 88), "utime": (132, None), "utimes": (235, None), "futimesat": (261, None),
}
_CLONE, _CLONE3, _TGKILL, _PRLIMIT = (56, 220), (435, 435), (234, 131), (302, 261)
# who a file's signals go to, and which they are: SIGKILL from the kernel, to anybody (Linux before 6.12)
_OWNERS = {(72, 25): (8, 10, 15), (16, 29): (0x8901, 0x8902)}  # fcntl: F_SETOWN, F_SETSIG, F_SETOWN_EX; ioctl
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000  # refuse: with an error number added
_CLONE_THREAD = 0x10000


def filter_calls() -> bool:
    """Forbid new processes, network, and signals to others; return whether this system does.

    A forbidden call fails with "operation not permitted", which Python raises as `PermissionError`.
    """
    if sys.platform != "linux" or platform.machine() not in _MACHINES:
        return False
    column, architecture = _MACHINES[platform.machine()]
    code = b"".join(struct.pack("HBBI", *step) for step in _program(column, architecture))
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(code)
    program = struct.pack("HxxxxxxQ", len(code) // 8, ctypes.addressof(buffer))
    if libc.prctl(38, 1, 0, 0, 0):  # PR_SET_NO_NEW_PRIVS
        return False
    return libc.prctl(22, 2, ctypes.c_char_p(program), 0, 0) == 0  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER


def _program(column, architecture):
    """Return the filter, step by step: (operation, steps to jump if true, if false, operand)."""
    refused = (_RETURN, 0, 0, _REFUSE | errno.EPERM)
    allowed = (_RETURN, 0, 0, _ALLOW)
    own = os.getpid()
    yield from [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, architecture), refused, (_LOAD, 0, 0, 0)]
    if column == 0:  # x86-64 has a second set of numbers for the same calls
        yield from [(_AT_LEAST, 0, 1, 0x40000000), refused]
    for calls, verdict in ((_CALLS, refused), (_OF_NO_EFFECT, (_RETURN, 0, 0, _REFUSE))):
        for numbers in calls.values():
            if numbers[column] is not None:
                yield from [(_EQUAL, 0, 1, numbers[column]), verdict]
    # "not there" sends the C library back to the older call, whose flags can be read
    yield from [(_EQUAL, 0, 1, _CLONE3[column]), (_RETURN, 0, 0, _REFUSE | errno.ENOSYS)]
    yield from [(_EQUAL, 0, 4, _CLONE[column]), (_LOAD, 0, 0, 16), (_ANY_BIT, 1, 0, _CLONE_THREAD), refused, allowed]
    yield from [(_EQUAL, 0, 4, _TGKILL[column]), (_LOAD, 0, 0, 16), (_EQUAL, 1, 0, own), refused, allowed]
    yield from [(_EQUAL, 0, 4, _PRLIMIT[column]), (_LOAD, 0, 0, 16), (_EQUAL, 1, 0, 0), refused, allowed]
    for numbers, commands in _OWNERS.items():
        many = len(commands)
        yield from [(_EQUAL, 0, many + 3, numbers[column]), (_LOAD, 0, 0, 24)]
        yield from [(_EQUAL, many - n, 0, command) for n, command in enumerate(commands)]
        yield from [allowed, refused]
    yield allowed


def drop_privileges() -> None:
    """Give up what the administrator may do beyond others, if it is the administrator who marks."""
    if sys.platform == "linux":
        header, nothing = struct.pack("Ii", 0x20080522, 0), struct.pack("6I", *[0] * 6)
        ctypes.CDLL(None, use_errno=True).capset(ctypes.c_char_p(header), ctypes.c_char_p(nothing))


# ------------------------------------------------------------------------------- fence around the file system

_READ_FILE, _READ_FOLDER, _WRITE_FILE = 1 << 2, 1 << 3, 1 << 1
_KNOWN = {1: 13, 2: 14, 3: 15, 4: 15}  # kinds of access by version; later versions: 16
_RUN = 1 << 0
_CREATE, _ADD, _RESTRICT = 444, 445, 446


def fence(*, writable: Path, readable: list[Path], listed: list[Path] = ()) -> bool:
    """Allow writing in one folder, reading in some and listing in others; return whether this system does."""
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE, None, ctypes.c_size_t(0), 1)
    if version < 3 and (version < 1 or platform.machine() not in _MACHINES):  # the filter refuses to truncate
        return False
    every = (1 << _KNOWN.get(version, 16)) - 1
    network, scoped = (3 if version >= 4 else 0), (3 if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    attributes = struct.pack("QQQ", every, network, scoped)
    rules = libc.syscall(_CREATE, ctypes.c_char_p(attributes), ctypes.c_size_t(size), 0)
    if rules < 0:
        return False
    # of a file, only what one can do to a file
    paths = [(writable, every & ~_RUN), (Path(os.devnull), _READ_FILE | _WRITE_FILE)]
    paths += [(path, _READ_FILE | _READ_FOLDER if path.is_dir() else _READ_FILE) for path in readable]
    paths += [(path, _READ_FOLDER) for path in listed]
    for path, access in paths:
        try:
            handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        libc.syscall(_ADD, rules, 1, ctypes.c_char_p(struct.pack("=Qi", access, handle)), 0)
        os.close(handle)
    kept = libc.prctl(38, 1, 0, 0, 0) == 0 and libc.syscall(_RESTRICT, rules, 0) == 0
    os.close(rules)
    return kept
