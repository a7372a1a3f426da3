// Processes that share their descriptors, and the memory between them. See the header.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "CPosix.h"

pid_t cposix_cloneSharing(void *(*run)(void *), void *argument) {
    pid_t process = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
    if (process != 0) return process < 0 ? -errno : process;
    // This thread's own notes of who it is (thread number, list of robust locks) are still those of
    // the thread it is a copy of, so it does nothing but start another one.
    if (cposix_startThread(run, argument) < 0) _exit(70);
    for (;;) pause();
}
int cposix_closeRange(unsigned first, unsigned last) {
    return close_range(first, last, 0) < 0 ? -errno : 0;
}
int cposix_setInherited(int descriptor, int isInherited) {
    return fcntl(descriptor, F_SETFD, isInherited ? 0 : FD_CLOEXEC) < 0 ? -errno : 0;
}
int cposix_become(const char *program, char *const *arguments) {
    execve(program, arguments, environ);
    return -errno;
}
int cposix_childDescriptor(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    int descriptor = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return descriptor < 0 ? -errno : descriptor;
}
int cposix_tryTakeEnd(int childDescriptor, pid_t process, int *status, int *signal) {
    struct signalfd_siginfo news;
    while (read(childDescriptor, &news, sizeof news) > 0) {}
    int end = 0;
    pid_t found;
    while ((found = waitpid(process, &end, WNOHANG)) < 0 && errno == EINTR) {}
    if (found == 0) return 0;
    *signal = found > 0 && WIFSIGNALED(end) ? WTERMSIG(end) : 0;
    *status = found > 0 && WIFEXITED(end) ? WEXITSTATUS(end) : 1;
    return 1;
}
int cposix_flags(int descriptor) {
    int flags = fcntl(descriptor, F_GETFL);
    return flags < 0 ? -errno : flags;
}
void cposix_exitNow(int status) { _exit(status); }
void *cposix_mapSparse(int descriptor, size_t count) {
    void *memory = mmap(
        NULL, count, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, descriptor, 0);
    return memory == MAP_FAILED ? NULL : memory;
}
void cposix_populate(void *memory, size_t count) {
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
    madvise(memory, count, MADV_POPULATE_WRITE);
}
void cposix_discard(void *memory, size_t count) { madvise(memory, count, MADV_REMOVE); }
int64_t cposix_realtimeCoarse(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
