#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace switchboard {

// Bytes of a file, at least one.
struct SByteRange {
  uint64_t begin = 0;
  uint64_t bytes = 0;
  bool operator==(const SByteRange&) const = default;
};

// What a Range field asks for.
enum class ERange : uint8_t {
  kWhole,         // no range, or none that counts: 200 with all of it
  kParts,         // 206 with these
  kUnsatisfiable  // 416
};

// Reads a Range field (RFC 9110 §14.2) against the size of a file. Anything malformed is ignored, as if there were no
// field; so is what costs more than it is worth (§17.15): more ranges than kMaxRanges, more than two that overlap
// another, or ranges that sum up to more than the file; and any range of an empty file.
// Threads: one owner at a time.
class CHttpRange {
 public:
  static constexpr size_t kMaxRanges = 16;

  ERange Read(std::string_view value, uint64_t fileBytes);
  // In the order in which they were asked for; those that begin behind the end of the file are left out.
  std::span<const SByteRange> Parts() const { return {m_parts.data(), m_count}; }

 private:
  // Reads one "a-b", "a-" or "-n". False: malformed.
  bool ReadOne(std::string_view spec, uint64_t fileBytes);
  bool IsWorthIt(uint64_t fileBytes) const;

  size_t m_count = 0;
  std::array<SByteRange, kMaxRanges> m_parts;
};

}  // namespace switchboard
