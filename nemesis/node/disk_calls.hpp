#pragma once

#include "nemesis/node/disk_device.hpp"

#define FUSE_USE_VERSION 312
#include <fuse_lowlevel.h>

/// What the kernel asks of the mount, carried out by a DiskDevice, which is the session's user
/// data.
namespace faultlab::node {

[[nodiscard]] const fuse_lowlevel_ops& disk_calls();
/// Under which the kernel knows the node.
[[nodiscard]] fuse_ino_t node_number(DiskDevice& device, const DiskNode& node);

} // namespace faultlab::node
