// Compiled, never run: each function lets the outside world into code that must not see it. The
// test of the core's symbols is shown to find every one of them.

#include <fcntl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <mutex>
#include <random>
#include <thread>

namespace planted {

long leak_clock_gettime() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}
long leak_steady_clock() {
    return std::chrono::steady_clock::now().time_since_epoch().count();
}
long leak_system_clock() {
    return std::chrono::system_clock::now().time_since_epoch().count();
}
long leak_time() {
    return time(nullptr);
}
int leak_rand() {
    return rand();
}
unsigned leak_random_device() {
    return std::random_device{}();
}
long leak_getrandom(void* buffer) {
    return getrandom(buffer, 8, 0);
}
char* leak_getenv() {
    return getenv("HOME");
}
int leak_open() {
    return open("/dev/null", O_RDONLY);
}
int leak_fstream() {
    return std::ifstream("/dev/null").get();
}
long leak_write(const void* buffer) {
    return write(1, buffer, 1);
}
int leak_fdatasync() {
    return fdatasync(1);
}
int leak_socket() {
    return socket(AF_INET, SOCK_STREAM, 0);
}
void leak_thread() {
    std::thread([] {}).join();
}
void leak_sleep() {
    usleep(1);
}

} // namespace planted
