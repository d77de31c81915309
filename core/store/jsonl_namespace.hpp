#pragma once

#include "core/op.hpp"

/// Namespaces of the model kv in JSON lines ("ns"). Inside the lab a key of one is the list
/// [namespace, key]: another key to every checker, and in key order within its namespace. A key
/// without a namespace is itself. Pure.
namespace faultlab::jsonl {

/// Puts the keys of an operation into a namespace: its own, those of a scan's range and answer, and
/// those of a transaction's steps. What does not fit stays as it is. An absent one changes nothing.
void put_into_namespace(const Value& space, Op& op);

/// Takes them out again, and says which namespace it was; absent: none, or several, or keys that
/// have none, and then the operation stays as it is.
Value take_from_namespace(Op& op);

} // namespace faultlab::jsonl
