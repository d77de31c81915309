#pragma once

#include "core/fault.hpp"
#include "core/options.hpp"
#include "core/result.hpp"
#include "core/types.hpp"
#include "core/value.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/// Parameters of faults as text: what a user writes, what a plan stores. All of it is pure. Each
/// function names the parameter in its usage error, and what would be right.
namespace faultlab {

/// Splits what follows the name of a fault, "leader:delay=50ms:jitter=5ms" or "delay=50ms" or
/// "leader": the part without "=" becomes the target, the others the parameters, completed with the
/// fallbacks of `options`. A parameter that the fault does not have is a usage error. Where the
/// fault has no options, all of the detail is the target.
Result<void> read_detail(std::string_view detail,
                         std::span<const OptionSpec> options,
                         std::string_view owner,
                         FaultSpec& spec);

/// "NAME cannot be 'TEXT'", with what would be right.
[[nodiscard]] Error
refused_parameter(const std::string& name, const std::string& text, std::string_view right);

/// Empty when it is missing or no text.
[[nodiscard]] std::string text_of(const Params& params, const std::string& name);
/// Missing, or no list of texts: empty.
[[nodiscard]] std::vector<std::string> texts_of(const Params& params, const std::string& name);
/// The other way round.
[[nodiscard]] Value::List text_list(const std::vector<std::string>& texts);
/// 0 when it is missing or no integer.
[[nodiscard]] std::int64_t integer_of(const Params& params, const std::string& name);

/// "50ms", "100us", "1s"; "0" is no time.
Result<Nanos> duration_parameter(const Params& params, const std::string& name);
/// The same without 0.
Result<Nanos> positive_duration_parameter(const Params& params, const std::string& name);
/// "20%" or "20" or "0.1%": from 0 to 100; returned as millionths, so that 100 % is 1,000,000.
Result<std::int64_t> share_parameter(const Params& params, const std::string& name);
/// "5%" or "150%" of one processor, above 0, at most 100 processors; in millionths.
Result<std::int64_t> processors_parameter(const Params& params, const std::string& name);
/// Bytes: "128KiB", "5MiB", "1GiB" or a plain number; at least 1.
Result<std::int64_t> bytes_parameter(const Params& params, const std::string& name);
/// Bits a second: "1mbit", "100kbit", "1gbit"; at least 1 kbit.
Result<std::int64_t> rate_parameter(const Params& params, const std::string& name);
/// A whole number from least to most.
Result<std::int64_t> integer_parameter(const Params& params,
                                       const std::string& name,
                                       std::int64_t least,
                                       std::int64_t most);

/// "20 %", "0.1 %": for summaries.
[[nodiscard]] std::string share_text(std::int64_t millionths);
/// "64 MiB", "7 bytes": likewise.
[[nodiscard]] std::string bytes_text(std::int64_t bytes);

} // namespace faultlab
