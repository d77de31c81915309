// faultlab-node corrupt: changes bytes of files under a program that does not expect it, and notes
// what it changed. It cannot be undone.
//   change   flips bits, copies chunks over others, or cuts off the end
//   take     keeps chunks as they are now
//   restore  puts them back: the file goes back in time there
//   look     what became of the changes, and whether the program has complained in its logs
#include "nemesis/node/corrupt_files.hpp"
#include "nemesis/node/corrupt_plan.hpp"
#include "nemesis/node/helper_arguments.hpp"
#include "nemesis/node/tool.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <stdexcept>

namespace faultlab::node {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct Order {
    std::string what;
    fs::path data;
    std::string files = "*";
    Stripes stripes;
    std::string how = "bitflip";
    std::int64_t flips = 1;
    std::int64_t share = -1; ///< millionths; -1: not given
    std::int64_t drop = 1;
    std::uint64_t seed = 0;
    fs::path note;
    fs::path logs;

    [[nodiscard]] std::int64_t share_of_chunks() const { return share < 0 ? 1'000'000 : share; }
};

Json read_note(const Order& order) {
    std::ifstream file(order.note);
    Json note = Json::parse(file, nullptr, false);
    if (!note.is_object()) throw std::runtime_error("there is no note " + order.note.string());
    return note;
}

void write_note(const Order& order, const Json& note) {
    fs::create_directories(order.note.parent_path());
    std::ofstream file(order.note);
    file << note.dump() << '\n';
    file.close();
    if (!file) throw std::runtime_error("cannot write " + order.note.string());
}

/// Where the logs end now: what is complained about later comes after that.
Json log_ends(const Order& order) {
    Json ends = Json::object();
    if (order.logs.empty()) return ends;
    for (const std::string& name : files_matching(order.logs, "*"))
        ends[name] = fs::file_size(order.logs / name);
    return ends;
}

Json new_note(const Order& order) {
    return {{"changes", Json::array()}, {"kept", Json::array()}, {"log_ends", log_ends(order)}};
}

/// Overwrites bytes of a file, and notes it; what is there already is no change.
void overwrite(OpenFile& file, std::int64_t offset, const std::string& bytes, Json& changes) {
    const std::string before = file.read(offset, static_cast<std::int64_t>(bytes.size()));
    if (before == bytes) return;
    file.write(offset, bytes);
    changes.push_back({{"file", file.name()},
                       {"offset", offset},
                       {"bytes", bytes.size()},
                       {"before", fingerprint(before)},
                       {"after", fingerprint(bytes)}});
}

void flip_bits(const Order& order, std::vector<OpenFile>& files, Rng& rng, Json& changes) {
    // All files are one row of bytes, so that every bit is as likely as any other.
    std::vector<ByteRange> row;
    std::vector<std::int64_t> begins;
    std::int64_t begin = 0;
    for (OpenFile& file : files) {
        begins.push_back(begin);
        const auto used = file.used();
        const auto hit = hit_ranges(chunks_of(order.stripes, file.bytes()));
        for (const ByteRange& range : intersection(used, hit))
            row.push_back({.offset = begin + range.offset, .length = range.length});
        begin += file.bytes();
    }
    const auto flips = order.share < 0 ? draw_flips(row, order.flips, rng)
                                       : draw_flips_by_share(row, order.share, rng);
    for (std::size_t i = 0; i < flips.size();) {
        const std::int64_t offset = flips[i].offset;
        const auto after = std::ranges::upper_bound(begins, offset);
        const auto which = static_cast<std::size_t>(after - begins.begin()) - 1;
        std::string byte = files[which].read(offset - begins[which], 1);
        for (; i < flips.size() && flips[i].offset == offset; ++i)
            byte[0] = static_cast<char>(static_cast<unsigned char>(byte[0]) ^ (1U << flips[i].bit));
        overwrite(files[which], offset - begins[which], byte, changes);
    }
}

void copy_chunks(const Order& order, OpenFile& file, Rng& rng, Json& changes) {
    const auto chunks = chunks_of(order.stripes, file.bytes());
    const auto used = file.used();
    std::vector<bool> usable;
    for (const Chunk& chunk : chunks)
        usable.push_back(!intersection(std::array{chunk.range}, used).empty());
    for (const ChunkCopy& copy : draw_copies(chunks, usable, order.share_of_chunks(), rng))
        overwrite(file, copy.to.offset, file.read(copy.from, copy.to.length), changes);
}

/// Of one of the files, since an end is not a matter of chunks.
void cut_end(const Order& order, std::vector<OpenFile>& files, Rng& rng, Json& changes) {
    std::erase_if(files, [](const OpenFile& file) { return file.bytes() == 0; });
    if (files.empty()) return;
    OpenFile& file = files[rng.below(files.size())];
    const std::int64_t dropped = std::min(order.drop, file.bytes());
    const std::int64_t end = file.bytes() - dropped;
    const std::string before = fingerprint(file.read(end, dropped));
    file.truncate(end);
    changes.push_back({{"file", file.name()},
                       {"offset", end},
                       {"bytes", dropped},
                       {"before", before},
                       {"after", fingerprint({})}});
}

std::vector<OpenFile> open_files(const Order& order) {
    std::vector<OpenFile> files;
    for (const std::string& name : files_matching(order.data, order.files))
        files.emplace_back(order.data, name);
    if (files.empty()) throw std::runtime_error(fmt::format("no file matches '{}'", order.files));
    return files;
}

int change(const Order& order) {
    Json note = new_note(order);
    Json& changes = note["changes"];
    std::vector<OpenFile> files = open_files(order);
    Rng rng(order.seed);
    if (order.how == "bitflip") flip_bits(order, files, rng, changes);
    if (order.how == "copy") {
        for (OpenFile& file : files)
            copy_chunks(order, file, rng, changes);
    }
    if (order.how == "truncate") cut_end(order, files, rng, changes);
    write_note(order, note);
    fmt::print("{}\n", changes.dump());
    return changes.empty() ? complain(70, "nothing was changed: no bytes in use are meant") : 0;
}

fs::path kept_file(const Order& order) {
    return order.note.string() + ".kept";
}

int take(const Order& order) {
    Json note = new_note(order);
    fs::create_directories(order.note.parent_path());
    std::ofstream kept(kept_file(order), std::ios::binary);
    std::int64_t at = 0;
    for (OpenFile& file : open_files(order)) {
        const auto used = file.used();
        for (const ByteRange& range : hit_ranges(chunks_of(order.stripes, file.bytes()))) {
            const bool zeroes = intersection(std::array{range}, used).empty();
            note["kept"].push_back({{"file", file.name()},
                                    {"offset", range.offset},
                                    {"bytes", range.length},
                                    {"at", zeroes ? -1 : at}});
            if (zeroes) continue;
            kept << file.read(range.offset, range.length);
            at += range.length;
        }
    }
    kept.close();
    if (!kept) throw std::runtime_error("cannot write " + kept_file(order).string());
    write_note(order, note);
    fmt::print("{}\n", note["kept"].size());
    return 0;
}

int restore(const Order& order) {
    Json note = read_note(order);
    std::ifstream kept(kept_file(order), std::ios::binary);
    Rng rng(order.seed);
    for (const Json& chunk : note["kept"]) {
        if (!rng.chance(static_cast<std::uint64_t>(order.share_of_chunks()), 1'000'000)) continue;
        OpenFile file(order.data, chunk["file"].get<std::string>());
        std::string bytes(chunk["bytes"].get<std::size_t>(), '\0');
        if (const auto at = chunk["at"].get<std::int64_t>(); at >= 0) {
            kept.seekg(at);
            kept.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
            if (!kept) throw std::runtime_error("cannot read " + kept_file(order).string());
        }
        overwrite(file, chunk["offset"].get<std::int64_t>(), bytes, note["changes"]);
    }
    write_note(order, note);
    fmt::print("{}\n", note["changes"].dump());
    return note["changes"].empty() ? complain(70, "nothing was changed: all is as it was") : 0;
}

/// The first line after the given ends that speaks of damage.
std::string complaint(const Order& order, const Json& ends) {
    if (order.logs.empty()) return {};
    for (const std::string& name : files_matching(order.logs, "*")) {
        std::ifstream file(order.logs / name, std::ios::binary);
        file.seekg(ends.value(name, std::int64_t{0}));
        for (std::string line; std::getline(file, line);) {
            if (speaks_of_damage(line)) return line;
        }
    }
    return {};
}

int look(const Order& order) {
    const Json note = read_note(order);
    std::int64_t bytes = 0;
    std::int64_t as_left = 0;
    std::int64_t as_before = 0;
    std::string places;
    for (const Json& change : note["changes"]) {
        const auto offset = change["offset"].get<std::int64_t>();
        const auto length = change["bytes"].get<std::int64_t>();
        bytes += length;
        std::string now;
        if (fs::exists(order.data / change["file"].get<std::string>()))
            now = fingerprint(
                OpenFile(order.data, change["file"].get<std::string>()).read(offset, length));
        if (now == change["after"]) ++as_left;
        if (now == change["before"]) ++as_before;
        if (places.size() < 200) {
            places += fmt::format("{}{} at {} ({} byte{})",
                                  places.empty() ? "" : ", ",
                                  change["file"].get<std::string>(),
                                  offset,
                                  length,
                                  length == 1 ? "" : "s");
        }
    }
    const Json said = {{"changes", note["changes"].size()},
                       {"bytes", bytes},
                       {"as_left", as_left},
                       {"as_before", as_before},
                       {"places", places},
                       {"complaint", complaint(order, note["log_ends"])}};
    fmt::print("{}\n", said.dump(-1, ' ', false, Json::error_handler_t::replace));
    return 0;
}

std::string wrong(const Order& order) {
    if (order.stripes.chunk < 1) return "a chunk has at least one byte";
    if (order.stripes.modulus < 1) return "the modulus is at least 1";
    if (order.stripes.index < 0 || order.stripes.index >= order.stripes.modulus)
        return "the index is from 0 to the modulus less one";
    if (order.stripes.start < 0) return "a start is not negative";
    return {};
}

} // namespace

