#pragma once

#include "tests/lint/tree.hpp"

namespace faultlab::lint {

// Each lint is a pure function of the tree. It is as exact as a reading of the text can be: it
// knows comments and quotes, but no types and no macros.

/// Who may include and link whom: the folder table of docs/ARCHITECTURE.md.
Problems layering(const Tree& tree);
/// No clocks, randomness, sleeps, threads, printing or files in pure folders; anywhere, no raw
/// `new`, no `goto`, no `using namespace std`, no check silenced without a reason, no open end
/// without an issue.
Problems banned(const Tree& tree);
/// Every extension file is named in its folder's catalogue, and every name there has its file.
Problems catalogue(const Tree& tree);
/// Files of at most 600 lines, functions of at most 70, lines of at most 100 columns. What stands
/// in a raw string is a document, not code, and counts for files only.
Problems length(const Tree& tree);
/// Every assertion of the replicated store has an id of its own, and a test that names the id
/// because it trips it.
Problems assertions(const Tree& tree);
/// Links in documents lead somewhere; the README is at most 150 lines.
Problems docs(const Tree& tree);

} // namespace faultlab::lint
