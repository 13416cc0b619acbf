/* Preloaded into a test or into the server: a disk whose fsync fails, and a clock that jumps.
   While the file named by HOOPOE_BAD_SYNC is there, syncing a file whose path ends with the text in
   it answers EIO. The file named by HOOPOE_CLOCK_SHIFT holds seconds that are added to the wall
   clock, as decimal digits; they may change at any time. The monotonic clock never jumps. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static ssize_t content(const char *name, char *into, size_t size) {
    const char *path = getenv(name);
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return -1;
    ssize_t length = read(file, into, size - 1);
    close(file);
    if (length >= 0) into[length] = 0;
    return length;
}

static int is_bad(int fd) {
    char ending[256], link[64], path[4096];
    ssize_t ending_length = content("HOOPOE_BAD_SYNC", ending, sizeof ending);
    if (ending_length <= 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path);
    return length >= ending_length &&
           memcmp(path + length - ending_length, ending, ending_length) == 0;
}

int fsync(int fd) {
    if (is_bad(fd)) { errno = EIO; return -1; }
    return syscall(SYS_fsync, fd);
}

int fdatasync(int fd) {
    if (is_bad(fd)) { errno = EIO; return -1; }
    return syscall(SYS_fdatasync, fd);
}

int clock_gettime(clockid_t id, struct timespec *now) {
    char text[32];
    int result = syscall(SYS_clock_gettime, id, now);
    if (result == 0 && id == CLOCK_REALTIME && content("HOOPOE_CLOCK_SHIFT", text, sizeof text) > 0)
        now->tv_sec += strtoll(text, NULL, 10);
    return result;
}
