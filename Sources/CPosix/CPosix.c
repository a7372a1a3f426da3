// See the header for the reason of this file.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <linux/openat2.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "CPosix.h"

#define CPOSIX_RESULT(call) ({ __typeof__(call) r_ = (call); r_ < 0 ? -(__typeof__(call))errno : r_; })

// MARK: A simulated system

static _Thread_local struct cposix_simulation simulation;

struct cposix_simulation cposix_simulate(struct cposix_simulation next) {
    struct cposix_simulation before = simulation;
    simulation = next;
    return before;
}

// First in every call that a simulation can answer; a thread without one pays a test of a register.
#define CPOSIX_SIMULATED(type, call, a, b, c, d, e, f)                                             \
    if (__builtin_expect(simulation.answer != NULL, 0))                                            \
        return (type)simulation.answer(                                                            \
            simulation.context, cposix_call_##call, (intptr_t)(a), (intptr_t)(b), (intptr_t)(c),   \
            (intptr_t)(d), (intptr_t)(e), (intptr_t)(f))

// MARK: Opening

int cposix_open(const char *path, int flags, mode_t mode) {
    CPOSIX_SIMULATED(int, open, path, flags, mode, 0, 0, 0);
    return CPOSIX_RESULT(open(path, flags | O_CLOEXEC, mode));
}
int cposix_openat(int directory, const char *name, int flags, mode_t mode) {
    CPOSIX_SIMULATED(int, openat, directory, name, flags, mode, 0, 0);
    return CPOSIX_RESULT(openat(directory, name, flags | O_CLOEXEC, mode));
}
int cposix_openat2(
    int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
    CPOSIX_SIMULATED(int, openat2, directory, path, flags, mode, resolve, 0);
    struct open_how how = {.flags = flags | O_CLOEXEC, .mode = mode, .resolve = resolve};
    return (int)CPOSIX_RESULT(syscall(SYS_openat2, directory, path, &how, sizeof how));
}
int cposix_close(int descriptor) {
    CPOSIX_SIMULATED(int, close, descriptor, 0, 0, 0, 0, 0);
    return CPOSIX_RESULT(close(descriptor));
}
int cposix_dup(int descriptor) {
    CPOSIX_SIMULATED(int, dup, descriptor, 0, 0, 0, 0, 0);
    return CPOSIX_RESULT(fcntl(descriptor, F_DUPFD_CLOEXEC, 3));
}
int cposix_dup3(int descriptor, int onto) {
    return CPOSIX_RESULT(dup3(descriptor, onto, O_CLOEXEC));
}
int cposix_reopen(int descriptor, int flags) {
    CPOSIX_SIMULATED(int, reopen, descriptor, flags, 0, 0, 0, 0);
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    return CPOSIX_RESULT(open(path, flags | O_CLOEXEC));
}

// MARK: Data

