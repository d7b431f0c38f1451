/* Interposes the calls by which a process reaches files, to make one of them fail.
 *
 * Loaded by LD_PRELOAD. Nothing happens before `fault_arm`, and nothing in another process: a child
 * that the armed one forks (git) runs untouched. Calls are counted from 1 if they concern what is
 * below the root, the standard streams, or starting a process; `fault_arm` says which is hit and how:
 *
 *   FAIL    it does nothing and reports an error
 *   SHORT   it reads or writes the first half of what it was asked for
 *   KILL    it is done, and the process is gone before it learns of that
 *   FULL    SHORT, and from then on whatever needs room reports ENOSPC
 *   DEAD    FAIL, and so does every call that follows
 *
 * The calls are written to a descriptor, one a line: number, name, whether it was hit, path.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum how { NOTHING, FAIL, SHORT, KILL, FULL, DEAD };
enum { ROOM = 1, HALVES = 2 }; /* what a call needs, and what it can be cut to */

static pid_t armed;
static long count, target;
static enum how how;
static int code, sink = -1;
static char root[PATH_MAX];
static unsigned char ours[4096]; /* which descriptors count */

struct call {
    long number; /* 0: does not count */
    int code;    /* the error to report instead of doing it */
    int is_cut;
};

void fault_arm(const char *below, long number, int what, int error, int trace)
{
    snprintf(root, sizeof root, "%s", below);
    memset(ours, 0, sizeof ours);
    ours[0] = ours[1] = ours[2] = 1;
    count = 0;
    target = number;
    how = what;
    code = error;
    sink = trace;
    armed = getpid();
}

long fault_disarm(void)
{
    armed = 0;
    return count;
}

static int is_ours(int fd)
{
    return fd >= 0 && fd < (int)sizeof ours && ours[fd];
}

/* A path below the root; an empty one stands for the folder itself. */
static int is_below(int folder, const char *path)
{
    size_t length = strlen(root);
    char here[PATH_MAX];
    if (path[0] == '/')
        return !strncmp(path, root, length) && (path[length] == '/' || !path[length]);
    if (folder != AT_FDCWD)
        return is_ours(folder);
    return syscall(SYS_getcwd, here, sizeof here) > 0 && is_below(AT_FDCWD, here);
}

static void note(struct call call, const char *name, int fd, const char *path)
{
    char line[PATH_MAX + 64], link[32], found[PATH_MAX] = "";
    if (path == NULL && fd >= 0) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        long got = syscall(SYS_readlink, link, found, sizeof found - 1);
        found[got > 0 ? got : 0] = 0;
        path = fd > 2 ? found : fd == 0 ? "<stdin>" : fd == 1 ? "<stdout>" : "<stderr>";
    }
    int is_hit = call.code || call.is_cut || (how == KILL && call.number == target);
    int size = snprintf(line, sizeof line, "%ld\t%s\t%d\t%s\n", call.number, name, is_hit,
                        path ? path : "");
    syscall(SYS_write, sink, line, size < (int)sizeof line ? size : (int)sizeof line - 1);
}

static struct call enter(const char *name, int counts, int fd, const char *path, int needs)
{
    struct call call = {0, 0, 0};
    if (!armed || getpid() != armed || !counts)
        return call;
    call.number = __atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST);
    if (call.number == target && (how == SHORT || how == FULL) && needs & HALVES)
        call.is_cut = 1;
    else if (call.number == target && (how == FAIL || (how == FULL && needs & ROOM)))
        call.code = code;
    else if (call.number > target && how == FULL && needs & ROOM)
        call.code = code;
    else if (call.number >= target && how == DEAD)
        call.code = code;
    if (sink >= 0)
        note(call, name, fd, path);
    return call;
}

static void leave(struct call call)
{
    if (call.number && call.number == target && how == KILL)
        syscall(SYS_kill, getpid(), SIGKILL);
}

static size_t cut(struct call call, size_t size)
{
    return call.is_cut && size > 1 ? size / 2 : size;
}

#define REAL(name)                                                                                 \
    static __typeof__(name) *real;                                                                 \
    int kept = errno;                                                                              \
    if (!real)                                                                                     \
        real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name);                                        \
    errno = kept

