// Changes of a whole file system, whoever makes them. See the header.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/fanotify.h>
#include <unistd.h>

#include "CPosix.h"

int cposix_tripwire(int directory) {
    int descriptor = fanotify_init(
        FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_REPORT_DFID_NAME, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return -errno;
    uint64_t mask = FAN_CLOSE_WRITE | FAN_ATTRIB | FAN_CREATE | FAN_DELETE | FAN_MOVED_FROM
        | FAN_MOVED_TO | FAN_ONDIR;
    if (fanotify_mark(
            descriptor, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, mask, directory, ".") < 0) {
        int problem = errno;
        close(descriptor);
        return -problem;
    }
    return descriptor;
}
size_t cposix_tripwireEvent(const void *bytes, size_t count, struct cposix_trip *trip) {
    const struct fanotify_event_metadata *event = bytes;
    memset(trip, 0, sizeof *trip);
    if (count < sizeof *event || event->event_len < sizeof *event || event->event_len > count)
        return 0;
    trip->process = event->pid;
    trip->isOverflow = (event->mask & FAN_Q_OVERFLOW) != 0;
    trip->isAboutName =
        (event->mask & (FAN_CREATE | FAN_DELETE | FAN_MOVED_FROM | FAN_MOVED_TO)) != 0;
    size_t place = event->metadata_len;
    while (place + sizeof(struct fanotify_event_info_header) <= event->event_len) {
        const struct fanotify_event_info_fid *info =
            (const void *)((const char *)bytes + place);
        if (info->hdr.len == 0 || place + info->hdr.len > event->event_len) break;
        const struct file_handle *handle = (const void *)info->handle;
        if (info->hdr.info_type == FAN_EVENT_INFO_TYPE_DFID_NAME
            && handle->handle_bytes <= sizeof trip->handle) {
            trip->handleBytes = (int)handle->handle_bytes;
            trip->handleType = handle->handle_type;
            memcpy(trip->handle, handle->f_handle, handle->handle_bytes);
            strncpy(
                trip->name, (const char *)handle->f_handle + handle->handle_bytes,
                sizeof trip->name - 1);
        }
        place += info->hdr.len;
    }
    return event->event_len;
}
