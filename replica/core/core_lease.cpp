#include "replica/core/core.hpp"

// Reads that the primary serves from its state.
namespace faultlab::replica {

bool Replica::Core::serve_read(const Message& /*message*/, std::uint64_t /*link*/) {
    return false;
}

} // namespace faultlab::replica
