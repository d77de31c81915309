#include "replica/wire/key.hpp"

#include "replica/wire/sodium.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

namespace faultlab::replica {

namespace {

/// A descriptor of a file, closed at the end.
class File {
public:
    File(const std::filesystem::path& path, int flags) : fd_(::open(path.c_str(), flags, 0600)) {}
    ~File() {
        if (fd_ >= 0) ::close(fd_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    [[nodiscard]] int fd() const { return fd_; }

private:
    int fd_;
};

Error file_error(const char* what, const std::filesystem::path& path, const std::string& why) {
    return environment_error(
        fmt::format("cannot {} the key file {}: {}", what, path.string(), why));
}

constexpr std::size_t digits = 2 * Key::size;

} // namespace

Key::Key(std::span<const std::byte, size> bytes) {
    use_sodium();
    std::ranges::copy(bytes, bytes_.begin());
}

Key::~Key() {
    sodium_memzero(bytes_.data(), bytes_.size());
}

Key Key::generate() {
    use_sodium();
    std::array<std::byte, size> bytes;
    randombytes_buf(bytes.data(), bytes.size());
    const Key key(bytes);
    sodium_memzero(bytes.data(), bytes.size());
    return key;
}

Result<Key> Key::from_hex(std::string_view hex) {
    use_sodium();
    std::array<std::byte, size> bytes{};
    std::size_t length = 0;
    const char* end = nullptr;
    const int failed =
        sodium_hex2bin(raw(bytes), bytes.size(), hex.data(), hex.size(), nullptr, &length, &end);
    if (failed != 0 || length != size || end != hex.data() + hex.size()) {
        return usage_error(fmt::format("a key is {} hex digits", digits));
    }
    const Key key(bytes);
    sodium_memzero(bytes.data(), bytes.size());
    return key;
}

std::uint64_t Key::fingerprint() const {
    constexpr std::string_view label = "faultlab replica fingerprint";
    std::array<std::byte, 16> hash;
    crypto_generichash(raw(hash),
                       hash.size(),
                       raw(std::as_bytes(std::span(label))),
                       label.size(),
                       raw(std::span<const std::byte>(bytes_)),
                       bytes_.size());
    std::uint64_t print = 0;
    std::memcpy(&print, hash.data(), sizeof print);
    return print;
}

Result<Key> load_key(const std::filesystem::path& path) {
    const File file(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (file.fd() < 0) return file_error("open", path, std::generic_category().message(errno));
    struct stat status{};
    if (::fstat(file.fd(), &status) != 0)
        return file_error("stat", path, std::generic_category().message(errno));
    if ((status.st_mode & 077U) != 0) {
        Error error = file_error("use", path, "others than its owner may read or write it");
        error.hint = "chmod 600 " + path.string();
        return error;
    }
    std::array<char, digits + 2> text{}; // one more than a good file has
    const ssize_t got = ::read(file.fd(), text.data(), text.size());
    if (got < 0) return file_error("read", path, std::generic_category().message(errno));
    std::string_view hex(text.data(), static_cast<std::size_t>(got));
    if (hex.ends_with('\n')) hex.remove_suffix(1);
    Result<Key> key = Key::from_hex(hex);
    sodium_memzero(text.data(), text.size());
    if (!key) return file_error("use", path, key.error().message);
    return key;
}

Result<void> generate_key_file(const std::filesystem::path& path) {
    const Key key = Key::generate();
    std::array<char, digits + 1> text{};
    sodium_bin2hex(text.data(), text.size(), raw(Bytes(key.bytes())), Key::size);
    text.back() = '\n';
    const File file(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC);
    if (file.fd() < 0) return file_error("create", path, std::generic_category().message(errno));
    const ssize_t written = ::write(file.fd(), text.data(), text.size());
    sodium_memzero(text.data(), text.size());
    if (written != static_cast<ssize_t>(text.size())) {
        return file_error("write",
                          path,
                          written < 0 ? std::generic_category().message(errno)
                                      : std::string("short write"));
    }
    return {};
}

Nonce random_nonce() {
    use_sodium();
    Nonce nonce;
    randombytes_buf(nonce.data(), nonce.size());
    return nonce;
}

std::uint64_t random_id() {
    use_sodium();
    std::uint64_t id = 0;
    while (id == 0) {
        randombytes_buf(&id, sizeof id);
    }
    return id;
}

} // namespace faultlab::replica