ssize_t cposix_read(int descriptor, void *bytes, size_t count) {
    CPOSIX_SIMULATED(ssize_t, read, descriptor, bytes, count, 0, 0, 0);
    return CPOSIX_RESULT(read(descriptor, bytes, count));
}
ssize_t cposix_write(int descriptor, const void *bytes, size_t count) {
    CPOSIX_SIMULATED(ssize_t, write, descriptor, bytes, count, 0, 0, 0);
    return CPOSIX_RESULT(write(descriptor, bytes, count));
}
ssize_t cposix_writev(int descriptor, const struct iovec *parts, int count) {
    return CPOSIX_RESULT(writev(descriptor, parts, count));
}
ssize_t cposix_pread(int descriptor, void *bytes, size_t count, off_t offset) {
    CPOSIX_SIMULATED(ssize_t, pread, descriptor, bytes, count, offset, 0, 0);
    return CPOSIX_RESULT(pread(descriptor, bytes, count, offset));
}
ssize_t cposix_pwrite(
    int descriptor, const void *bytes, size_t count, off_t offset) {
    CPOSIX_SIMULATED(ssize_t, pwrite, descriptor, bytes, count, offset, 0, 0);
    return CPOSIX_RESULT(pwrite(descriptor, bytes, count, offset));
}
off_t cposix_lseek(int descriptor, off_t offset, int whence) {
    CPOSIX_SIMULATED(off_t, lseek, descriptor, offset, whence, 0, 0, 0);
    return CPOSIX_RESULT(lseek(descriptor, offset, whence));
}
int cposix_ftruncate(int descriptor, off_t size) {
    CPOSIX_SIMULATED(int, ftruncate, descriptor, size, 0, 0, 0, 0);
    return CPOSIX_RESULT(ftruncate(descriptor, size));
}
int cposix_fallocate(int descriptor, int mode, off_t offset, off_t length) {
    CPOSIX_SIMULATED(int, fallocate, descriptor, mode, offset, length, 0, 0);
    return CPOSIX_RESULT(fallocate(descriptor, mode, offset, length));
}
int cposix_fsync(int descriptor) {
    CPOSIX_SIMULATED(int, fsync, descriptor, 0, 0, 0, 0, 0);
    return CPOSIX_RESULT(fsync(descriptor));
}
int cposix_fdatasync(int descriptor) {
    CPOSIX_SIMULATED(int, fdatasync, descriptor, 0, 0, 0, 0, 0);
    return CPOSIX_RESULT(fdatasync(descriptor));
}
int cposix_syncfs(int descriptor) {
    CPOSIX_SIMULATED(int, syncfs, descriptor, 0, 0, 0, 0, 0);
    return CPOSIX_RESULT(syncfs(descriptor));
}

// MARK: Names

int cposix_mkdirat(int directory, const char *name, mode_t mode) {
    CPOSIX_SIMULATED(int, mkdirat, directory, name, mode, 0, 0, 0);
    return CPOSIX_RESULT(mkdirat(directory, name, mode));
}
int cposix_mknodat(int directory, const char *name, mode_t mode, dev_t device) {
    CPOSIX_SIMULATED(int, mknodat, directory, name, mode, device, 0, 0);
    return CPOSIX_RESULT(mknodat(directory, name, mode, device));
}
int cposix_symlinkat(const char *text, int directory, const char *name) {
    CPOSIX_SIMULATED(int, symlinkat, text, directory, name, 0, 0, 0);
    return CPOSIX_RESULT(symlinkat(text, directory, name));
}
int cposix_linkat(
    int fromDirectory, const char *fromName, int toDirectory, const char *toName, int flags) {
    CPOSIX_SIMULATED(int, linkat, fromDirectory, fromName, toDirectory, toName, flags, 0);
    return CPOSIX_RESULT(linkat(fromDirectory, fromName, toDirectory, toName, flags));
}
int cposix_linkDescriptor(int descriptor, int toDirectory, const char *toName) {
    CPOSIX_SIMULATED(int, linkDescriptor, descriptor, toDirectory, toName, 0, 0, 0);
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    return CPOSIX_RESULT(linkat(AT_FDCWD, path, toDirectory, toName, AT_SYMLINK_FOLLOW));
}
int cposix_unlinkat(int directory, const char *name, int flags) {
    CPOSIX_SIMULATED(int, unlinkat, directory, name, flags, 0, 0, 0);
    return CPOSIX_RESULT(unlinkat(directory, name, flags));
}
int cposix_renameat2(
    int fromDirectory, const char *fromName, int toDirectory, const char *toName, unsigned flags) {
    CPOSIX_SIMULATED(int, renameat2, fromDirectory, fromName, toDirectory, toName, flags, 0);
    return CPOSIX_RESULT(renameat2(fromDirectory, fromName, toDirectory, toName, flags));
}
ssize_t cposix_readlinkat(
    int directory, const char *name, char *text, size_t capacity) {
    CPOSIX_SIMULATED(ssize_t, readlinkat, directory, name, text, capacity, 0, 0);
    return CPOSIX_RESULT(readlinkat(directory, name, text, capacity));
}
ssize_t cposix_getdents(int descriptor, void *bytes, size_t count) {
    CPOSIX_SIMULATED(ssize_t, getdents, descriptor, bytes, count, 0, 0, 0);
    return CPOSIX_RESULT((ssize_t)syscall(SYS_getdents64, descriptor, bytes, count));
}

