#pragma once

#include <cstdint>

namespace switchboard {

class CConfigSchema;

// [hub] of the configuration.
struct SHubConfig {
  uint32_t joins_per_session = 64;
  uint64_t queue_bytes = uint64_t{4} << 20;

  static void Describe(CConfigSchema& schema);
  bool operator==(const SHubConfig&) const = default;
};

}  // namespace switchboard
