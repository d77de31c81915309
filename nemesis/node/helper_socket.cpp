#include "nemesis/node/helper_socket.hpp"

#include "nemesis/node/descriptor.hpp"
#include "nemesis/node/tool.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

namespace faultlab::node {
namespace {

namespace fs = std::filesystem;

/// Paths of sockets hold a hundred bytes: it goes by way of the directory's descriptor, which every
/// path fits through.
struct SocketPlace {
    Descriptor directory;
    sockaddr_un address{};

    explicit SocketPlace(const HelperAddress& helper)
        : directory(::open(helper.directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {
        address.sun_family = AF_UNIX;
        const std::string path =
            fmt::format("/proc/self/fd/{}/{}.sock", directory.get(), helper.name);
        if (path.size() >= sizeof(address.sun_path))
            throw std::runtime_error("the name of a helper is too long: " + helper.name);
        std::memcpy(static_cast<void*>(address.sun_path), path.c_str(), path.size() + 1);
    }
    [[nodiscard]] const sockaddr* get() const {
        return reinterpret_cast<const sockaddr*>(&address);
    }
};

Descriptor new_socket() {
    Descriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    if (!socket.valid()) throw std::system_error(errno, std::generic_category(), "socket");
    return socket;
}

bool connect(const Descriptor& socket, const SocketPlace& place) {
    return place.directory.valid() &&
           ::connect(socket.get(), place.get(), sizeof(place.address)) == 0;
}

std::string received(const Descriptor& socket) {
    std::string text(1 << 16, '\0');
    const ssize_t size = ::recv(socket.get(), text.data(), text.size(), 0);
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return text;
}

void send(const Descriptor& socket, std::string_view text) {
    [[maybe_unused]] const auto sent = ::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL);
}

void send_byte(const Descriptor& pipe) {
    [[maybe_unused]] const auto written = ::write(pipe.get(), "x", 1);
}

/// Listens; a name that somebody answers under is taken.
Descriptor listen(const HelperAddress& helper, const SocketPlace& place) {
    if (connect(new_socket(), place))
        throw std::runtime_error("a helper of this name runs already: " + helper.name);
    ::unlink(static_cast<const char*>(place.address.sun_path));
    Descriptor socket = new_socket();
    if (::bind(socket.get(), place.get(), sizeof(place.address)) != 0 ||
        ::listen(socket.get(), 8) != 0) {
        throw std::system_error(
            errno, std::generic_category(), "cannot listen in " + helper.directory.string());
    }
    return socket;
}

Descriptor ending_signals() {
    sigset_t ending;
    sigemptyset(&ending);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGINT);
    ::pthread_sigmask(SIG_BLOCK, &ending, nullptr);
    return Descriptor(::signalfd(-1, &ending, SFD_CLOEXEC));
}

/// Answers one question; returns the asker who wants it to stop, who is answered when it has.
Descriptor answer(const Descriptor& listening, const HelperDuty& duty) {
    Descriptor asker(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!asker.valid()) return asker;
    const timeval patience{.tv_sec = 1, .tv_usec = 0}; // of a helper with one who says nothing
    ::setsockopt(asker.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    const std::string question = received(asker);
    if (question == "stop") return asker;
    if (question == "runs") {
        send(asker, std::to_string(::getpid()));
    } else if (question == "report" && duty.report) {
        send(asker, duty.report());
    } else {
        send(asker, duty.other ? duty.other(question) : "it does not know " + question);
    }
    return Descriptor(-1);
}

/// Until it is to stop: returns who told it, if somebody did.
Descriptor talk(const Descriptor& listening, const HelperDuty& duty) {
    const Descriptor signals = ending_signals();
    std::array<pollfd, 3> polled{{{.fd = listening.get(), .events = POLLIN},
                                  {.fd = signals.get(), .events = POLLIN},
                                  {.fd = duty.work_descriptor, .events = POLLIN}}};
    for (;;) {
        if (::poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR)
            throw std::system_error(errno, std::generic_category(), "poll");
        if (polled[1].revents != 0) return Descriptor(-1);
        if (polled[2].revents != 0) duty.work();
        if (polled[0].revents == 0) continue;
        Descriptor stopper = answer(listening, duty);
        if (stopper.valid()) return stopper;
    }
}

/// The outputs of the process that stays go to a file: who started it waits for their ends.
void leave_the_caller(const HelperAddress& helper) {
    ::setsid();
    const fs::path log = helper.directory / (helper.name + ".log");
    const Descriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const Descriptor file(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    ::dup2(nothing.get(), STDIN_FILENO);
    ::dup2(file.valid() ? file.get() : nothing.get(), STDOUT_FILENO);
    ::dup2(file.valid() ? file.get() : nothing.get(), STDERR_FILENO);
}

/// The life of the process that stays. Tells by the pipe once it has begun.
int stay(const HelperAddress& helper,
         const HelperDuty& duty,
         const SocketPlace& place,
         const Descriptor& listening,
         const Descriptor& begun) {
    leave_the_caller(helper);
    int code = 0;
    Descriptor stopper(-1);
    try {
        if (duty.begin) duty.begin();
        send_byte(begun);
        stopper = talk(listening, duty);
    } catch (const std::exception& error) {
        code = complain(70, error.what());
    }
    if (duty.undo) duty.undo();
    ::unlink(static_cast<const char*>(place.address.sun_path));
    if (stopper.valid()) send(stopper, "gone");
    return code;
}

/// Whether the process that stays has begun.
bool await_begun(const Descriptor& begun) {
    char byte = 0;
    return ::read(begun.get(), &byte, 1) == 1;
}

} // namespace

int serve(const HelperAddress& helper, const HelperDuty& duty) {
    try {
        fs::create_directories(helper.directory);
        const SocketPlace place(helper);
        const Descriptor listening = listen(helper, place);
        std::array<int, 2> pipe{};
        if (::pipe2(pipe.data(), O_CLOEXEC) != 0)
            throw std::system_error(errno, std::generic_category(), "pipe");
        const Descriptor reading(pipe[0]);
        Descriptor writing(pipe[1]);
        std::fflush(nullptr);
        const pid_t child = ::fork();
        if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
        if (child == 0) ::_exit(stay(helper, duty, place, listening, writing));
        writing.close();
        if (await_begun(reading)) return 0;
        return complain(70, fmt::format("it did not begin; see {}.log", helper.name));
    } catch (const std::exception& error) {
        if (duty.undo) duty.undo();
        return complain(70, error.what());
    }
}

std::string ask(const HelperAddress& helper, std::string_view question, double seconds) {
    const auto until = std::chrono::steady_clock::now() +
                       std::chrono::microseconds(static_cast<std::int64_t>(seconds * 1e6));
    for (;;) {
        const Descriptor socket = new_socket();
        const SocketPlace place(helper);
        if (connect(socket, place)) {
            send(socket, question);
            return received(socket);
        }
        if (std::chrono::steady_clock::now() >= until) return {};
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
}

} // namespace faultlab::node
