#define _GNU_SOURCE
#include "CPosix.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

static int pass(int file, size_t size) {
    if (ftruncate(file, (off_t)size) < 0) { return -errno; }
    unsigned char *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (page == MAP_FAILED) { return -errno; }
    page[0] = 1;
    int flags = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    int result = sync_file_range(file, 0, (off_t)size, (unsigned)flags) < 0 ? -errno : 0;
    munmap(page, size);
    // Kernels that send a copy of the page wait for its answer only here.
    if (ftruncate(file, 0) < 0 && result == 0) { result = -errno; }
    return result;
}

int cposix_passMappedWrites(int directory) {
    int file = openat(directory, ".", O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) { return -errno; }
    int result = pass(file, (size_t)sysconf(_SC_PAGESIZE));
    close(file);
    return result;
}

void cposix_nudge(int directory) {
    struct statvfs result;
    (void)fstatvfs(directory, &result);
}
