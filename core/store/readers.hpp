#pragma once

#include "core/result.hpp"
#include "core/store/assembly.hpp"
#include "core/store/import.hpp"
#include "core/store/line_buffer.hpp"

namespace faultlab {

// The parser of each format, for import.cpp only. `first` is the first piece of `lines`; what is
// read goes into `assembly`.
Result<ImportedHistory>
read_jsonl(LineBuffer& lines, LineBuffer::Piece first, HistoryAssembly& assembly);
Result<ImportedHistory>
read_edn(LineBuffer& lines, LineBuffer::Piece first, HistoryAssembly& assembly);
Result<ImportedHistory>
read_csv(LineBuffer& lines, LineBuffer::Piece first, HistoryAssembly& assembly);

} // namespace faultlab
