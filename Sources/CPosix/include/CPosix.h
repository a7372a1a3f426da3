// System calls that answer a result or -errno, so that errno is read in C and never from Swift (where
// reference counting between the call and the read may change it), and the few atomics that memory
// shared between processes needs. No logic. The header includes as little as it can, because Swift
// compares the types of every C module it sees; the GNU half of the interface stands in the source.
#ifndef CPOSIX_H
#define CPOSIX_H

#include <pthread.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <sys/uio.h>

// Linux's own constants, which Swift's view of the C library leaves out.
#ifndef O_PATH
#define O_PATH 010000000
#endif
#ifndef O_TMPFILE
#define O_TMPFILE 020200000
#endif
#ifndef O_DIRECT
#define O_DIRECT 040000
#endif
#ifndef O_NOATIME
#define O_NOATIME 01000000
#endif
#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif
#ifndef AT_SYMLINK_FOLLOW
#define AT_SYMLINK_FOLLOW 0x400
#endif
#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif
#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif
#ifndef RENAME_WHITEOUT
#define RENAME_WHITEOUT 4
#endif
#ifndef RESOLVE_BENEATH
#define RESOLVE_BENEATH 0x08
#endif
#ifndef RESOLVE_NO_SYMLINKS
#define RESOLVE_NO_SYMLINKS 0x04
#endif
#ifndef RESOLVE_NO_MAGICLINKS
#define RESOLVE_NO_MAGICLINKS 0x02
#endif
#ifndef RESOLVE_NO_XDEV
#define RESOLVE_NO_XDEV 0x01
#endif
#ifndef RESOLVE_IN_ROOT
#define RESOLVE_IN_ROOT 0x10
#endif
#ifndef FALLOC_FL_KEEP_SIZE
#define FALLOC_FL_KEEP_SIZE 0x01
#endif
#ifndef FALLOC_FL_PUNCH_HOLE
#define FALLOC_FL_PUNCH_HOLE 0x02
#endif
#ifndef FALLOC_FL_COLLAPSE_RANGE
#define FALLOC_FL_COLLAPSE_RANGE 0x08
#endif
#ifndef FALLOC_FL_ZERO_RANGE
#define FALLOC_FL_ZERO_RANGE 0x10
#endif
#ifndef FALLOC_FL_INSERT_RANGE
#define FALLOC_FL_INSERT_RANGE 0x20
#endif
#ifndef SEEK_DATA
#define SEEK_DATA 3
#endif
#ifndef SEEK_HOLE
#define SEEK_HOLE 4
#endif
#ifndef MAX_HANDLE_SZ
#define MAX_HANDLE_SZ 128
#endif
#ifndef MNT_DETACH
#define MNT_DETACH 2
#endif
#ifndef CLONE_FS
#define CLONE_FS 0x200
#endif

// MARK: A simulated system

/// The calls that a simulation answers in the kernel's place, with the arguments of the function of
/// that name here.
enum cposix_call {
    cposix_call_open,
    cposix_call_openat,
    cposix_call_openat2,
    cposix_call_close,
    cposix_call_dup,
    cposix_call_reopen,
    cposix_call_read,
    cposix_call_write,
    cposix_call_pread,
    cposix_call_pwrite,
    cposix_call_lseek,
    cposix_call_ftruncate,
    cposix_call_fallocate,
    cposix_call_fsync,
    cposix_call_fdatasync,
    cposix_call_syncfs,
    cposix_call_mkdirat,
    cposix_call_mknodat,
    cposix_call_symlinkat,
    cposix_call_linkat,
    cposix_call_linkDescriptor,
    cposix_call_unlinkat,
    cposix_call_renameat2,
    cposix_call_readlinkat,
    cposix_call_getdents,
    cposix_call_fstat,
    cposix_call_fstatat,
    cposix_call_fstatvfs,
    cposix_call_fchmod,
    cposix_call_chmodDescriptor,
    cposix_call_fchownat,
    cposix_call_futimens,
    cposix_call_utimesDescriptor,
    cposix_call_fgetxattr,
    cposix_call_fsetxattr,
    cposix_call_flistxattr,
    cposix_call_fremovexattr,
    cposix_call_getxattrDescriptor,
    cposix_call_setxattrDescriptor,
    cposix_call_listxattrDescriptor,
    cposix_call_removexattrDescriptor,
    cposix_call_handle,
    cposix_call_openHandle,
    cposix_call_generation,
    cposix_call_identify,
    cposix_call_realtime,
    cposix_call_monotonic,
    cposix_call_birthTime,
};

