// What others have open, and which file system a folder lies in. See the header.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "CPosix.h"

static int64_t nanoseconds(struct statx_timestamp time) {
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int cposix_glanceAt(int directory, const char *name, struct cposix_glance *result) {
    struct statx found;
    int flags = AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT | (name[0] ? 0 : AT_EMPTY_PATH);
    unsigned mask =
        STATX_TYPE | STATX_INO | STATX_NLINK | STATX_SIZE | STATX_MTIME | STATX_CTIME;
    if (statx(directory, name, flags, mask, &found) < 0) return -errno;
    *result = (struct cposix_glance){
        .device = makedev(found.stx_dev_major, found.stx_dev_minor),
        .inode = found.stx_ino, .size = found.stx_size,
        .modified = nanoseconds(found.stx_mtime), .changed = nanoseconds(found.stx_ctime),
        .mode = found.stx_mode, .links = found.stx_nlink};
    return 0;
}

/// Of a line `name:` of a small file.
static int64_t numberAfter(int directory, const char *path, const char *name, int base) {
    char text[4096];
    int file = openat(directory, path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return -errno;
    ssize_t count = read(file, text, sizeof text - 1);
    close(file);
    if (count < 0) return -EIO;
    text[count] = 0;
    const char *place = strstr(text, name);
    return place ? strtoll(place + strlen(name), NULL, base) : -ENOENT;
}

int64_t cposix_openFlags(int information, const char *descriptor) {
    return numberAfter(information, descriptor, "flags:", 8);
}

int64_t cposix_mountNumber(int information, const char *descriptor) {
    return numberAfter(information, descriptor, "mnt_id:", 10);
}

// Newer than the headers that this is built with.
struct fileSystemName { uint8_t count; uint8_t bytes[16]; };
#define GET_FILE_SYSTEM_NAME _IOR(0x15, 0, struct fileSystemName)
#define EXT_MAGIC 0xEF53
#define BTRFS_MAGIC 0x9123683E

int cposix_fileSystemIdentity(int folder, unsigned char bytes[16]) {
    struct statfs status;
    // These make it of the name that they were given when they were made, with every kernel; others of
    // the device's number, which changes.
    if (fstatfs(folder, &status) == 0
        && ((uint32_t)status.f_type == EXT_MAGIC || (uint32_t)status.f_type == BTRFS_MAGIC)) {
        memcpy(bytes, &status.f_fsid, sizeof status.f_fsid);
        return sizeof status.f_fsid;
    }
    struct fileSystemName name = {0};
    if (ioctl(folder, GET_FILE_SYSTEM_NAME, &name) < 0) return 0;
    if (name.count > sizeof name.bytes) return 0;
    memcpy(bytes, name.bytes, name.count);
    return name.count;
}
