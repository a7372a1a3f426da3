// What concerns the calling thread alone.
#define _GNU_SOURCE
#include <sys/resource.h>
#include <unistd.h>

#include "CPosix.h"

void cposix_setThreadPriority(int nice) { setpriority(PRIO_PROCESS, (id_t)gettid(), nice); }
