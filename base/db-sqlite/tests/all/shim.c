/* Preloaded into a test: a disk whose fsync fails. While the file named by HOOPOE_BAD_SYNC is there,
   syncing a file whose path ends with the text in it answers EIO. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int is_bad(int fd) {
    char ending[256], link[64], path[4096];
    const char *order = getenv("HOOPOE_BAD_SYNC");
    int file = order ? open(order, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return 0;
    ssize_t ending_length = read(file, ending, sizeof ending);
    close(file);
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path);
    return ending_length > 0 && length >= ending_length &&
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
