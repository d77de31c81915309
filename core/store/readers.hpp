#pragma once

#include "core/result.hpp"
#include "core/store/import.hpp"
#include "core/store/line_buffer.hpp"

#include <string_view>

namespace faultlab {

// The parser of each format, for import.cpp only. `first` is the first piece of `lines`.
Result<ImportedHistory>
read_jsonl(LineBuffer& lines, LineBuffer::Piece first, std::string_view file_name);
Result<ImportedHistory>
read_edn(LineBuffer& lines, LineBuffer::Piece first, std::string_view file_name);
Result<ImportedHistory>
read_csv(LineBuffer& lines, LineBuffer::Piece first, std::string_view file_name);

} // namespace faultlab