// MARK: Attributes

int cposix_fstat(int descriptor, struct stat *result) {
    CPOSIX_SIMULATED(int, fstat, descriptor, result, 0, 0, 0, 0);
    return CPOSIX_RESULT(fstat(descriptor, result));
}
int cposix_fstatat(int directory, const char *name, struct stat *result, int flags) {
    CPOSIX_SIMULATED(int, fstatat, directory, name, result, flags, 0, 0);
    return CPOSIX_RESULT(fstatat(directory, name, result, flags));
}
int cposix_fstatvfs(int descriptor, struct statvfs *result) {
    CPOSIX_SIMULATED(int, fstatvfs, descriptor, result, 0, 0, 0, 0);
    return CPOSIX_RESULT(fstatvfs(descriptor, result));
}
int cposix_fchmod(int descriptor, mode_t mode) {
    CPOSIX_SIMULATED(int, fchmod, descriptor, mode, 0, 0, 0, 0);
    return CPOSIX_RESULT(fchmod(descriptor, mode));
}
int cposix_chmodDescriptor(int descriptor, mode_t mode) {
    CPOSIX_SIMULATED(int, chmodDescriptor, descriptor, mode, 0, 0, 0, 0);
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    return CPOSIX_RESULT(chmod(path, mode));
}
int cposix_fchmodat(int directory, const char *name, mode_t mode) {
    return CPOSIX_RESULT(fchmodat(directory, name, mode, 0));
}
int cposix_fchownat(
    int directory, const char *name, uid_t user, gid_t group, int flags) {
    CPOSIX_SIMULATED(int, fchownat, directory, name, user, group, flags, 0);
    return CPOSIX_RESULT(fchownat(directory, name, user, group, flags));
}
int cposix_fchown(int descriptor, uid_t user, gid_t group) {
    return CPOSIX_RESULT(fchown(descriptor, user, group));
}
struct timespec cposix_timespec(int64_t nanoseconds) {
    struct timespec t;
    if (nanoseconds == INT64_MIN) { t.tv_sec = 0; t.tv_nsec = UTIME_OMIT; return t; }
    if (nanoseconds == INT64_MAX) { t.tv_sec = 0; t.tv_nsec = UTIME_NOW; return t; }
    t.tv_sec = nanoseconds / 1000000000;
    t.tv_nsec = nanoseconds % 1000000000;
    if (t.tv_nsec < 0) { t.tv_nsec += 1000000000; t.tv_sec -= 1; }
    return t;
}
int cposix_utimensat(
    int directory, const char *name, int64_t accessed, int64_t modified, int flags) {
    struct timespec times[2] = {cposix_timespec(accessed), cposix_timespec(modified)};
    return CPOSIX_RESULT(utimensat(directory, name, times, flags));
}
int cposix_futimens(int descriptor, int64_t accessed, int64_t modified) {
    CPOSIX_SIMULATED(int, futimens, descriptor, accessed, modified, 0, 0, 0);
    struct timespec times[2] = {cposix_timespec(accessed), cposix_timespec(modified)};
    return CPOSIX_RESULT(futimens(descriptor, times));
}
int cposix_utimesDescriptor(int descriptor, int64_t accessed, int64_t modified) {
    CPOSIX_SIMULATED(int, utimesDescriptor, descriptor, accessed, modified, 0, 0, 0);
    struct timespec times[2] = {cposix_timespec(accessed), cposix_timespec(modified)};
    return CPOSIX_RESULT(
        (int)syscall(SYS_utimensat, descriptor, "", times, AT_EMPTY_PATH));
}

