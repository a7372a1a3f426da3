// What memory and files of our own need beyond the plain calls.
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>

#include "CPosix.h"

int cposix_sync(void *memory, size_t count) {
    return msync(memory, count, MS_SYNC) < 0 ? -errno : 0;
}