#define WRAP(type, failed, name, given, passed, counts, fd, path, needs)                           \
    type name given                                                                                \
    {                                                                                              \
        REAL(name);                                                                                \
        struct call call = enter(#name, counts, fd, path, needs);                                  \
        if (call.code) {                                                                           \
            errno = call.code;                                                                     \
            return failed;                                                                         \
        }                                                                                          \
        type result = real passed;                                                                 \
        leave(call);                                                                               \
        return result;                                                                             \
    }

#define PATHS(name, given, passed, needs)                                                          \
    WRAP(int, -1, name, given, passed, is_below(AT_FDCWD, path), -1, path, needs)
#define ATS(name, given, passed, needs)                                                            \
    WRAP(int, -1, name, given, passed, is_below(folder, path), folder, path, needs)
#define FDS(type, name, given, passed, needs)                                                      \
    WRAP(type, -1, name, given, passed, is_ours(fd), fd, NULL, needs)

/* Names. */
PATHS(mkdir, (const char *path, mode_t mode), (path, mode), ROOM)
PATHS(rmdir, (const char *path), (path), 0)
PATHS(unlink, (const char *path), (path), 0)
PATHS(chmod, (const char *path, mode_t mode), (path, mode), 0)
PATHS(access, (const char *path, int mode), (path, mode), 0)
PATHS(truncate, (const char *path, off_t size), (path, size), 0)
PATHS(stat, (const char *path, struct stat *to), (path, to), 0)
PATHS(lstat, (const char *path, struct stat *to), (path, to), 0)
PATHS(stat64, (const char *path, struct stat64 *to), (path, to), 0)
PATHS(lstat64, (const char *path, struct stat64 *to), (path, to), 0)
PATHS(rename, (const char *from, const char *path), (from, path), 0)
PATHS(link, (const char *from, const char *path), (from, path), ROOM)
PATHS(symlink, (const char *to, const char *path), (to, path), ROOM)
ATS(mkdirat, (int folder, const char *path, mode_t mode), (folder, path, mode), ROOM)
ATS(unlinkat, (int folder, const char *path, int flags), (folder, path, flags), 0)
ATS(fchmodat, (int folder, const char *path, mode_t mode, int flags), (folder, path, mode, flags), 0)
ATS(faccessat, (int folder, const char *path, int mode, int flags), (folder, path, mode, flags), 0)
ATS(fstatat, (int folder, const char *path, struct stat *to, int flags),
    (folder, path, to, flags), 0)
ATS(fstatat64, (int folder, const char *path, struct stat64 *to, int flags),
    (folder, path, to, flags), 0)
ATS(utimensat, (int folder, const char *path, const struct timespec times[2], int flags),
    (folder, path, times, flags), 0)
ATS(renameat, (int old, const char *from, int folder, const char *path),
    (old, from, folder, path), 0)
ATS(renameat2, (int old, const char *from, int folder, const char *path, unsigned flags),
    (old, from, folder, path, flags), 0)
ATS(linkat, (int old, const char *from, int folder, const char *path, int flags),
    (old, from, folder, path, flags), ROOM)
ATS(symlinkat, (const char *to, int folder, const char *path), (to, folder, path), ROOM)
WRAP(ssize_t, -1, readlink, (const char *path, char *to, size_t size), (path, to, size),
     is_below(AT_FDCWD, path), -1, path, 0)
WRAP(DIR *, NULL, opendir, (const char *path), (path), is_below(AT_FDCWD, path), -1, path, 0)

/* Contents. */
FDS(ssize_t, read, (int fd, void *to, size_t size), (fd, to, cut(call, size)), HALVES)
FDS(ssize_t, pread, (int fd, void *to, size_t size, off_t at), (fd, to, cut(call, size), at), HALVES)
FDS(ssize_t, pread64, (int fd, void *to, size_t size, off64_t at), (fd, to, cut(call, size), at),
    HALVES)
FDS(ssize_t, write, (int fd, const void *from, size_t size), (fd, from, cut(call, size)),
    ROOM | HALVES)
FDS(ssize_t, pwrite, (int fd, const void *from, size_t size, off_t at),
    (fd, from, cut(call, size), at), ROOM | HALVES)
FDS(ssize_t, pwrite64, (int fd, const void *from, size_t size, off64_t at),
    (fd, from, cut(call, size), at), ROOM | HALVES)
FDS(ssize_t, writev, (int fd, const struct iovec *from, int many),
    (fd, from, call.is_cut && many > 1 ? many / 2 : many), ROOM | HALVES)
FDS(ssize_t, sendfile, (int fd, int from, off_t *at, size_t size), (fd, from, at, cut(call, size)),
    ROOM | HALVES)
FDS(ssize_t, sendfile64, (int fd, int from, off64_t *at, size_t size),
    (fd, from, at, cut(call, size)), ROOM | HALVES)
FDS(int, fstat, (int fd, struct stat *to), (fd, to), 0)
FDS(int, fstat64, (int fd, struct stat64 *to), (fd, to), 0)
FDS(int, ftruncate, (int fd, off_t size), (fd, size), 0)
FDS(int, ftruncate64, (int fd, off64_t size), (fd, size), 0)
FDS(int, fchmod, (int fd, mode_t mode), (fd, mode), 0)
FDS(int, futimens, (int fd, const struct timespec times[2]), (fd, times), 0)
FDS(int, flock, (int fd, int what), (fd, what), 0)
/* Where a standard stream stands is asked before the command begins. */
#define SEEKS(type, name, given, passed)                                                           \
    WRAP(type, -1, name, given, passed, fd > 2 && is_ours(fd), fd, NULL, 0)
SEEKS(off_t, lseek, (int fd, off_t at, int from), (fd, at, from))
SEEKS(off64_t, lseek64, (int fd, off64_t at, int from), (fd, at, from))

/* Nothing here cuts the power, so nobody has to wait for the disk. */
#define SYNCS(name)                                                                                \
    int name(int fd)                                                                               \
    {                                                                                              \
        REAL(name);                                                                                \
        struct call call = enter(#name, is_ours(fd), fd, NULL, ROOM);                              \
        if (call.code) {                                                                           \
            errno = call.code;                                                                     \
            return -1;                                                                             \
        }                                                                                          \
        leave(call);                                                                               \
        return call.number ? 0 : real(fd);                                                         \
    }

SYNCS(fsync)
SYNCS(fdatasync)

/* Processes. */
WRAP(pid_t, -1, fork, (void), (), 1, -1, NULL, 0)

/* Descriptors: those of files below the root are ours. */
static void mark(int fd, int is_one)
{
    if (armed && getpid() == armed && fd >= 0 && fd < (int)sizeof ours)
        ours[fd] = is_one;
}

#define OPENS(name, given, passed, counts, folder)                                                 \
    int name given                                                                                 \
    {                                                                                              \
        REAL(name);                                                                                \
        mode_t mode = 0;                                                                           \
        if (flags & (O_CREAT | O_TMPFILE)) {                                                       \
            va_list more;                                                                          \
            va_start(more, flags);                                                                 \
            mode = va_arg(more, mode_t);                                                           \
            va_end(more);                                                                          \
        }                                                                                          \
        int is_below_root = counts;                                                                \
        struct call call = enter(flags & O_CREAT ? "create" : "open", is_below_root, folder, path, \
                                 flags & O_CREAT ? ROOM : 0);                                      \
        if (call.code) {                                                                           \
            errno = call.code;                                                                     \
            return -1;                                                                             \
        }                                                                                          \
        int result = real passed;                                                                  \
        mark(result, is_below_root);                                                               \
        leave(call);                                                                               \
        return result;                                                                             \
    }

OPENS(open, (const char *path, int flags, ...), (path, flags, mode), is_below(AT_FDCWD, path), -1)
OPENS(open64, (const char *path, int flags, ...), (path, flags, mode), is_below(AT_FDCWD, path), -1)
OPENS(openat, (int folder, const char *path, int flags, ...), (folder, path, flags, mode),
      is_below(folder, path), folder)
OPENS(openat64, (int folder, const char *path, int flags, ...), (folder, path, flags, mode),
      is_below(folder, path), folder)

/* A descriptor is gone after `close`, whatever it reports. */
int close(int fd)
{
    REAL(close);
    struct call call = enter("close", is_ours(fd), fd, NULL, 0);
    int result = real(fd);
    mark(fd, 0);
    if (call.code) {
        errno = call.code;
        return -1;
    }
    leave(call);
    return result;
}

/* Locks are taken, files are measured, descriptors are copied by it; only locks count. */
#define CONTROLS(name)                                                                             \
    int name(int fd, int what, ...)                                                                \
    {                                                                                              \
        REAL(name);                                                                                \
        va_list more;                                                                              \
        va_start(more, what);                                                                      \
        void *with = va_arg(more, void *);                                                         \
        va_end(more);                                                                              \
        int is_lock = what == F_SETLK || what == F_SETLKW;                                         \
        struct call call = enter("lock", is_lock && is_ours(fd), fd, NULL, 0);                     \
        if (call.code) {                                                                           \
            errno = call.code;                                                                     \
            return -1;                                                                             \
        }                                                                                          \
        int result = real(fd, what, with);                                                         \
        if (what == F_DUPFD || what == F_DUPFD_CLOEXEC)                                            \
            mark(result, is_ours(fd));                                                             \
        leave(call);                                                                               \
        return result;                                                                             \
    }

CONTROLS(fcntl)
CONTROLS(fcntl64)

int dup(int fd)
{
    REAL(dup);
    int result = real(fd);
    mark(result, is_ours(fd));
    return result;
}

int dup2(int fd, int to)
{
    REAL(dup2);
    int result = real(fd, to);
    mark(result, is_ours(fd));
    return result;
}
