/* Fails one system call that writes below a folder: loaded by LD_PRELOAD, armed by ctypes.

   Calls are counted from 1 on: opening for writing, write, fsync, close of what was written, rename,
   unlink, mkdir, rmdir, chmod, truncate. The chosen one fails in the chosen way, once; of a disk that
   is full, every later write and fsync fails, too. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { NONE, ERROR, FULL, SHORT, SIGNAL };

static char folder[PATH_MAX];
static int armed, counted, chosen, fault, number;
static char hit[64];

void fault_arm(const char *where, int nth, int kind, int what) {
  strcpy(folder, where);
  counted = 0, chosen = nth, fault = kind, number = what, hit[0] = 0, armed = 1;
}
int fault_count(void) { armed = 0; return counted; }
const char *fault_hit(void) { return hit; }

static int below(const char *path) {
  char full[2 * PATH_MAX];
  if (!armed || !path) return 0;
  if (path[0] == '/') return !strncmp(path, folder, strlen(folder));
  if (!getcwd(full, PATH_MAX)) return 0;
  return !strncmp(full, folder, strlen(folder));
}
static int open_below(int handle) {
  char link[64], path[PATH_MAX];
  if (!armed) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", handle);
  ssize_t n = readlink(link, path, sizeof path - 1);
  if (n < 0) return 0;
  path[n] = 0;
  return below(path);
}
/* Return whether this call fails (errno is set), after a signal or another kind was dealt with. */
static int fails(const char *call) {
  int full = fault == FULL && (!strcmp(call, "write") || !strcmp(call, "fsync"));
  counted++;
  if (counted != chosen && !(full && hit[0])) return 0;
  if (counted == chosen) snprintf(hit, sizeof hit, "%s", call);
  if (fault == SIGNAL) { raise(number); return 0; }
  if (fault == SHORT || (fault == FULL && !full)) return 0;
  errno = number;
  return 1;
}
#define REAL(name) static __typeof__(name) *real; if (!real) real = dlsym(RTLD_NEXT, #name)

#define OPEN(name) \
  int name(const char *path, int flags, ...) { \
    REAL(name); \
    va_list rest; va_start(rest, flags); int mode = va_arg(rest, int); va_end(rest); \
    if ((flags & (O_WRONLY | O_RDWR | O_CREAT)) && below(path) && fails("open")) return -1; \
    return real(path, flags, mode); \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name) \
  int name(int at, const char *path, int flags, ...) { \
    REAL(name); \
    va_list rest; va_start(rest, flags); int mode = va_arg(rest, int); va_end(rest); \
    if ((flags & (O_WRONLY | O_RDWR | O_CREAT)) && below(path) && fails("open")) return -1; \
    return real(at, path, flags, mode); \
  }
OPENAT(openat)
OPENAT(openat64)

ssize_t write(int handle, const void *data, size_t size) {
  REAL(write);
  if (open_below(handle)) {
    if (fails("write")) return -1;
    if (counted == chosen && fault == SHORT && size > 1) size = size / 2;
  }
  return real(handle, data, size);
}
int fsync(int handle) {
  REAL(fsync);
  if (open_below(handle) && fails("fsync")) return -1;
  return real(handle);
}
int close(int handle) {
  REAL(close);
  int flags = armed ? fcntl(handle, F_GETFL) : -1;
  if (flags >= 0 && (flags & O_ACCMODE) != O_RDONLY && open_below(handle) && fails("close")) {
    int kept = errno;
    real(handle);
    errno = kept;
    return -1;
  }
  return real(handle);
}
#define ONE(name, call) \
  int name(const char *path) { \
    REAL(name); \
    if (below(path) && fails(call)) return -1; \
    return real(path); \
  }
ONE(unlink, "unlink")
ONE(rmdir, "rmdir")

int unlinkat(int at, const char *path, int flags) {
  REAL(unlinkat);
  if (open_below(at) && fails("unlink")) return -1;
  return real(at, path, flags);
}
int mkdir(const char *path, mode_t mode) {
  REAL(mkdir);
  if (below(path) && fails("mkdir")) return -1;
  return real(path, mode);
}
int chmod(const char *path, mode_t mode) {
  REAL(chmod);
  if (below(path) && fails("chmod")) return -1;
  return real(path, mode);
}
int fchmodat(int at, const char *path, mode_t mode, int flags) {
  REAL(fchmodat);
  if (below(path) && fails("chmod")) return -1;
  return real(at, path, mode, flags);
}
int rename(const char *from, const char *to) {
  REAL(rename);
  if (below(to) && fails("rename")) return -1;
  return real(from, to);
}
int ftruncate64(int handle, off64_t size) {
  REAL(ftruncate64);
  if (open_below(handle) && fails("truncate")) return -1;
  return real(handle, size);
}
