#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "misc/CDigest.h"

namespace switchboard {

// Beneath transfer.root: the unfinished uploads, and the ledger of them.
inline constexpr const char* kPartsFolder = ".parts";

// What an upload is known by: a digest of the path that it is for, and its size.
// Threads: one owner at a time.
struct SPartName {
  Sha256Bytes path{};
  uint64_t size = 0;

  static SPartName Of(std::string_view path, uint64_t size);
  // What a file in kPartsFolder is called; nothing if it isn't a part.
  static std::optional<SPartName> Parse(std::string_view name);
  // Beneath the root.
  std::string Path() const;
  // What is there and what is announced take at least this: without end, empty ones would take all inodes.
  uint64_t Weight() const { return size > 0 ? size : 1; }

  bool operator==(const SPartName&) const = default;
};

}  // namespace switchboard