// Stands in a file of its own: struct statx comes with headers that this one cannot have.
int64_t cposix_kernelBirthTime(int directory, const char *name, int flags);

int64_t cposix_birthTime(int directory, const char *name, int flags) {
    CPOSIX_SIMULATED(int64_t, birthTime, directory, name, flags, 0, 0, 0);
    return cposix_kernelBirthTime(directory, name, flags);
}

// MARK: Flags of the file system's own

int cposix_kernelObjectFlags(int descriptor, struct cposix_objectFlags *result);
int cposix_kernelSetObjectFlags(int descriptor, struct cposix_objectFlags wanted);

// A simulated disk has none.
int cposix_getObjectFlags(int descriptor, struct cposix_objectFlags *result) {
    if (simulation.answer != NULL) return -ENOTTY;
    return cposix_kernelObjectFlags(descriptor, result);
}
int cposix_setObjectFlags(int descriptor, struct cposix_objectFlags wanted) {
    if (simulation.answer != NULL) return -ENOTTY;
    return cposix_kernelSetObjectFlags(descriptor, wanted);
}

// MARK: Extended attributes

ssize_t cposix_fgetxattr(
    int descriptor, const char *name, void *value, size_t capacity) {
    CPOSIX_SIMULATED(ssize_t, fgetxattr, descriptor, name, value, capacity, 0, 0);
    return CPOSIX_RESULT(fgetxattr(descriptor, name, value, capacity));
}
int cposix_fsetxattr(
    int descriptor, const char *name, const void *value, size_t count, int flags) {
    CPOSIX_SIMULATED(int, fsetxattr, descriptor, name, value, count, flags, 0);
    return CPOSIX_RESULT(fsetxattr(descriptor, name, value, count, flags));
}
ssize_t cposix_flistxattr(int descriptor, char *names, size_t capacity) {
    CPOSIX_SIMULATED(ssize_t, flistxattr, descriptor, names, capacity, 0, 0, 0);
    return CPOSIX_RESULT(flistxattr(descriptor, names, capacity));
}
int cposix_fremovexattr(int descriptor, const char *name) {
    CPOSIX_SIMULATED(int, fremovexattr, descriptor, name, 0, 0, 0, 0);
    return CPOSIX_RESULT(fremovexattr(descriptor, name));
}
// By path, not following a link at its end (use with /proc/self/fd/N/name or N itself).
ssize_t cposix_lgetxattr(
    const char *path, const char *name, void *value, size_t capacity) {
    return CPOSIX_RESULT(lgetxattr(path, name, value, capacity));
}
int cposix_lsetxattr(
    const char *path, const char *name, const void *value, size_t count, int flags) {
    return CPOSIX_RESULT(lsetxattr(path, name, value, count, flags));
}
ssize_t cposix_llistxattr(const char *path, char *names, size_t capacity) {
    return CPOSIX_RESULT(llistxattr(path, names, capacity));
}
int cposix_lremovexattr(const char *path, const char *name) {
    return CPOSIX_RESULT(lremovexattr(path, name));
}
// By (O_PATH) descriptor, through /proc, following the magic link to the object itself.
ssize_t cposix_getxattrDescriptor(
    int descriptor, const char *name, void *value, size_t capacity) {
    CPOSIX_SIMULATED(ssize_t, getxattrDescriptor, descriptor, name, value, capacity, 0, 0);
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    return CPOSIX_RESULT(getxattr(path, name, value, capacity));
}
int cposix_setxattrDescriptor(
    int descriptor, const char *name, const void *value, size_t count, int flags) {
    CPOSIX_SIMULATED(int, setxattrDescriptor, descriptor, name, value, count, flags, 0);
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    return CPOSIX_RESULT(setxattr(path, name, value, count, flags));
}
ssize_t cposix_listxattrDescriptor(int descriptor, char *names, size_t capacity) {
    CPOSIX_SIMULATED(ssize_t, listxattrDescriptor, descriptor, names, capacity, 0, 0, 0);
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    return CPOSIX_RESULT(listxattr(path, names, capacity));
}
int cposix_removexattrDescriptor(int descriptor, const char *name) {
    CPOSIX_SIMULATED(int, removexattrDescriptor, descriptor, name, 0, 0, 0, 0);
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    return CPOSIX_RESULT(removexattr(path, name));
}

