// Bytes as a history in the format jsonl.

#include "tests/fuzz/parser_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    faultlab::fuzz::check_parser(text, faultlab::HistoryFormat::jsonl);
    return 0;
}
