#include "nemesis/node/disk_calls.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

namespace faultlab::node {

fuse_ino_t node_number(DiskDevice& device, const DiskNode& node) {
    if (&node == &device.tree().root()) return FUSE_ROOT_ID;
    return reinterpret_cast<fuse_ino_t>(&node);
}

namespace {

/// How long the kernel believes names and attributes.
constexpr double believed = 1.0;

DiskDevice& device_of(fuse_req_t request) {
    return *static_cast<DiskDevice*>(::fuse_req_userdata(request));
}

DiskNode& node_of(fuse_req_t request, fuse_ino_t number) {
    if (number == FUSE_ROOT_ID) return device_of(request).tree().root();
    return *reinterpret_cast<DiskNode*>(number);
}

std::string path_to(const DiskNode& node) {
    return fmt::format("/proc/self/fd/{}", node.handle.get());
}

/// One call: it waits its time, then has an error, or may do its work.
class Call {
public:
    Call(fuse_req_t request, fuse_ino_t number, DiskDevice::Asked asked)
        : device(device_of(request)), node(node_of(request, number)), request_(request),
          passage_(device, asked.op) {
        asked.caller = ::fuse_req_ctx(request)->pid;
        device.enter(passage_, node, asked);
    }
    /// Whether it failed: the kernel has been told then.
    bool failed() {
        if (passage_.error == 0) return false;
        ::fuse_reply_err(request_, passage_.error);
        return true;
    }
    /// Answers a call that returns nothing: 0, or -errno.
    void answer(int result) {
        if (result < 0) passage_.error = -result;
        ::fuse_reply_err(request_, result < 0 ? -result : 0);
    }
    [[nodiscard]] DiskFate& fate() { return passage_.fate; }