// MARK: Identity

int cposix_identify(
    int directory, const char *path, int flags, struct cposix_identity *result) {
    CPOSIX_SIMULATED(int, identify, directory, path, flags, result, 0, 0);
    struct stat status;
    if (fstatat(directory, path, &status, flags) < 0) return -errno;
    *result = (struct cposix_identity){
        .device = status.st_dev, .inode = status.st_ino, .mode = status.st_mode,
        .user = status.st_uid};
    return 0;
}

uint32_t cposix_generation(int directory, const char *name, int flags) {
    CPOSIX_SIMULATED(uint32_t, generation, directory, name, flags, 0, 0, 0);
    union { struct file_handle handle; char room[sizeof(struct file_handle) + MAX_HANDLE_SZ]; } u;
    int mount;
    u.handle.handle_bytes = MAX_HANDLE_SZ;
    if (name_to_handle_at(directory, name, &u.handle, &mount, flags) < 0) return 0;
    uint32_t hash = 2166136261u ^ (uint32_t)u.handle.handle_type;
    for (unsigned i = 0; i < u.handle.handle_bytes; i++)
        hash = (hash ^ u.handle.f_handle[i]) * 16777619u;
    hash ^= hash >> 15; hash *= 0x2c1b3c6du; hash ^= hash >> 12;
    return hash == 0 ? 1 : hash;
}
int cposix_handle(
    int directory, const char *name, int flags, unsigned char *bytes, int *type) {
    CPOSIX_SIMULATED(int, handle, directory, name, flags, bytes, type, 0);
    union { struct file_handle handle; char room[sizeof(struct file_handle) + MAX_HANDLE_SZ]; } u;
    int mount;
    u.handle.handle_bytes = MAX_HANDLE_SZ;
    if (name_to_handle_at(directory, name, &u.handle, &mount, flags) < 0) return -errno;
    memcpy(bytes, u.handle.f_handle, u.handle.handle_bytes);
    *type = u.handle.handle_type;
    return (int)u.handle.handle_bytes;
}
int cposix_openHandle(
    int mountDescriptor, const unsigned char *bytes, int count, int type, int flags) {
    CPOSIX_SIMULATED(int, openHandle, mountDescriptor, bytes, count, type, flags, 0);
    union { struct file_handle handle; char room[sizeof(struct file_handle) + MAX_HANDLE_SZ]; } u;
    u.handle.handle_bytes = (unsigned)count;
    u.handle.handle_type = type;
    memcpy(u.handle.f_handle, bytes, (size_t)count);
    return CPOSIX_RESULT(open_by_handle_at(mountDescriptor, &u.handle, flags | O_CLOEXEC));
}

// MARK: Mounts, memory, processes

