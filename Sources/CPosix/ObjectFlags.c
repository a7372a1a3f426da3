// A file of its own: <linux/fs.h> and the C library's headers say some things twice.
#include "CPosix.h"
#include <errno.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

// `cposix_getObjectFlags` and `cposix_setObjectFlags` call them, unless a simulation answers.
int cposix_kernelObjectFlags(int descriptor, struct cposix_objectFlags *result);
int cposix_kernelSetObjectFlags(int descriptor, struct cposix_objectFlags wanted);

static const uint32_t travelling =
    FS_XFLAG_SYNC | FS_XFLAG_NOATIME | FS_XFLAG_NODUMP | FS_XFLAG_PROJINHERIT;

int cposix_kernelObjectFlags(int descriptor, struct cposix_objectFlags *result) {
    struct fsxattr found;
    if (ioctl(descriptor, FS_IOC_FSGETXATTR, &found) != 0) {
        return -errno;
    }
    result->flags = found.fsx_xflags & travelling;
    result->project = found.fsx_projid;
    return 0;
}

int cposix_kernelSetObjectFlags(int descriptor, struct cposix_objectFlags wanted) {
    struct fsxattr found;
    if (ioctl(descriptor, FS_IOC_FSGETXATTR, &found) != 0) {
        return -errno;
    }
    uint32_t flags = (found.fsx_xflags & ~travelling) | (wanted.flags & travelling);
    if (flags == found.fsx_xflags && wanted.project == found.fsx_projid) {
        return 0;
    }
    found.fsx_xflags = flags;
    found.fsx_projid = wanted.project;
    return ioctl(descriptor, FS_IOC_FSSETXATTR, &found) == 0 ? 0 : -errno;
}
