// The kernel's FUSE messages: <linux/fuse.h> stops at 7.38 where this project is built, so what
// newer kernels added and this project uses is declared here; and the few calls that belong to a
// thread that serves FUSE requests (a device of its own, who it acts as, a read that never waits).
// No logic.
#ifndef CLINUXFUSE_H
#define CLINUXFUSE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/fuse.h>
#include <linux/securebits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define CLINUXFUSE_RESULT(call) \
    ({ __typeof__(call) r_ = (call); r_ < 0 ? -(__typeof__(call))errno : r_; })

// MARK: Newer than the header

enum {
    UNDERSTUDY_FUSE_STATX = 52,
    UNDERSTUDY_FUSE_COPY_FILE_RANGE_64 = 53,
    UNDERSTUDY_FUSE_NOTIFY_RESEND = 7,
};
// Single bits of the 64 flags that INIT carries.
static const uint64_t understudy_fuse_has_resend = 1ull << 39;
/// Set in `unique` of a request that the kernel sends a second time.
static const uint64_t understudy_fuse_unique_resend = 1ull << 63;

struct understudy_fuse_time {
    int64_t seconds;
    uint32_t nanoseconds;
    int32_t reserved;
};
struct understudy_fuse_statx {
    uint32_t mask;
    uint32_t blksize;
    uint64_t attributes;
    uint32_t nlink;
    uint32_t uid;
    uint32_t gid;
    uint16_t mode;
    uint16_t spare0;
    uint64_t ino;
    uint64_t size;
    uint64_t blocks;
    uint64_t attributes_mask;
    struct understudy_fuse_time atime;
    struct understudy_fuse_time btime;
    struct understudy_fuse_time ctime;
    struct understudy_fuse_time mtime;
    uint32_t rdev_major;
    uint32_t rdev_minor;
    uint32_t dev_major;
    uint32_t dev_minor;
    uint64_t spare2[14];
};
struct understudy_fuse_statx_in {
    uint32_t getattr_flags;
    uint32_t reserved;
    uint64_t fh;
    uint32_t sx_flags;
    uint32_t sx_mask;
};
struct understudy_fuse_statx_out {
    uint64_t attr_valid;
    uint32_t attr_valid_nsec;
    uint32_t flags;
    uint64_t spare[2];
    struct understudy_fuse_statx stat;
};

// MARK: The device

/// Makes `fresh` (a newly opened /dev/fuse) a further channel of the connection of `session`.
static inline int understudy_fuse_clone(int fresh, int session) {
    uint32_t number = (uint32_t)session;
    return CLINUXFUSE_RESULT(ioctl(fresh, FUSE_DEV_IOC_CLONE, &number));
}
static inline int understudy_poll(struct pollfd *entries, unsigned count, int milliseconds) {
    return CLINUXFUSE_RESULT(poll(entries, count, milliseconds));
}
/// Like pread, but -EAGAIN where it would have to wait for a disk.
static inline ssize_t understudy_preadNoWait(
    int descriptor, void *bytes, size_t count, off_t offset) {
    struct iovec part = {.iov_base = bytes, .iov_len = count};
    return CLINUXFUSE_RESULT(preadv2(descriptor, &part, 1, offset, RWF_NOWAIT));
}
static inline int understudy_ioctlBytes(int descriptor, unsigned long request, void *bytes) {
    return CLINUXFUSE_RESULT(ioctl(descriptor, request, bytes));
}
static inline int understudy_statx(
    int directory, const char *name, int flags, unsigned mask, struct statx *result) {
    return CLINUXFUSE_RESULT(statx(directory, name, flags, mask, result));
}
/// Times of what any descriptor stands for, with UTIME_OMIT and UTIME_NOW as they are.
static inline int understudy_setTimes(
    int descriptor, struct timespec accessed, struct timespec modified) {
    struct timespec times[2] = {accessed, modified};
    return CLINUXFUSE_RESULT(
        (int)syscall(SYS_utimensat, descriptor, "", times, AT_EMPTY_PATH));
}
static inline unsigned long understudy_ioctlGetFlags(void) { return FS_IOC_GETFLAGS; }
static inline unsigned long understudy_ioctlSetFlags(void) { return FS_IOC_SETFLAGS; }
static inline unsigned long understudy_ioctlGetVersion(void) { return FS_IOC_GETVERSION; }
static inline unsigned long understudy_ioctlGetExtended(void) { return FS_IOC_FSGETXATTR; }
static inline unsigned long understudy_ioctlSetExtended(void) { return FS_IOC_FSSETXATTR; }
static inline void understudy_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

// MARK: Threads and the process

/// From here on changing the file system uid leaves this thread's (and its children's)
/// capabilities alone: the kernel has already checked the caller's permissions.
static inline int understudy_keepCapabilities(void) {
    return CLINUXFUSE_RESULT(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0));
}
/// Gives up CAP_SYS_RESOURCE, which would let writes use reserved blocks and pass quotas.
static inline int understudy_dropResourceCapability(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data) < 0) return -errno;
    const uint32_t bit = 1u << CAP_SYS_RESOURCE;
    data[0].effective &= ~bit;
    data[0].permitted &= ~bit;
    data[0].inheritable &= ~bit;
    return CLINUXFUSE_RESULT((int)syscall(SYS_capset, &header, data));
}
/// Tells the kernel that file systems write through this process, see PR_SET_IO_FLUSHER.
static inline int understudy_setFlusher(void) {
    return CLINUXFUSE_RESULT(prctl(57, 1, 0, 0, 0));
}
/// Raises the limit of open descriptors as far as it goes and answers it.
static inline uint64_t understudy_raiseDescriptorLimit(uint64_t wanted) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return 1024;
    if (limit.rlim_max < wanted) {
        struct rlimit more = {.rlim_cur = wanted, .rlim_max = wanted};
        if (setrlimit(RLIMIT_NOFILE, &more) == 0) return wanted;
    }
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}
/// A descriptor that becomes readable when SIGTERM or SIGINT arrives; both are blocked for this
/// thread and those it starts. SIGHUP and SIGPIPE are ignored.
static inline int understudy_stopSignals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    return CLINUXFUSE_RESULT(signalfd(-1, &set, SFD_CLOEXEC));
}
/// True when `*place` was `expected` and is `desired` now.
static inline int understudy_compareExchange(
    uint32_t *place, uint32_t expected, uint32_t desired) {
    return __atomic_compare_exchange_n(
        place, &expected, desired, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}
static inline int understudy_event(void) { return CLINUXFUSE_RESULT(eventfd(0, EFD_CLOEXEC)); }

#endif