int cposix_mount(
    const char *source, const char *target, const char *type, unsigned long flags,
    const char *data) {
    return CPOSIX_RESULT(mount(source, target, type, flags, data));
}
int cposix_umount2(const char *target, int flags) {
    return CPOSIX_RESULT(umount2(target, flags));
}
int cposix_memfd(const char *name) {
    return CPOSIX_RESULT(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
}
void *cposix_mapShared(int descriptor, size_t count) {
    void *p = mmap(NULL, count, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    return p == MAP_FAILED ? NULL : p;
}
int cposix_unmap(void *memory, size_t count) {
    return CPOSIX_RESULT(munmap(memory, count));
}
int cposix_ioctlInt(int descriptor, unsigned long request, int *value) {
    return CPOSIX_RESULT(ioctl(descriptor, request, value));
}
int cposix_flock(int descriptor, short type) {
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0};
    return CPOSIX_RESULT(fcntl(descriptor, F_OFD_SETLK, &lock));
}
int64_t cposix_realtime(void) {
    CPOSIX_SIMULATED(int64_t, realtime, 0, 0, 0, 0, 0, 0);
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
int64_t cposix_monotonic(void) {
    CPOSIX_SIMULATED(int64_t, monotonic, 0, 0, 0, 0, 0, 0);
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
int64_t cposix_nanoseconds(struct timespec t) {
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
void cposix_actAs(uid_t user, gid_t group) {
    syscall(SYS_setfsgid, group);
    syscall(SYS_setfsuid, user);
}
int cposix_unshareFileSystemState(void) { return CPOSIX_RESULT(unshare(CLONE_FS)); }

int cposix_pipe(int ends[2]) { return CPOSIX_RESULT(pipe2(ends, O_CLOEXEC)); }
void cposix_raiseDescriptorLimit(void) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}
int cposix_startThread(void *(*run)(void *), void *argument) {
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 1 << 20);
    int result = pthread_create(&thread, &attributes, run, argument);
    pthread_attr_destroy(&attributes);
    return -result;
}
int cposix_spawn(
    const char *program, char *const *arguments, int given, int output, pid_t *process) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    // Twice, because a descriptor that is 3 already would keep its close-on-exec flag.
    int aside = fcntl(given, F_DUPFD_CLOEXEC, 10);
    if (aside < 0) return -errno;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, 1);
    posix_spawn_file_actions_adddup2(&actions, aside, 3);
    posix_spawn_file_actions_addclosefrom_np(&actions, 4);
    sigemptyset(&none);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    int result = posix_spawn(process, program, &actions, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    close(aside);
    return -result;
}
void cposix_reap(pid_t process) {
    int status;
    while (waitpid(process, &status, 0) < 0 && errno == EINTR) {}
}
void cposix_rest(int64_t nanoseconds) {
    struct timespec time = {.tv_sec = 0, .tv_nsec = nanoseconds};
    nanosleep(&time, NULL);
}
void cposix_localTime(int64_t seconds, int parts[6]) {
    time_t time = (time_t)seconds;
    struct tm local;
    localtime_r(&time, &local);
    parts[0] = local.tm_year + 1900;
    parts[1] = local.tm_mon + 1;
    parts[2] = local.tm_mday;
    parts[3] = local.tm_hour;
    parts[4] = local.tm_min;
    parts[5] = local.tm_sec;
}
void cposix_nameThread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

// MARK: Passing descriptors

void cposix_waitForHangUp(int socket) {
    struct pollfd one = {.fd = socket, .events = POLLRDHUP};
    while (poll(&one, 1, -1) < 0 && errno == EINTR) {}
}
int cposix_setReceiveTimeout(int socket, int seconds) {
    struct timeval time = {.tv_sec = seconds, .tv_usec = 0};
    return CPOSIX_RESULT(setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time));
}

