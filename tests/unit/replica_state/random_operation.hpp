#pragma once

#include "core/rng.hpp"
#include "replica/core/operations.hpp"

/// A scalar that can be stored: integers at the edges too, texts of up to `text_bytes`.
faultlab::Value random_value(faultlab::Rng& rng, std::size_t text_bytes);
/// One of a few integers and texts, some of which differ only after many bytes.
faultlab::Value random_key(faultlab::Rng& rng);
/// Any operation on keys.
faultlab::replica::Operation random_operation(faultlab::Rng& rng, std::size_t text_bytes);
