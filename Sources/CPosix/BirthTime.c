#define _GNU_SOURCE
#include "CPosix.h"

#include <fcntl.h>
#include <sys/stat.h>

// `cposix_birthTime` calls it, unless a simulation answers.
int64_t cposix_kernelBirthTime(int directory, const char *name, int flags);

int64_t cposix_kernelBirthTime(int directory, const char *name, int flags) {
    struct statx found;
    if (statx(directory, name, flags | AT_SYMLINK_NOFOLLOW, STATX_BTIME, &found) != 0) {
        return 0;
    }
    if (!(found.stx_mask & STATX_BTIME)) { return 0; }
    return (int64_t)found.stx_btime.tv_sec * 1000000000 + found.stx_btime.tv_nsec;
}
