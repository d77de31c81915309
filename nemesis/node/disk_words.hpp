#pragma once

#include "nemesis/node/disk_device.hpp"

#include <string>
#include <string_view>

/// The orders that the lab gives a disk, and its report, each one line of JSON.
namespace faultlab::node {

/// {"order":"track"}                      remembers what is unsynced, from now on
/// {"order":"add","rule":{…}}             see read_rule
/// {"order":"remove","id":7}
/// {"order":"await-hit","id":7,"limit":1} until the rule has hit something, or the limit is over
/// {"order":"cut","at":0,"seed":1,"keep":0,"tear":"none","lies":0,"names":"journal"}
/// {"order":"await"}                      the cut; answered with what it took
/// {"order":"off"}  {"order":"on"}        of the power, after a cut
/// {"order":"drop"}                       what failed syncs have lost leaves the page cache
/// Answered by {"ok":true,…}, or by {"error":"…"} when nothing was done.
[[nodiscard]] std::string obey(DiskDevice& device, std::string_view order);

/// {"power":"on","tracks":true,"dirty":3,"lost":0,"now":1764000000000000000,
///  "cut":{"files":0,"pages":0,"kept":0,"names":0},
///  "ops":{"write":{"calls":10,"failed":0,"time":123},…},
///  "rules":{"7":{"active":true,"matched":10,"hit":5,"delay":250000000},…}}
[[nodiscard]] std::string disk_report(DiskDevice& device);

/// A rule from JSON; what is missing has its default. Throws std::invalid_argument with the reason.
[[nodiscard]] DiskRule read_rule(std::string_view json);

} // namespace faultlab::node
