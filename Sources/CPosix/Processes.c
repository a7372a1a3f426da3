// Programs in process groups of their own. See the header.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "CPosix.h"

char *const *cposix_environment(void) { return environ; }

static int spawnWith(
    const char *program, char *const *arguments, char *const *environment, const char *folder,
    const int outputs[2], pid_t *process) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    posix_spawn_file_actions_init(&actions);
    if (folder != NULL) posix_spawn_file_actions_addchdir_np(&actions, folder);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, outputs[0], 1);
    posix_spawn_file_actions_adddup2(&actions, outputs[1], 2);
    posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    int result = posix_spawn(process, program, &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return -result;
}
int cposix_spawnGroup(
    const char *program, char *const *arguments, char *const *environment, const char *folder,
    int output, int error, pid_t *process) {
    // Away from 0 to 2, which the new process fills one after the other.
    int outputs[2] = {fcntl(output, F_DUPFD_CLOEXEC, 10), fcntl(error, F_DUPFD_CLOEXEC, 10)};
    int result = -EMFILE;
    if (outputs[0] >= 0 && outputs[1] >= 0) {
        result = spawnWith(program, arguments, environment, folder, outputs, process);
    }
    for (int i = 0; i < 2; i++) {
        if (outputs[i] >= 0) close(outputs[i]);
    }
    return result;
}
int cposix_processDescriptor(pid_t process) {
    int descriptor = (int)syscall(SYS_pidfd_open, process, 0);
    return descriptor < 0 ? -errno : descriptor;
}
int cposix_takeEnd(pid_t process, int *signal) {
    int status = 0;
    while (waitpid(process, &status, 0) < 0) {
        if (errno != EINTR) return -errno;
    }
    *signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}
int cposix_hasEnded(pid_t process) {
    siginfo_t end = {0};
    int result = waitid(P_PID, (id_t)process, &end, WEXITED | WNOHANG | WNOWAIT);
    return result < 0 || end.si_pid == process;
}
int cposix_signalGroup(pid_t group, int signal) {
    return kill(-group, signal) < 0 ? -errno : 0;
}
int cposix_eventDescriptor(void) {
    int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return descriptor < 0 ? -errno : descriptor;
}
void cposix_raiseEvent(int descriptor) { eventfd_write(descriptor, 1); }
unsigned cposix_waitReadable(const int *descriptors, int count, int milliseconds) {
    struct pollfd polled[8];
    if (count > 8) count = 8;
    for (int i = 0; i < count; i++) polled[i] = (struct pollfd){descriptors[i], POLLIN, 0};
    if (poll(polled, (nfds_t)count, milliseconds) <= 0) return 0;
    unsigned ready = 0;
    for (int i = 0; i < count; i++) {
        if (polled[i].revents != 0) ready |= 1u << i;
    }
    return ready;
}