    DiskDevice& device;
    DiskNode& node;

private:
    fuse_req_t request_;
    DiskDevice::Passage passage_;
};

/// Fills the entry of a name that is there now.
int enter_name(Call& call, const char* name, fuse_entry_param& entry) {
    DiskNode* found = nullptr;
    const int error = call.device.tree().look_up(call.node, name, found, entry.attr);
    if (error != 0) return error;
    entry.ino = node_number(call.device, *found);
    entry.attr_timeout = believed;
    entry.entry_timeout = believed;
    return 0;
}

void reply_entry(fuse_req_t request, Call& call, const char* name) {
    fuse_entry_param entry{};
    const int error = enter_name(call, name, entry);
    if (error != 0) return call.answer(-error);
    ::fuse_reply_entry(request, &entry);
}

/// A new file belongs to who asked for it.
void give_to_caller(fuse_req_t request, int directory, const char* name) {
    const fuse_ctx* const caller = ::fuse_req_ctx(request);
    if (caller->uid == ::geteuid() && caller->gid == ::getegid()) return;
    (void)!::fchownat(directory, name, caller->uid, caller->gid, AT_SYMLINK_NOFOLLOW);
}

void call_init(void* /*device*/, fuse_conn_info* connection) {
    // Each write of a program comes here by itself, and in its order: no write-back cache. What the
    // kernel has cached is dropped when a fault wants it, not because a file was written to.
    constexpr unsigned unwanted = FUSE_CAP_WRITEBACK_CACHE | FUSE_CAP_READDIRPLUS |
                                  FUSE_CAP_ATOMIC_O_TRUNC | FUSE_CAP_AUTO_INVAL_DATA |
                                  FUSE_CAP_SPLICE_READ;
    constexpr unsigned wanted = FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE;
    connection->want &= ~unwanted;
    connection->want |= connection->capable & wanted;
}

void call_lookup(fuse_req_t request, fuse_ino_t parent, const char* name) {
    Call call(request, parent, {.op = DiskOp::look, .name = name});
    if (!call.failed()) reply_entry(request, call, name);
}

void call_forget(fuse_req_t request, fuse_ino_t number, std::uint64_t lookups) {
    device_of(request).forget_node(node_of(request, number), lookups);
    ::fuse_reply_none(request);
}

void call_forget_multi(fuse_req_t request, std::size_t count, fuse_forget_data* forgets) {
    for (std::size_t i = 0; i < count; ++i)
        device_of(request).forget_node(node_of(request, forgets[i].ino), forgets[i].nlookup);
    ::fuse_reply_none(request);
}

void reply_attributes(fuse_req_t request, Call& call) {
    struct stat status {};
    if (::fstatat(call.node.handle.get(), "", &status, AT_EMPTY_PATH) != 0)
        return call.answer(-errno);
    ::fuse_reply_attr(request, &status, believed);
}

void call_getattr(fuse_req_t request, fuse_ino_t number, fuse_file_info* /*file*/) {
    Call call(request, number, {.op = DiskOp::look});
    if (!call.failed()) reply_attributes(request, call);
}

int set_times(const DiskNode& node, const struct stat& wanted, int what) {
    std::array<timespec, 2> times{};
    times[0].tv_nsec = UTIME_OMIT;
    times[1].tv_nsec = UTIME_OMIT;
    if ((what & FUSE_SET_ATTR_ATIME) != 0) times[0] = wanted.st_atim;
    if ((what & FUSE_SET_ATTR_ATIME_NOW) != 0) times[0].tv_nsec = UTIME_NOW;
    if ((what & FUSE_SET_ATTR_MTIME) != 0) times[1] = wanted.st_mtim;
    if ((what & FUSE_SET_ATTR_MTIME_NOW) != 0) times[1].tv_nsec = UTIME_NOW;
    return ::utimensat(AT_FDCWD, path_to(node).c_str(), times.data(), 0);
}

/// 0, or -errno.
int set_attributes(Call& call, const struct stat& wanted, int what) {
    const DiskNode& node = call.node;
    if ((what & FUSE_SET_ATTR_MODE) != 0 &&
        ::fchmodat(AT_FDCWD, path_to(node).c_str(), wanted.st_mode, 0) != 0)
        return -errno;
    if ((what & (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID)) != 0) {
        const uid_t user = (what & FUSE_SET_ATTR_UID) != 0 ? wanted.st_uid : ~uid_t{0};
        const gid_t group = (what & FUSE_SET_ATTR_GID) != 0 ? wanted.st_gid : ~gid_t{0};
        if (::fchownat(node.handle.get(), "", user, group, AT_EMPTY_PATH) != 0) return -errno;
    }
    if ((what & FUSE_SET_ATTR_SIZE) != 0) {
        const int resized =
            call.device.resize(call.node, static_cast<std::uint64_t>(wanted.st_size));
        if (resized != 0) return resized;
    }
    constexpr int times = FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_ATIME_NOW | FUSE_SET_ATTR_MTIME |
                          FUSE_SET_ATTR_MTIME_NOW;
    if ((what & times) != 0 && set_times(node, wanted, what) != 0) return -errno;
    return 0;
}

void call_setattr(fuse_req_t request,
                  fuse_ino_t number,
                  struct stat* wanted,
                  int what,
                  fuse_file_info* /*file*/) {
    const bool sized = (what & FUSE_SET_ATTR_SIZE) != 0;
    Call call(request, number, {.op = sized ? DiskOp::write : DiskOp::look});
    if (call.failed()) return;
    const int set = set_attributes(call, *wanted, what);
    if (set != 0) return call.answer(set);
    reply_attributes(request, call);
}

void call_readlink(fuse_req_t request, fuse_ino_t number) {
    Call call(request, number, {.op = DiskOp::look});
    if (call.failed()) return;
    std::array<char, PATH_MAX + 1> target{};
    const ssize_t length =
        ::readlinkat(call.node.handle.get(), "", target.data(), target.size() - 1);
    if (length < 0) return call.answer(-errno);
    ::fuse_reply_readlink(request, target.data());
}

/// What all calls do that make a name: `make` returns 0, or -1 and errno.
template <class Make>
void make_name(fuse_req_t request, fuse_ino_t parent, const char* name, Make make) {
    Call call(request, parent, {.op = DiskOp::name, .name = name});
    if (call.failed()) return;
    const int directory = call.node.handle.get();
    if (make(directory) != 0) return call.answer(-errno);
    give_to_caller(request, directory, name);
    call.device.made(call.node, name);
    reply_entry(request, call, name);
}

void call_mknod(
    fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode, dev_t device) {
    make_name(request, parent, name, [&](int at) { return ::mknodat(at, name, mode, device); });
}

void call_mkdir(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode) {
    make_name(request, parent, name, [&](int at) { return ::mkdirat(at, name, mode); });
}

void call_symlink(fuse_req_t request, const char* target, fuse_ino_t parent, const char* name) {
    make_name(request, parent, name, [&](int at) { return ::symlinkat(target, at, name); });
}

void call_link(fuse_req_t request, fuse_ino_t number, fuse_ino_t parent, const char* name) {
    const std::string from = path_to(node_of(request, number));
    make_name(request, parent, name, [&](int at) {
        return ::linkat(AT_FDCWD, from.c_str(), at, name, AT_SYMLINK_FOLLOW);
    });
}

void call_unlink(fuse_req_t request, fuse_ino_t parent, const char* name) {
    Call call(request, parent, {.op = DiskOp::name, .name = name});
    if (!call.failed()) call.answer(call.device.remove(call.node, name, false));
}

void call_rmdir(fuse_req_t request, fuse_ino_t parent, const char* name) {
    Call call(request, parent, {.op = DiskOp::name, .name = name});
    if (!call.failed()) call.answer(call.device.remove(call.node, name, true));
}

void call_rename(fuse_req_t request,
                 fuse_ino_t parent,
                 const char* name,
                 fuse_ino_t new_parent,
                 const char* new_name,
                 unsigned flags) {
    Call call(request, parent, {.op = DiskOp::name, .name = name});
    if (call.failed()) return;
    DiskNode& to = node_of(request, new_parent);
    call.answer(call.device.rename(call.node, name, to, new_name, flags));
}

/// Of files nobody needs to know who has them open.
void answer_open(fuse_file_info* file) {
    file->fh = 0;
    file->keep_cache = 0; // what a cut, or another fault, has changed is read anew
    file->noflush = 1;
}

void call_create(
    fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode, fuse_file_info* file) {
    Call call(request, parent, {.op = DiskOp::name, .name = name});
    if (call.failed()) return;
    const int directory = call.node.handle.get();
    const Descriptor made(::openat(directory, name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, mode));
    if (made.valid()) {
        give_to_caller(request, directory, name);
        call.device.made(call.node, name);
    } else if (errno != EEXIST || (file->flags & O_EXCL) != 0) {
        return call.answer(-errno);
    }
    fuse_entry_param entry{};
    if (const int error = enter_name(call, name, entry); error != 0) return call.answer(-error);
    const int opened = call.device.open(node_of(request, entry.ino));
    if (opened != 0) return call.answer(opened);
    answer_open(file);
    ::fuse_reply_create(request, &entry, file);
}

void call_open(fuse_req_t request, fuse_ino_t number, fuse_file_info* file) {
    Call call(request, number, {.op = DiskOp::look});
    if (call.failed()) return;
    const int opened = call.device.open(call.node);
    if (opened != 0) return call.answer(opened);
    answer_open(file);
    ::fuse_reply_open(request, file);
}

void call_release(fuse_req_t request, fuse_ino_t number, fuse_file_info* /*file*/) {
    device_of(request).release(node_of(request, number));
    ::fuse_reply_err(request, 0);
}

void call_read(
    fuse_req_t request, fuse_ino_t number, std::size_t size, off_t offset, fuse_file_info* /*f*/) {
    Call call(request, number, {.op = DiskOp::read});
    if (call.failed()) return;
    if (!call.fate().bit_flip && !call.fate().stale) {
        const int descriptor = call.device.plain_descriptor(call.node);
        if (descriptor < 0) return call.answer(descriptor);
        fuse_bufvec bytes = FUSE_BUFVEC_INIT(size);
        bytes.buf[0].flags = static_cast<fuse_buf_flags>(FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK);
        bytes.buf[0].fd = descriptor;
        bytes.buf[0].pos = offset;
        ::fuse_reply_data(request, &bytes, FUSE_BUF_SPLICE_MOVE);
        return;
    }
    std::vector<std::byte> bytes(size);
    const ssize_t got =
        call.device.read(call.node, static_cast<std::uint64_t>(offset), bytes, call.fate());
    if (got < 0) return call.answer(static_cast<int>(got));
    ::fuse_reply_buf(
        request, reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(got));
}

std::vector<std::byte> flat(fuse_bufvec* from, std::size_t size) {
    std::vector<std::byte> bytes(size);
    fuse_bufvec to = FUSE_BUFVEC_INIT(size);
    to.buf[0].mem = bytes.data();
    const ssize_t got = ::fuse_buf_copy(&to, from, fuse_buf_copy_flags{});
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return bytes;
}

void call_write(
    fuse_req_t request, fuse_ino_t number, fuse_bufvec* from, off_t offset, fuse_file_info* /*f*/) {
    const std::size_t size = ::fuse_buf_size(from);
    const auto where = static_cast<std::uint64_t>(offset);
    Call call(request, number, {.op = DiskOp::write, .offset = where, .length = size});
    if (call.failed()) return;
    ssize_t written = 0;
    if (call.fate().tear != Tear::none && size > 0) {
        const std::vector<std::byte> bytes = flat(from, size);
        written = call.device.write_torn(call.node, where, bytes, call.fate());
    } else {
        const auto copy = [&](int descriptor, std::uint64_t at) {
            fuse_bufvec to = FUSE_BUFVEC_INIT(size);
            to.buf[0].flags = static_cast<fuse_buf_flags>(FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK);
            to.buf[0].fd = descriptor;
            to.buf[0].pos = static_cast<off_t>(at);
            return ::fuse_buf_copy(&to, from, fuse_buf_copy_flags{});
        };
        written = call.device.write(call.node, where, size, call.fate(), copy);
    }
    if (written < 0) return call.answer(static_cast<int>(written));
    ::fuse_reply_write(request, static_cast<std::size_t>(written));
}

void call_fsync(fuse_req_t request, fuse_ino_t number, int data_only, fuse_file_info* /*file*/) {
    Call call(request, number, {.op = DiskOp::sync});
    if (!call.failed()) call.answer(call.device.sync(call.node, data_only != 0, call.fate()));
}

void call_fallocate(fuse_req_t request,
                    fuse_ino_t number,
                    int mode,
                    off_t offset,
                    off_t length,
                    fuse_file_info* /*file*/) {
    const auto from = static_cast<std::uint64_t>(offset);
    const auto size = static_cast<std::uint64_t>(length);
    Call call(request, number, {.op = DiskOp::write, .offset = from, .length = size});
    if (!call.failed()) call.answer(call.device.allocate(call.node, mode, from, size));
}

void call_lseek(
    fuse_req_t request, fuse_ino_t number, off_t offset, int whence, fuse_file_info* /*file*/) {
    Call call(request, number, {.op = DiskOp::look});
    if (call.failed()) return;
    const int descriptor = call.device.plain_descriptor(call.node);
    const off_t found = descriptor < 0 ? -1 : ::lseek(descriptor, offset, whence);
    if (found < 0) return call.answer(descriptor < 0 ? descriptor : -errno);
    ::fuse_reply_lseek(request, found);
}

/// An open directory of the kernel's.
struct Listing {
    DIR* entries = nullptr;
    off_t at = 0;
    dirent* next = nullptr; ///< read, but not handed out yet
    ~Listing() {
        if (entries != nullptr) ::closedir(entries);
    }
};

void call_opendir(fuse_req_t request, fuse_ino_t number, fuse_file_info* file) {
    Call call(request, number, {.op = DiskOp::look});
    if (call.failed()) return;
    auto listing = std::make_unique<Listing>();
    const int opened = ::openat(call.node.handle.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (opened >= 0) listing->entries = ::fdopendir(opened);
    if (listing->entries == nullptr) return call.answer(-errno);
    file->fh = reinterpret_cast<std::uint64_t>(listing.release());
    ::fuse_reply_open(request, file);
}

void call_readdir(
    fuse_req_t request, fuse_ino_t number, std::size_t size, off_t offset, fuse_file_info* file) {
    Call call(request, number, {.op = DiskOp::look});
    if (call.failed()) return;
    auto& listing = *reinterpret_cast<Listing*>(file->fh);
    if (offset != listing.at) {
        ::seekdir(listing.entries, offset);
        listing.at = offset;
        listing.next = nullptr;
    }
    std::vector<char> buffer(size);
    std::size_t used = 0;
    for (;;) {
        if (listing.next == nullptr) listing.next = ::readdir(listing.entries);
        if (listing.next == nullptr) break;
        struct stat status {};
        status.st_ino = listing.next->d_ino;
        status.st_mode = static_cast<mode_t>(listing.next->d_type) << 12U;
        const std::size_t length = ::fuse_add_direntry(request,
                                                       buffer.data() + used,
                                                       size - used,
                                                       listing.next->d_name,
                                                       &status,
                                                       listing.next->d_off);
        if (length > size - used) break;
        used += length;
        listing.at = listing.next->d_off;
        listing.next = nullptr;
    }
    ::fuse_reply_buf(request, buffer.data(), used);
}

void call_releasedir(fuse_req_t request, fuse_ino_t /*number*/, fuse_file_info* file) {
    const std::unique_ptr<Listing> ended(reinterpret_cast<Listing*>(file->fh));
    ::fuse_reply_err(request, 0);
}

void call_statfs(fuse_req_t request, fuse_ino_t number) {
    Call call(request, number, {.op = DiskOp::look});
    if (call.failed()) return;
    struct statvfs status {};
    if (::fstatvfs(call.node.handle.get(), &status) != 0) return call.answer(-errno);
    if (call.device.full()) {
        status.f_bfree = 0;
        status.f_bavail = 0;
    }
    ::fuse_reply_statfs(request, &status);
}

fuse_lowlevel_ops all_calls() {
    fuse_lowlevel_ops calls{};
    calls.init = call_init;
    calls.lookup = call_lookup;
    calls.forget = call_forget;
    calls.forget_multi = call_forget_multi;
    calls.getattr = call_getattr;
    calls.setattr = call_setattr;
    calls.readlink = call_readlink;
    calls.mknod = call_mknod;
    calls.mkdir = call_mkdir;
    calls.symlink = call_symlink;
    calls.link = call_link;
    calls.unlink = call_unlink;
    calls.rmdir = call_rmdir;
    calls.rename = call_rename;
    calls.create = call_create;
    calls.open = call_open;
    calls.release = call_release;
    calls.read = call_read;
    calls.write_buf = call_write;
    calls.fsync = call_fsync;
    calls.fsyncdir = call_fsync;
    calls.fallocate = call_fallocate;
    calls.lseek = call_lseek;
    calls.opendir = call_opendir;
    calls.readdir = call_readdir;
    calls.releasedir = call_releasedir;
    calls.statfs = call_statfs;
    return calls;
}

} // namespace

const fuse_lowlevel_ops& disk_calls() {
    static const fuse_lowlevel_ops calls = all_calls();
    return calls;
}

} // namespace faultlab::node
