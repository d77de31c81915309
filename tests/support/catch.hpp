#pragma once

// Debian 12 ships Catch2 v2, Debian 13 ships v3: one include for both.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx; // v2 has it in the global namespace
#else
#include <catch2/catch.hpp>
#endif