/// Somebody who answers the calling thread's file system calls instead of the kernel: a result or
/// -errno. `answer` NULL: the kernel does.
struct cposix_simulation {
    intptr_t (*answer)(
        void *context, enum cposix_call call, intptr_t a, intptr_t b, intptr_t c, intptr_t d,
        intptr_t e, intptr_t f);
    void *context;
};
/// From here on, for this thread; answers what was in force before.
struct cposix_simulation cposix_simulate(struct cposix_simulation next);

// MARK: Opening

int cposix_open(const char *path, int flags, mode_t mode);
int cposix_openat(int directory, const char *name, int flags, mode_t mode);
/// openat2 with `resolve` = RESOLVE_* bits.
int cposix_openat2(
    int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);
int cposix_close(int descriptor);
int cposix_dup(int descriptor);
int cposix_dup3(int descriptor, int onto);
/// Opens again, with other flags, the object that an (O_PATH) descriptor stands for.
int cposix_reopen(int descriptor, int flags);

// MARK: Data

ssize_t cposix_read(int descriptor, void *bytes, size_t count);
ssize_t cposix_write(int descriptor, const void *bytes, size_t count);
ssize_t cposix_writev(int descriptor, const struct iovec *parts, int count);
ssize_t cposix_pread(int descriptor, void *bytes, size_t count, off_t offset);
ssize_t cposix_pwrite(
    int descriptor, const void *bytes, size_t count, off_t offset);
off_t cposix_lseek(int descriptor, off_t offset, int whence);
int cposix_ftruncate(int descriptor, off_t size);
int cposix_fallocate(int descriptor, int mode, off_t offset, off_t length);
int cposix_fsync(int descriptor);
int cposix_fdatasync(int descriptor);
int cposix_syncfs(int descriptor);
/// Sends a page of a nameless file in `directory` after all pages of shared mappings that the kernel
/// has begun to write there, and waits for it: whoever serves the file system (FUSE) has read those
/// before. 0 or -errno; also where there are no nameless files.
int cposix_passMappedWrites(int directory);
/// Makes a request of whoever serves the file system of `directory`, and waits for the answer.
void cposix_nudge(int directory);

// MARK: Names

int cposix_mkdirat(int directory, const char *name, mode_t mode);
int cposix_mknodat(int directory, const char *name, mode_t mode, dev_t device);
int cposix_symlinkat(const char *text, int directory, const char *name);
int cposix_linkat(
    int fromDirectory, const char *fromName, int toDirectory, const char *toName, int flags);
/// A new name for the object that a descriptor stands for (O_PATH and O_TMPFILE ones too).
int cposix_linkDescriptor(int descriptor, int toDirectory, const char *toName);
int cposix_unlinkat(int directory, const char *name, int flags);
int cposix_renameat2(
    int fromDirectory, const char *fromName, int toDirectory, const char *toName, unsigned flags);
ssize_t cposix_readlinkat(
    int directory, const char *name, char *text, size_t capacity);
/// Raw directory entries (struct linux_dirent64).
ssize_t cposix_getdents(int descriptor, void *bytes, size_t count);

// MARK: Attributes

int cposix_fstat(int descriptor, struct stat *result);
/// AT_EMPTY_PATH with "" answers for the descriptor itself.
int cposix_fstatat(int directory, const char *name, struct stat *result, int flags);
int cposix_fstatvfs(int descriptor, struct statvfs *result);
int cposix_fchmod(int descriptor, mode_t mode);
/// Mode of what an O_PATH descriptor stands for (fchmod answers EBADF for those).
int cposix_chmodDescriptor(int descriptor, mode_t mode);
int cposix_fchmodat(int directory, const char *name, mode_t mode);
int cposix_fchownat(
    int directory, const char *name, uid_t user, gid_t group, int flags);
int cposix_fchown(int descriptor, uid_t user, gid_t group);
/// Times in nanoseconds since the epoch; INT64_MIN leaves that time as it is,
/// INT64_MAX means "now".
struct timespec cposix_timespec(int64_t nanoseconds);
int cposix_utimensat(
    int directory, const char *name, int64_t accessed, int64_t modified, int flags);