int run_corrupt(std::span<char* const> arguments) {
    CLI::App app("changes bytes of files");
    Order order;
    app.add_option("what", order.what, "change, take, restore or look")
        ->required()
        ->check(CLI::IsMember({"change", "take", "restore", "look"}));
    app.add_option("--data", order.data, "directory of the files")->required();
    app.add_option("--files", order.files, "which: patterns with * and ?, joined by +");
    app.add_option("--start", order.stripes.start, "first byte that may be hit");
    app.add_option("--end", order.stripes.end, "the byte after the last; 0: the end of the file");
    app.add_option("--chunk", order.stripes.chunk, "bytes of a chunk");
    app.add_option("--modulus", order.stripes.modulus, "every so manieth chunk is hit");
    app.add_option("--index", order.stripes.index, "the first chunk that is hit");
    app.add_option("--how", order.how, "of change")
        ->check(CLI::IsMember({"bitflip", "copy", "truncate"}));
    app.add_option("--flips", order.flips, "how many bits");
    app.add_option("--share", order.share, "chance of a bit or chunk, in millionths");
    app.add_option("--drop", order.drop, "bytes to cut off the end");
    app.add_option("--seed", order.seed, "of the choices");
    app.add_option("--note", order.note, "where it notes what it did")->required();
    app.add_option("--logs", order.logs, "directory of the program's logs");
    if (const auto code = parse_arguments(app, arguments)) return *code;
    if (const std::string what = wrong(order); !what.empty()) return complain(64, what);
    if (order.what == "change") return change(order);
    if (order.what == "take") return take(order);
    return order.what == "restore" ? restore(order) : look(order);
}

} // namespace faultlab::node