ssize_t cposix_sendDescriptors(
    int socket, const void *bytes, size_t count, const int *descriptors, int descriptorCount) {
    union { char room[CMSG_SPACE(8 * sizeof(int))]; struct cmsghdr align; } control;
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = count};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (descriptorCount > 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = control.room;
        message.msg_controllen = CMSG_SPACE((size_t)descriptorCount * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN((size_t)descriptorCount * sizeof(int));
        memcpy(CMSG_DATA(header), descriptors, (size_t)descriptorCount * sizeof(int));
    }
    return CPOSIX_RESULT(sendmsg(socket, &message, MSG_NOSIGNAL));
}
ssize_t cposix_receiveDescriptors(
    int socket, void *bytes, size_t count, int *descriptors, int *descriptorCount) {
    union { char room[CMSG_SPACE(8 * sizeof(int))]; struct cmsghdr align; } control;
    struct iovec part = {.iov_base = bytes, .iov_len = count};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1,
        .msg_control = control.room, .msg_controllen = sizeof control.room};
    ssize_t received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    *descriptorCount = 0;
    if (received < 0) return -errno;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL;
         header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        int n = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(descriptors, CMSG_DATA(header), (size_t)n * sizeof(int));
        *descriptorCount = n;
    }
    return received;
}
int cposix_listenUnix(const char *path, int type) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) return -ENAMETOOLONG;
    strcpy(address.sun_path, path);
    int s = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (s < 0) return -errno;
    if (bind(s, (struct sockaddr *)&address, sizeof address) < 0 || listen(s, 16) < 0) {
        int e = errno; close(s); return -e;
    }
    return s;
}
int cposix_connectUnix(const char *path, int type) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) return -ENAMETOOLONG;
    strcpy(address.sun_path, path);
    int s = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (s < 0) return -errno;
    if (connect(s, (struct sockaddr *)&address, sizeof address) < 0) {
        int e = errno; close(s); return -e;
    }
    return s;
}
int cposix_accept(int socket) {
    return CPOSIX_RESULT(accept4(socket, NULL, NULL, SOCK_CLOEXEC));
}
int cposix_peerCredentials(int socket, pid_t *process, uid_t *user, gid_t *group) {
    struct ucred credentials;
    socklen_t count = sizeof credentials;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &count) < 0) return -errno;
    *process = credentials.pid; *user = credentials.uid; *group = credentials.gid;
    return 0;
}

// MARK: Memory shared between processes

uint64_t cposix_load64(const uint64_t *place) {
    return __atomic_load_n(place, __ATOMIC_ACQUIRE);
}
void cposix_store64(uint64_t *place, uint64_t value) {
    __atomic_store_n(place, value, __ATOMIC_RELEASE);
}
uint64_t cposix_add64(uint64_t *place, uint64_t value) {
    return __atomic_add_fetch(place, value, __ATOMIC_ACQ_REL);
}
uint32_t cposix_load32(const uint32_t *place) {
    return __atomic_load_n(place, __ATOMIC_SEQ_CST);
}
void cposix_store32(uint32_t *place, uint32_t value) {
    __atomic_store_n(place, value, __ATOMIC_SEQ_CST);
}
uint32_t cposix_add32(uint32_t *place, uint32_t value) {
    return __atomic_add_fetch(place, value, __ATOMIC_SEQ_CST);
}
uint32_t cposix_exchange32(uint32_t *place, uint32_t value) {
    return __atomic_exchange_n(place, value, __ATOMIC_SEQ_CST);
}
int cposix_futexWait(uint32_t *place, uint32_t expected, int64_t nanoseconds) {
    struct timespec limit = {
        .tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    return (int)CPOSIX_RESULT(syscall(
        SYS_futex, place, FUTEX_WAIT, expected, nanoseconds < 0 ? NULL : &limit, NULL, 0));
}
int cposix_futexWake(uint32_t *place, int count) {
    return (int)CPOSIX_RESULT(syscall(SYS_futex, place, FUTEX_WAKE, count, NULL, NULL, 0));
}
int cposix_mutexInitialize(pthread_mutex_t *mutex) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    int r = pthread_mutex_init(mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
    return -r;
}
int cposix_mutexLock(pthread_mutex_t *mutex) {
    int r = pthread_mutex_lock(mutex);
    if (r == EOWNERDEAD) { pthread_mutex_consistent(mutex); return 1; }
    return -r;
}
void cposix_mutexUnlock(pthread_mutex_t *mutex) { pthread_mutex_unlock(mutex); }