int cposix_futimens(int descriptor, int64_t accessed, int64_t modified);
/// Times of what any descriptor stands for, O_PATH and symbolic links included.
int cposix_utimesDescriptor(int descriptor, int64_t accessed, int64_t modified);

/// When an object was made, nanoseconds since 1970-01-01 UTC; 0 where the file system does not say.
/// Does not follow a link; "" with AT_EMPTY_PATH means the descriptor itself.
int64_t cposix_birthTime(int directory, const char *name, int flags);

// MARK: Extended attributes

ssize_t cposix_fgetxattr(
    int descriptor, const char *name, void *value, size_t capacity);
int cposix_fsetxattr(
    int descriptor, const char *name, const void *value, size_t count, int flags);
ssize_t cposix_flistxattr(int descriptor, char *names, size_t capacity);
int cposix_fremovexattr(int descriptor, const char *name);
// By path, not following a link at its end (use with /proc/self/fd/N/name or N itself).
ssize_t cposix_lgetxattr(
    const char *path, const char *name, void *value, size_t capacity);
int cposix_lsetxattr(
    const char *path, const char *name, const void *value, size_t count, int flags);
ssize_t cposix_llistxattr(const char *path, char *names, size_t capacity);
int cposix_lremovexattr(const char *path, const char *name);
// By (O_PATH) descriptor, through /proc, following the magic link to the object itself.
ssize_t cposix_getxattrDescriptor(
    int descriptor, const char *name, void *value, size_t capacity);
int cposix_setxattrDescriptor(
    int descriptor, const char *name, const void *value, size_t count, int flags);
ssize_t cposix_listxattrDescriptor(int descriptor, char *names, size_t capacity);
int cposix_removexattrDescriptor(int descriptor, const char *name);

// MARK: Identity

/// Which object a path means, in types of our own: modules that see several C libraries' headers at
/// once cannot agree on whose `struct stat` it is.
struct cposix_identity {
    uint64_t device;
    uint64_t inode;
    uint32_t mode;
    uint32_t user;
};
/// `flags` as for fstatat; "" with AT_EMPTY_PATH means the descriptor itself.
int cposix_identify(
    int directory, const char *path, int flags, struct cposix_identity *result);

/// A number that differs between two objects that used the same inode number one after the other:
/// a hash of the file handle, which holds the file system's own generation. 0 where the file
/// system has no handles (overlayfs). `name` "" with AT_EMPTY_PATH means the descriptor itself.
uint32_t cposix_generation(int directory, const char *name, int flags);
/// The file handle itself: at most MAX_HANDLE_SZ bytes into `bytes`, its type into `type`.
/// Answers the count of bytes or -errno.
int cposix_handle(
    int directory, const char *name, int flags, unsigned char *bytes, int *type);
int cposix_openHandle(
    int mountDescriptor, const unsigned char *bytes, int count, int type, int flags);

// MARK: Mounts, memory, processes

/// Flags of a file or directory that mean the same everywhere (written through, no access times, not
/// dumped, project inherited; as in struct fsxattr), and the number of its project. Not among them:
/// immutable and append only.
struct cposix_objectFlags {
    uint32_t flags;
    uint32_t project;
};

int cposix_getObjectFlags(int descriptor, struct cposix_objectFlags *result);
/// Leaves all other flags as they are; does nothing where nothing differs.
int cposix_setObjectFlags(int descriptor, struct cposix_objectFlags wanted);

int cposix_mount(
    const char *source, const char *target, const char *type, unsigned long flags,
    const char *data);
int cposix_umount2(const char *target, int flags);
int cposix_memfd(const char *name);
void *cposix_mapShared(int descriptor, size_t count);
int cposix_unmap(void *memory, size_t count);
int cposix_ioctlInt(int descriptor, unsigned long request, int *value);
int cposix_flock(int descriptor, short type);
int64_t cposix_realtime(void);
int64_t cposix_monotonic(void);
int64_t cposix_nanoseconds(struct timespec t);
/// uid and gid that this thread's file system calls act with; only this thread changes.
void cposix_actAs(uid_t user, gid_t group);
/// Gives the calling thread its own umask and working directory.
int cposix_unshareFileSystemState(void);

