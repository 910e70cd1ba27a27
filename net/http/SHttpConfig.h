#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace switchboard {

template <class T>
class CConfigSection;

// Of a listener with protocol "http".
struct SHttpConfig {
  std::vector<std::string> index{"index.html"};
  bool listing = false;
  bool follow_symlinks = true;            // as long as they stay beneath the root
  std::string charset = {};               // told with files of text; empty: none
  std::vector<std::string> headers = {};  // "Name: value", each
  std::string access_log = {};            // empty: none
  uint32_t head_bytes = 16384;            // of a request: its line and its headers
  uint32_t body_bytes = 1048576;          // of a request
  std::chrono::milliseconds idle_timeout{75000};
  uint32_t min_rate = 1000;  // bytes per second that a peer must take of what waits for it; 0: any

  // Adds its keys to those of the listener.
  static void Describe(CConfigSection<SHttpConfig> listener);
  bool operator==(const SHttpConfig&) const = default;
};

}  // namespace switchboard
