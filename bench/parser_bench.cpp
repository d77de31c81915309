// How fast histories are parsed, against a bare pass over the same bytes that looks for line feeds
// (memchr): what any reader of lines has to do at the least.
//
//   bench_parser [OPERATIONS] [REPETITIONS]       default 1,000,000 and 5
//
// "memory" is the parser alone, its text in memory; "file" reads it from the page cache, in a
// process of its own, whose memory is then the whole cost of a history: resident and at most.

#include "core/rng.hpp"
#include "core/store/byte_source.hpp"
#include "core/store/import.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace faultlab;
namespace fs = std::filesystem;

/// Of the processor, not of the wall: on a machine with other work the rate is that of a core.
double processor_seconds() {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

/// What an event line needs to know.
struct Line {
    int process = 0;
    const char* type = "";
    const char* f = "";
    int key = 0;
    std::string value;
    std::int64_t time = 0;
};

void append_jsonl(const Line& line, std::string& out) {
    fmt::format_to(std::back_inserter(out),
                   "{{\"process\":{},\"type\":\"{}\",\"f\":\"{}\",\"key\":\"k{}\",\"value\":{},"
                   "\"time\":{}}}\n",
                   line.process,
                   line.type,
                   line.f,
                   line.key,
                   line.value,
                   line.time);
}

void append_edn(const Line& line, std::string& out) {
    fmt::format_to(std::back_inserter(out),
                   "{{:process {}, :type :{}, :f :{}, :value [{} {}], :time {}}}\n",
                   line.process,
                   line.type,
                   line.f,
                   line.key,
                   line.value == "null" ? "nil" : line.value,
                   line.time);
}

/// Ten clients on a hundred registers, values that are unique.
template <class Append>
std::string history(std::int64_t operations, Append append) {
    Rng rng(1);
    struct Client {
        bool busy = false;
        Line line;
    };
    std::vector<Client> clients(10);
    std::string text;
    std::int64_t begun = 0;
    std::int64_t time = 12'110'000'000;
    std::size_t busy = 0;
    while (begun < operations || busy > 0) {
        const std::size_t number = rng.below(clients.size());
        Client& client = clients[number];
        if (!client.busy && begun == operations) continue;
        time += static_cast<std::int64_t>(rng.below(20'000));
        client.line.time = time;
        if (client.busy) {
            client.line.type = "ok";
            if (client.line.value == "null") client.line.value = std::to_string(begun);
            --busy;
        } else {
            const bool writes = rng.chance(1, 2);
            client.line = {.process = static_cast<int>(number),
                           .type = "invoke",
                           .f = writes ? "write" : "read",
                           .key = static_cast<int>(rng.below(100)),
                           .value = writes ? std::to_string(begun) : "null",
                           .time = time};
            ++begun;
            ++busy;
        }
        client.busy = !client.busy;
        append(client.line, text);
    }
    return text;
}

std::size_t count_lines(std::string_view text) {
    std::size_t lines = 0;
    const char* p = text.data();
    const char* const end = p + text.size();
    while (p < end) {
        const void* found = std::memchr(p, '\n', static_cast<std::size_t>(end - p));
        if (found == nullptr) break;
        p = static_cast<const char*>(found) + 1;
        ++lines;
    }
    return lines;
}

std::size_t parse(ByteSource& source, HistoryFormat format) {
    const auto imported = import_history(source, "bench", {.format = format});
    if (!imported) {
        fmt::print(stderr, "{}\n", imported.error().text());
        std::exit(70);
    }
    return imported->record.history.size();
}

/// The best of some times, in seconds.
template <class Work>
double best_of(int repetitions, Work work) {
    double best = 1e9;
    for (int i = 0; i < repetitions; ++i) {
        const double start = processor_seconds();
        work();
        best = std::min(best, processor_seconds() - start);
    }
    return best;
}

/// The most memory that a process had which did nothing but read the file, MiB.
double peak_of_reading(const std::string& file, HistoryFormat format) {
    const pid_t child = ::fork();
    if (child == 0) {
        auto source = open_source(file, nullptr);
        ::_exit(source && parse(**source, format) > 0 ? 0 : 1);
    }
    int status = 0;
    rusage usage{};
    if (::wait4(child, &status, 0, &usage) != child || status != 0) return -1;
    return static_cast<double>(usage.ru_maxrss) / 1024;
}

void measure(HistoryFormat format, const fs::path& directory, std::int64_t operations, int rounds) {
    const std::string file = (directory / fmt::format("h.{}", to_string(format))).string();
    double bytes = 0;
    double bare = 0;
    double memory = 0;
    {
        const std::string text = format == HistoryFormat::edn ? history(operations, append_edn)
                                                              : history(operations, append_jsonl);
        std::ofstream(file, std::ios::binary) << text;
        bytes = static_cast<double>(text.size());
        std::size_t lines = 0;
        bare = best_of(rounds, [&] { lines += count_lines(text); });
        if (lines == 0) std::exit(70);
        memory = best_of(rounds, [&] { parse(*text_source(text), format); });
    }
    const double from_file = best_of(rounds, [&] {
        auto source = open_source(file, nullptr);
        if (source) parse(**source, format);
    });
    const double peak = peak_of_reading(file, format);
    const auto rate = [bytes](double seconds) { return bytes / seconds / 1e9; };
    fmt::print("{:<6} {:>6.1f} MB  memchr {:>6.2f} GB/s  memory {:>5.2f} GB/s ({:.2f} of it)  "
               "file {:>5.2f} GB/s ({:.2f})  {:>5.0f} ns/op  peak {:.0f} MiB\n",
               to_string(format),
               bytes / 1e6,
               rate(bare),
               rate(memory),
               bare / memory,
               rate(from_file),
               bare / from_file,
               from_file / static_cast<double>(operations) * 1e9,
               peak);
}

} // namespace

int main(int argc, char** argv) {
    const std::int64_t operations = argc > 1 ? std::atoll(argv[1]) : 1'000'000;
    const int rounds = argc > 2 ? std::atoi(argv[2]) : 5;
    std::string name = (fs::temp_directory_path() / "bench-parser-XXXXXX").string();
    if (operations < 1 || rounds < 1 || ::mkdtemp(name.data()) == nullptr) {
        fmt::print(stderr, "usage: bench_parser [OPERATIONS] [REPETITIONS]\n");
        return 64;
    }
    measure(HistoryFormat::jsonl, name, operations, rounds);
    measure(HistoryFormat::edn, name, operations, rounds);
    fs::remove_all(name);
    return 0;
}