/// A pipe, both ends close-on-exec.
int cposix_pipe(int ends[2]);
/// As many open descriptors as the process may have.
void cposix_raiseDescriptorLimit(void);
/// A detached thread with a stack of 1 MiB. 0 or -errno.
int cposix_startThread(void *(*run)(void *), void *argument);
/// Starts a program with no input, with `output` as its output, with `given` as its descriptor 3
/// and none above, and with no signal blocked. 0 or -errno.
int cposix_spawn(
    const char *program, char *const *arguments, int given, int output, pid_t *process);
/// Waits until a started program ends.
void cposix_reap(pid_t process);
/// Holds the calling thread up for less than a second.
void cposix_rest(int64_t nanoseconds);
/// Year, month (1-12), day, hour, minute, second of a time in seconds since 1970, where we are.
void cposix_localTime(int64_t seconds, int parts[6]);
/// The calling thread's name, at most 15 bytes.
void cposix_nameThread(const char *name);
/// How the calling thread stands among others, from -20 (first) to 19. Without the right to it nothing
/// happens.
void cposix_setThreadPriority(int nice);

// MARK: Programs in process groups of their own

/// This process's environment.
char *const *cposix_environment(void);
/// Starts a program as the leader of a new process group: no input, `output` and `error` for what
/// it says, no other descriptor, every signal open and with its default effect, in `folder` (NULL:
/// where we are). 0 or -errno.
int cposix_spawnGroup(
    const char *program, char *const *arguments, char *const *environment, const char *folder,
    int output, int error, pid_t *process);
/// A descriptor that is readable when the process has ended, or -errno.
int cposix_processDescriptor(pid_t process);
/// Waits for the end of a child and forgets it: its exit status, with `*signal` what killed it or
/// 0; or -errno.
int cposix_takeEnd(pid_t process, int *signal);
/// Whether a child has ended; its end is still there to be taken.
int cposix_hasEnded(pid_t process);
/// 0 or -errno; signal 0 asks whether the group has anybody in it.
int cposix_signalGroup(pid_t group, int signal);
/// A descriptor that is readable after `cposix_raiseEvent`, or -errno.
int cposix_eventDescriptor(void);
void cposix_raiseEvent(int descriptor);
/// Waits until one of at most eight descriptors (negative ones are skipped) can be read or has
/// ended; answers a bit for each, none after `milliseconds` (negative: no limit) or a signal.
unsigned cposix_waitReadable(const int *descriptors, int count, int milliseconds);

// MARK: Passing descriptors

/// The socket type that keeps messages apart.
#define CPOSIX_SEQPACKET 5
/// Sleeps until the other end of a socket is closed. Takes nothing from the socket.
void cposix_waitForHangUp(int socket);
/// How long a receive on the socket waits.
int cposix_setReceiveTimeout(int socket, int seconds);

/// Sends bytes and up to 8 descriptors over a Unix socket. Answers the bytes sent or -errno.
ssize_t cposix_sendDescriptors(
    int socket, const void *bytes, size_t count, const int *descriptors, int descriptorCount);
/// Receives bytes and up to 8 descriptors; `*descriptorCount` says how many came.
ssize_t cposix_receiveDescriptors(
    int socket, void *bytes, size_t count, int *descriptors, int *descriptorCount);
/// A Unix socket of `type` (SOCK_STREAM or SOCK_SEQPACKET) bound to `path` and listening.
int cposix_listenUnix(const char *path, int type);
int cposix_connectUnix(const char *path, int type);
int cposix_accept(int socket);
int cposix_peerCredentials(int socket, pid_t *process, uid_t *user, gid_t *group);

// MARK: Memory shared between processes

/// Tells the processor that the place will be written soon.
static inline void cposix_prefetch(const void *place) { __builtin_prefetch(place, 1); }
uint64_t cposix_load64(const uint64_t *place);
void cposix_store64(uint64_t *place, uint64_t value);
uint64_t cposix_add64(uint64_t *place, uint64_t value);
uint32_t cposix_load32(const uint32_t *place);
void cposix_store32(uint32_t *place, uint32_t value);
uint32_t cposix_add32(uint32_t *place, uint32_t value);
uint32_t cposix_exchange32(uint32_t *place, uint32_t value);
/// Sleeps while `*place == expected`, at most `nanoseconds` (negative: no limit).
int cposix_futexWait(uint32_t *place, uint32_t expected, int64_t nanoseconds);
int cposix_futexWake(uint32_t *place, int count);
/// A mutex for several processes that survives the death of its holder.
int cposix_mutexInitialize(pthread_mutex_t *mutex);
/// 0 locked, 1 locked and its last holder died inside, below zero -errno.
int cposix_mutexLock(pthread_mutex_t *mutex);
void cposix_mutexUnlock(pthread_mutex_t *mutex);

