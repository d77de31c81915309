// Goal: the fast parsers accept exactly what the slow ones accept (tests/support), with the same
// history. Method: histories that were written by the lab, as they are and with bytes changed.

#include "core/rng.hpp"
#include "core/store/export.hpp"
#include "core/store/import.hpp"
#include "tests/support/history_reference.hpp"
#include "tests/unit/store/store_support.hpp"

#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

using namespace std::string_view_literals;

namespace faultlab::store_test {
namespace {

Result<ImportedHistory> read(std::string_view text, HistoryFormat format) {
    return import_history(*text_source(text), "h", {.format = format});
}

test::ReferenceReading read_slowly(std::string_view text, HistoryFormat format) {
    return format == HistoryFormat::edn ? test::reference_edn(text) : test::reference_jsonl(text);
}

void compare(std::string_view text, HistoryFormat format) {
    const auto fast = read(text, format);
    const auto slow = read_slowly(text, format);
    INFO(text);
    INFO((fast ? "accepted" : fast.error().text()) << " | " << slow.why);
    REQUIRE(fast.ok() == slow.record.has_value());
    if (fast) {
        CHECK(test::difference(fast->record, *slow.record) == "");
    } else if (format == HistoryFormat::jsonl) {
        CHECK(fast.error().message.starts_with(fmt::format("h:{}: ", slow.line)));
    }
}

/// Small histories in which everything occurs that the formats have.
std::string sample(Rng& rng, HistoryFormat format) {
    std::string text;
    for (std::uint64_t process = 0; process < 3; ++process) {
        static constexpr const char* values[] = {"null",
                                                 "7",
                                                 "-0",
                                                 "\"a\\u00e9\\n\"",
                                                 "[1, [2,\"x\"] ]",
                                                 "true",
                                                 "[\"k\",5]",
                                                 "12345678901234567890",
                                                 "1.5e3",
                                                 "{\"a\":[1]}",
                                                 "\"\xC3\xBC\"",
                                                 "9007199254740993"};
        static constexpr const char* edn_values[] = {"nil",
                                                     "7",
                                                     "-0",
                                                     "\"a\\u00e9\\n\"",
                                                     "[1, [2 :x]]",
                                                     "true",
                                                     "[\"k\" 5]",
                                                     "12345678901234567890",
                                                     "1.5e3",
                                                     "{:a 1}",
                                                     "{10 [1 2], 2 nil, \"\\n\" {}}",
                                                     "#{1 2}",
                                                     "#{:b 10 -3 [2] #{2 1}}",
                                                     "0x1f",
                                                     "36rZZ",
                                                     "-2r101N",
                                                     "16rG",
                                                     "0xFFFFFFFFFFFFFFFFF",
                                                     "1/2",
                                                     "#inst \"2020\"",
                                                     "[3 nil]",
                                                     "(1 2)",
                                                     "5N",
                                                     "\\a",
                                                     "#_ 3 4"};
        const bool edn = format == HistoryFormat::edn;
        const std::string value = edn ? edn_values[rng.below(std::size(edn_values))]
                                      : values[rng.below(std::size(values))];
        const char* f = rng.chance(1, 4) ? "cas" : rng.chance(1, 2) ? "read" : "write";
        const std::string line =
            edn ? "{{:process {}, :type :{}, :f :{}, :value {}, :time {}, :error :net-timeout}}\n"
                : "{{\"process\": {}, \"type\":\"{}\",\"f\":\"{}\",\"value\":{},\"time\":{},"
                  "\"x\":[{{}}]}}\n";
        const char* type = rng.chance(1, 3) ? "info" : rng.chance(1, 2) ? "ok" : "fail";
        text += fmt::format(fmt::runtime(line), process, "invoke", f, value, 100);
        text += fmt::format(fmt::runtime(line), process, type, f, value, 200);
    }
    if (rng.chance(1, 4)) text = format == HistoryFormat::edn ? "[" + text + "]" : "\n" + text;
    return text;
}

/// Bytes that mean something to a parser stand more often than others.
std::string changed(std::string text, Rng& rng) {
    static constexpr std::string_view bytes = "\"\\{}[]():,;#_ \n\t\r0129-+.eEnNtf\xC3"
                                              "\xBC\x80u/k\0"sv;
    for (std::uint64_t i = 1 + rng.below(3); i > 0; --i) {
        const std::size_t at = rng.below(text.size());
        const char byte = bytes[rng.below(bytes.size())];
        switch (rng.below(4)) {
            case 0: text[at] = byte; break;
            case 1: text.insert(at, 1, byte); break;
            case 2: text.erase(at, 1 + rng.below(4)); break;
            default: text.insert(at, text.substr(rng.below(text.size()), rng.below(30))); break;
        }
        if (text.empty()) text = " ";
    }
    return text;
}

TEST_CASE("the fast parsers accept what the slow ones accept", "[store]") {
    const auto format = GENERATE(HistoryFormat::jsonl, HistoryFormat::edn);
    const Rng root(31);
    for (int round = 0; round < 3'000; ++round) {
        Rng rng = root.split(std::to_string(round));
        const std::string text = sample(rng, format);
        compare(text, format);
        compare(changed(text, rng), format);
    }
}

TEST_CASE("a history is read alike however its bytes arrive", "[store]") {
    /// Hands out few bytes at a time.
    class Dripping final : public ByteSource {
    public:
        Dripping(std::string_view text, std::size_t step) : text_(text), step_(step) {}
        Result<std::size_t> read(std::span<char> into) override {
            const std::size_t size = std::min({into.size(), step_, text_.size()});
            std::copy_n(text_.begin(), size, into.begin());
            text_.remove_prefix(size);
            return size;
        }

    private:
        std::string_view text_;
        std::size_t step_;
    };
    const auto format = GENERATE(HistoryFormat::jsonl, HistoryFormat::edn);
    const Rng root(32);
    for (int round = 0; round < 300; ++round) {
        Rng rng = root.split(std::to_string(round));
        const std::string text = sample(rng, format);
        const auto whole = read(text, format);
        Dripping source(text, 1 + rng.below(40));
        const auto dripped = import_history(source, "h", {.format = format});
        INFO(text);
        REQUIRE(whole.ok() == dripped.ok());
        if (whole) CHECK(test::difference(whole->record, dripped->record) == "");
        if (!whole) CHECK(whole.error().text() == dripped.error().text());
    }
}

TEST_CASE("what Jepsen writes is read", "[store]") {
    const auto read_edn = [](std::string_view text) {
        auto imported = read(text, HistoryFormat::edn);
        INFO((imported ? "" : imported.error().text()));
        REQUIRE(imported);
        return std::move(imported->record);
    };
    const Record record = read_edn(R"([
#jepsen.history.Op{:index 0, :time 5, :type :invoke, :process 0, :f :write, :value [3 7]}
; a remark
{:index 1, :time 6, :type :info, :process :nemesis, :f :start, :value {"n1" #{"n2"}}}
{:index 2, :time 7, :type :invoke, :process 1, :f :read, :value [3 nil]}
{:type :ok, :process 1, :f :read,
 :value [3 7], :time 8}
{:type :info, :process 0, :f :write, :value [3 7], :error [:timeout "x"], :time 9} ])");
    REQUIRE(record.history.size() == 2);
    const Op write = record.history.op(0);
    CHECK(write.key == Value(3));
    CHECK(write.arg == Value(7));
    CHECK(write.status == OpStatus::info);
    CHECK(write.error == "[:timeout \"x\"]");
    CHECK(record.history.op(1).ret == Value(7));
    CHECK(record.history.op(1).t_ret == 8);
    REQUIRE(record.events.size() == 1);
    CHECK(record.events[0].kind == "nemesis");

    const Record tagged = read_edn(R"(
{:type :invoke, :process 0, :f :write, :value #jepsen.independent/tuple [3 #jepsen.independent/tuple (7 8)]}
{:type :ok, :process 0, :f :write, :value #jepsen.independent/tuple [3 [7 8]]}
{:type :invoke, :process 1, :f :cas, :value #jepsen.independent/tuple [4 7]}
{:type :invoke, :process 2, :f :read, :value [3 nil]})");
    REQUIRE(tagged.history.size() == 3);
    CHECK(tagged.history.op(0).key == Value(3));
    CHECK(tagged.history.op(0).arg == Value(Value::List{7, 8}));
    CHECK(tagged.history.op(0).status == OpStatus::ok);
    CHECK(tagged.history.op(1).key == Value(4)); // where nothing but the tag tells
    CHECK(tagged.history.op(2).key == Value(3));

    const Record plain = read_edn("{:process 0 :type :invoke :f :cas :value [1 2]}");
    CHECK(plain.history.op(0).key.is_absent());
    CHECK(plain.history.op(0).arg == Value(Value::List{1, 2}));
    const Record txn = read_edn("{:process 0 :type :invoke :f :txn :value [[:append 1 2]]}");
    CHECK(txn.history.op(0).arg == Value(Value::Transaction{{"append", 1, 2}}));
}

TEST_CASE("maps, sets and numbers of EDN are values", "[store]") {
    const auto value_of = [](const std::string& value) {
        const auto imported =
            read("{:process 0 :type :invoke :f :add :value " + value + "}", HistoryFormat::edn);
        return imported ? to_json(imported->record.history.op(0).arg) : imported.error().text();
    };
    CHECK(value_of("{1 5, 0 10}") == "[[0,10],[1,5]]");
    CHECK(value_of("{:amount 3, :to 1, :from 0}") == R"([["to",1],["from",0],["amount",3]])");
    CHECK(value_of("[[:poll {10 [[0 7] [1 8]], 2 []}]]") ==
          R"([["poll",[[2,[]],[10,[[0,7],[1,8]]]]]])");
    CHECK(value_of("#{3 10 1}") == "[1,3,10]");
    CHECK(value_of("#{10 1 3}") == "[1,3,10]");
    CHECK(value_of("#{}") == "[]");
    CHECK(value_of("[0x1F 2r101 36rZ -0x8000000000000000 7N]") ==
          "[31,5,35,-9223372036854775808,7]");
    const std::string refused =
        "\n  expected integers of 64 bits, texts, booleans, null, and lists of these";
    for (const std::string value : {"1/2",
                                    "1.5",
                                    "0x8000000000000000",
                                    "\\a",
                                    "sym",
                                    "017",
                                    "#inst \"2020\"",
                                    "{1 1.5}",
                                    "##NaN"})
        CHECK(value_of(value) == "h:1: 'value' is " + value + refused);
    CHECK(value_of("{1 2 3}").starts_with("h:1: a map has a key without a value"));
    CHECK(value_of("16rG").starts_with("h:1: 16rG is no number"));
}

TEST_CASE("EDN and CSV that are no histories are refused with their place", "[store]") {
    const std::string invoke = "{:process 1 :type :invoke :f :read :value nil}\n";
    const std::string header = "process,type,f,value\n";
    const auto [format, text, message] =
        GENERATE_COPY(table<HistoryFormat, std::string, std::string>({
            {HistoryFormat::edn,
             invoke + "{:process 1 :type",
             "h:2: it ends too early\n  expected maps, one an event: {:process 0, :type :invoke, "
             "…}"},
            {HistoryFormat::edn,
             "\n\n" + invoke + "\n 7",
             "h:5: there is '7'\n  expected maps, one an event: {:process 0, :type :invoke, …}"},
            {HistoryFormat::edn,
             invoke + "{:process 1 :type :ok :f :read :value 1.5}",
             "h:2: 'value' is 1.5\n  expected integers of 64 bits, texts, booleans, null, and "
             "lists of these"},
            {HistoryFormat::edn,
             "{:process 1 :type :invoke :f :read :value [3 nil]}\n"
             "{:process 2 :type :invoke :f :read :value nil}",
             "h:2: 'value' is nil\n  expected [key value], as in the other events"},
            {HistoryFormat::edn,
             "{:process 1 :type :invoke :f :read :value [3 nil]}\n"
             "{:process 2 :type :invoke :f :write :key 5 :value [3 2]}",
             "h:2: a ':key', where the values of other events are [key value]\n  expected one or "
             "the other in the whole file"},
            {HistoryFormat::edn,
             "[" + invoke,
             "h:2: the file ends too early\n  "
             "expected a closing ']'"},
            {HistoryFormat::csv,
             "process,type\n",
             "h:1: there is no column 'f'\n  expected a header with columns of these: "
             "process,type,f,key,value,time,node,error,client,due,ret,ns"},
            {HistoryFormat::csv,
             header + "0,invoke,read\n",
             "h:2: 3 cells\n  expected 4, as in the "
             "header"},
            {HistoryFormat::csv,
             header + "0,invoke,\"a\nb\",\n0,ok,\"a\nb\",x\n",
             "h:4: 'value' is x, which is not JSON\n  expected a JSON value: 4, \"text\", null, "
             "[1,2]"},
            {HistoryFormat::csv,
             header + "0,invoke,\"read,\n",
             "h:2: a quote that is not closed\n  expected a closing quote"},
        }));
    const auto imported = read(text, format);
    REQUIRE_FALSE(imported);
    CHECK(imported.error().text() == message);
    CHECK(imported.error().kind == ErrorKind::usage);
}

std::string refusal(std::string_view text, HistoryFormat format) {
    const auto imported = read(text, format);
    return imported ? "" : imported.error().text();
}

TEST_CASE("a tag of jepsen.independent is for values that are all tuples", "[store]") {
    CHECK(refusal("{:process 1 :type :invoke :f :read :value nil}\n"
                  "{:process 2 :type :invoke :f :read :value #jepsen.independent/tuple [3 nil]}",
                  HistoryFormat::edn) == "h:2: 'value' is #jepsen.independent/tuple [3 nil]\n"
                                         "  expected no tuple, as in the events before it");
    CHECK(refusal("{:process 1 :type :invoke :f :read :value #jepsen.independent/tuple 3}",
                  HistoryFormat::edn) == "h:1: 'value' is #jepsen.independent/tuple 3\n"
                                         "  expected [key value], as in the other events");
}

TEST_CASE("a process that is a number in quotes is refused", "[store]") {
    CHECK(refusal("{:process \"1\" :type :invoke :f :read :value nil}", HistoryFormat::edn) ==
          "h:1: 'process' is the text \"1\"\n  expected the integer 1");
    CHECK(refusal("\n"
                  R"({"process":"-12","type":"invoke","f":"read"})",
                  HistoryFormat::jsonl) ==
          "h:2: 'process' is the text \"-12\"\n  expected the integer -12");
    CHECK(refusal(R"({"process":"n1","type":"invoke","f":"read"})", HistoryFormat::jsonl).empty());
}

TEST_CASE("a column that is nearly called as one of ours is refused", "[store]") {
    struct Slip {
        const char* header;
        int column;
        const char* typed;
        const char* name;
    };
    const Slip slip = GENERATE(Slip{"proces,type,f,value", 1, "proces", "process"},
                               Slip{"process,type,f,vlaue", 4, "vlaue", "value"},
                               Slip{"process,type,f,valve", 4, "valve", "value"},
                               Slip{"process,type,f,value,keys", 5, "keys", "key"},
                               Slip{"process,type,f,value,NS", 5, "NS", "ns"},
                               Slip{"process, Type,f", 2, " Type", "type"});
    CHECK(refusal(std::string(slip.header) + "\n", HistoryFormat::csv) ==
          fmt::format("h:1: column {} is '{}', and no column '{}'\n"
                      "  expected '{}', or a name that is not so near to it",
                      slip.column,
                      slip.typed,
                      slip.name,
                      slip.name));
    const std::string others = "process,type,f,value,key,keys,note,rev,values,index\n";
    CHECK(refusal(others, HistoryFormat::csv).empty());
    CHECK(refusal("process,type,f,argument\n0,invoke,write,1\n", HistoryFormat::csv) ==
          "h:2: there is no 'value'; 'argument' is no field of ours\n"
          "  expected what the write is of, be it null");
}

TEST_CASE("a table whose header is quoted is told from JSON", "[store]") {
    const auto imported = import_history(
        *text_source("\"process\",\"type\",\"f\",\"value\"\n0,invoke,read,\n0,ok,read,4\n"), "h");
    REQUIRE(imported);
    CHECK(imported->record.history.op(0).ret == Value(4));
}

std::string gzipped(const std::string& text) {
    z_stream stream{};
    REQUIRE(::deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    std::string packed(::deflateBound(&stream, text.size()) + 64, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    REQUIRE(::deflate(&stream, Z_FINISH) == Z_STREAM_END);
    packed.resize(stream.total_out);
    ::deflateEnd(&stream);
    return packed;
}

std::string zstd_packed(const std::string& text) {
    std::string packed(::ZSTD_compressBound(text.size()), '\0');
    packed.resize(::ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 3));
    return packed;
}

TEST_CASE("packed files are read, also in several parts, and refused when cut short", "[store]") {
    std::string text;
    for (int i = 0; i < 20'000; ++i) {
        text += fmt::format(R"({{"process":{},"type":"invoke","f":"write","value":{}}})", i, i * 7);
        text += '\n';
    }
    const std::size_t middle = text.find('\n', text.size() / 2) + 5; // inside a line
    const auto pack = GENERATE(&gzipped, &zstd_packed);
    const std::string packed = pack(text.substr(0, middle)) + pack(text.substr(middle));
    const Directory scratch;
    const std::string file = (scratch.path() / "h.jsonl.packed").string();
    const auto read_file = [&](std::string_view bytes) {
        std::ofstream(file, std::ios::binary) << bytes;
        ReadProgress progress;
        auto source = open_source(file, &progress);
        REQUIRE(source);
        auto imported = import_history(**source, file);
        if (imported) CHECK(progress.bytes_read == progress.bytes_total);
        return imported;
    };
    const auto whole = read_file(packed);
    REQUIRE(whole);
    CHECK(whole->record.history.size() == 20'000);
    CHECK(whole->record.history.op(19'999).arg == Value(19'999 * 7));
    const auto cut = read_file(std::string_view(packed).substr(0, packed.size() - 10));
    REQUIRE_FALSE(cut);
    CHECK(cut.error().message.find("it ends too early") != std::string::npos);
    std::string damaged = packed;
    damaged[packed.size() / 3] ^= 0x55;
    damaged[packed.size() / 3 + 1] ^= 0x55;
    CHECK_FALSE(read_file(damaged));
    CHECK_FALSE(open_source("/nowhere/h.jsonl", nullptr));
}

} // namespace
} // namespace faultlab::store_test
