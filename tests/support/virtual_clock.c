/* Virtual time for a whole process: preloaded, it makes every clock run at a rate that a file gives, and every wait as
   much shorter. Unlike libfaketime it knows sem_clockwait, which Python's locks wait in, waits for parts of a
   millisecond, and lets the wall clock jump without the monotonic one.

   cc -shared -fPIC -O2 -o virtual_clock.so virtual_clock.c -ldl; LD_PRELOAD=... VIRTUAL_CLOCK=FILE program */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* Written by VirtualClock of virtual_clock.py; `turn` is odd while it is. */
static struct { _Atomic uint64_t turn; double rate, real_base, virtual_base, wall; } *shared;

static double seconds(const struct timespec *t) { return t->tv_sec + t->tv_nsec / 1e9; }

static struct timespec spec(double s) {
    if (s < 0) s = 0;
    struct timespec t = { (time_t)s, 0 };
    t.tv_nsec = (long)((s - t.tv_sec) * 1e9);
    if (t.tv_nsec > 999999999) t.tv_nsec = 999999999;
    return t;
}

static double real_now(void) {
    struct timespec t;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
    return seconds(&t);
}

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("VIRTUAL_CLOCK");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void *at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (at != MAP_FAILED) shared = at;
}

static double virtual_now(int is_wall, double *rate) {
    uint64_t before;
    double now, r;
    do {
        while ((before = atomic_load(&shared->turn)) & 1) { }
        r = shared->rate;
        now = shared->virtual_base + (real_now() - shared->real_base) * r + (is_wall ? shared->wall : 0);
    } while (atomic_load(&shared->turn) != before);
    if (rate) *rate = r;
    return now;
}

static int kind(clockid_t id) { /* 1 wall, 0 monotonic, -1 neither */
    if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) return 1;
    return id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_RAW || id == CLOCK_MONOTONIC_COARSE || id == CLOCK_BOOTTIME
        ? 0 : -1;
}

static double rate_now(void) { double rate; virtual_now(0, &rate); return rate; }

/* The real seconds until a virtual moment. */
static double left(const struct timespec *until, int is_wall) {
    double rate, now = virtual_now(is_wall, &rate);
    double s = (seconds(until) - now) / rate;
    return s < 0 ? 0 : s;
}

#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

int clock_gettime(clockid_t id, struct timespec *t) {
    if (!shared || kind(id) < 0) return syscall(SYS_clock_gettime, id, t) ? -1 : 0;
    *t = spec(virtual_now(kind(id), NULL));
    return 0;
}

time_t time(time_t *out) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    if (out) *out = t.tv_sec;
    return t.tv_sec;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone) {
    struct timespec t;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &t);
    tv->tv_sec = t.tv_sec;
    tv->tv_usec = t.tv_nsec / 1000;
    return 0;
}

int clock_nanosleep(clockid_t id, int flags, const struct timespec *wanted, struct timespec *rest) {
    REAL(clock_nanosleep);
    if (!shared || kind(id) < 0) return real(id, flags, wanted, rest);
    struct timespec t = spec(flags & TIMER_ABSTIME ? left(wanted, kind(id)) : seconds(wanted) / rate_now());
    return real(CLOCK_MONOTONIC, 0, &t, rest);
}

int nanosleep(const struct timespec *wanted, struct timespec *rest) {
    int error = clock_nanosleep(CLOCK_MONOTONIC, 0, wanted, rest);
    if (error) errno = error;
    return error ? -1 : 0;
}

int usleep(useconds_t us) {
    struct timespec t = spec(us / 1e6);
    return nanosleep(&t, NULL);
}

int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask) {
    REAL(ppoll);
    if (!shared || !timeout) return real(fds, count, timeout, mask);
    struct timespec t = spec(seconds(timeout) / rate_now());
    return real(fds, count, &t, mask);
}

int poll(struct pollfd *fds, nfds_t count, int timeout_ms) {
    struct timespec t = spec(timeout_ms / 1e3);
    return ppoll(fds, count, timeout_ms < 0 ? NULL : &t, NULL);
}

int select(int count, fd_set *restrict r, fd_set *restrict w, fd_set *restrict e, struct timeval *restrict timeout) {
    REAL(select);
    if (!shared || !timeout) return real(count, r, w, e, timeout);
    double s = (timeout->tv_sec + timeout->tv_usec / 1e6) / rate_now();
    struct timeval t = { (time_t)s, (suseconds_t)((s - (time_t)s) * 1e6) };
    return real(count, r, w, e, &t);
}

int epoll_wait(int fd, struct epoll_event *events, int most, int timeout_ms) {
    REAL(epoll_wait);
    if (!shared || timeout_ms <= 0) return real(fd, events, most, timeout_ms);
    struct pollfd self = { fd, POLLIN, 0 };
    int ready = poll(&self, 1, timeout_ms); /* epoll_wait itself knows whole milliseconds only */
    return ready > 0 ? real(fd, events, most, 0) : ready;
}

int sem_clockwait(sem_t *restrict sem, clockid_t id, const struct timespec *restrict until) {
    REAL(sem_clockwait);
    if (!shared || kind(id) < 0) return real(sem, id, until);
    struct timespec t = spec(real_now() + left(until, kind(id)));
    return real(sem, CLOCK_MONOTONIC, &t);
}

int sem_timedwait(sem_t *restrict sem, const struct timespec *restrict until) {
    return sem_clockwait(sem, CLOCK_REALTIME, until);
}

/* Which clock a condition goes by it does not say: no monotonic clock is as late as the wall's. */
int pthread_cond_timedwait(pthread_cond_t *restrict c, pthread_mutex_t *restrict m, const struct timespec *restrict u) {
    REAL(pthread_cond_timedwait);
    if (!shared) return real(c, m, u);
    int is_wall = u->tv_sec > 1000000000;
    struct timespec now;
    syscall(SYS_clock_gettime, is_wall ? CLOCK_REALTIME : CLOCK_MONOTONIC, &now);
    struct timespec t = spec(seconds(&now) + left(u, is_wall));
    return real(c, m, &t);
}