// MARK: Processes that share their descriptors

/// A child that has a copy of this process's memory and the very same table of descriptors: what one
/// opens or closes, the other has or misses. The caller must be the only thread of its process. In
/// the child `run` is called on a thread of its own and must end by `cposix_exitNow`. Answers the
/// child's process, or -errno.
pid_t cposix_cloneSharing(void *(*run)(void *), void *argument);
/// The flags that a descriptor was opened with, or -errno.
int cposix_flags(int descriptor);
/// A descriptor that is readable when a child has ended, or -errno. The calling thread gets no signal
/// for that any more.
int cposix_childDescriptor(void);
/// Takes the end of a child, if it has ended: 1, with its exit status and what signal killed it (or 0).
/// 0: it lives. To be asked again after the descriptor was readable.
int cposix_tryTakeEnd(int childDescriptor, pid_t process, int *status, int *signal);
/// Closes whatever is open from one descriptor through another. 0 or -errno.
int cposix_closeRange(unsigned first, unsigned last);
/// Whether a descriptor stays open when the process becomes another program. 0 or -errno.
int cposix_setInherited(int descriptor, int isInherited);
/// Becomes another program, with this one's environment. Answers only if that fails: -errno.
int cposix_become(const char *program, char *const *arguments);
/// Ends the process without running anything that was left to its end.
_Noreturn void cposix_exitNow(int status);
/// Maps memory of which only what is touched counts; NULL where that is impossible.
void *cposix_mapSparse(int descriptor, size_t count);
/// Makes all of a mapping present, so that using it cannot fail or wait. Whole pages.
void cposix_populate(void *memory, size_t count);
/// Gives a shared mapping's pages back; they read as zeros. Whole pages.
void cposix_discard(void *memory, size_t count);
/// The time as file systems take it for their time stamps: never later than that of a change that
/// begins afterwards.
int64_t cposix_realtimeCoarse(void);

// MARK: What others have open

/// What an object looks like, without asking a server behind it: never waits for one that hangs.
struct cposix_glance {
    uint64_t device;
    uint64_t inode;
    uint64_t size;
    /// Nanoseconds since 1970-01-01 UTC.
    int64_t modified;
    int64_t changed;
    uint32_t mode;
    uint32_t links;
};
/// Follows links, those below /proc too; "" means the descriptor itself. 0 or -errno.
int cposix_glanceAt(int directory, const char *name, struct cposix_glance *result);
/// The flags that a descriptor was opened with: `information` is its process's folder /proc/N/fdinfo,
/// `descriptor` its number. Or -errno.
int64_t cposix_openFlags(int information, const char *descriptor);
/// The number of the mount that it was opened through, as in mountinfo. Or -errno.
int64_t cposix_mountNumber(int information, const char *descriptor);
/// What tells the file system that `folder` (no O_PATH) lies in from others, the same at every mount.
/// Answers the count of bytes; 0 where there is no such thing.
int cposix_fileSystemIdentity(int folder, unsigned char bytes[16]);

// MARK: Changes of a whole file system

/// A change that somebody made: in the directory that `handle` stands for, to what has the name (`.`:
/// the directory itself).
struct cposix_trip {
    int32_t process;
    int32_t isOverflow;
    /// A name came, went or moved; else bytes or attributes changed.
    int32_t isAboutName;
    int32_t handleBytes;
    int32_t handleType;
    unsigned char handle[128];
    char name[256];
};
/// A descriptor from which changes of the file system that `directory` lies on can be read, or -errno.
int cposix_tripwire(int directory);
/// Takes one event out of what was read; answers its bytes, 0 at the end.
size_t cposix_tripwireEvent(const void *bytes, size_t count, struct cposix_trip *trip);

#endif
