#include "net/http/CHttpRange.h"

#include <algorithm>

#include "net/http/HttpText.h"

namespace switchboard {

namespace {

constexpr size_t kMaxOverlaps = 2;

// Digits alone; what doesn't fit is as good as the largest number. False: no number.
bool ReadNumber(std::string_view text, uint64_t& number) {
  if (text.empty()) return false;
  number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    const auto digit = static_cast<uint64_t>(c - '0');
    number = number > (UINT64_MAX - digit) / 10 ? UINT64_MAX : number * 10 + digit;
  }
  return true;
}

}  // namespace

ERange CHttpRange::Read(std::string_view value, uint64_t fileBytes) {
  m_count = 0;
  // RFC 9110 section 14.2: a range of nothing would be unsatisfiable whatever it says.
  if (fileBytes == 0) return ERange::kWhole;
  const size_t equals = value.find('=');
  if (equals == std::string_view::npos || !IsHttpName(value.substr(0, equals), "bytes")) return ERange::kWhole;
  size_t specs = 0;
  CHttpList list(value.substr(equals + 1));
  for (std::string_view spec; list.Next(spec); ++specs) {
    if (specs == kMaxRanges || !ReadOne(spec, fileBytes)) {
      m_count = 0;
      return ERange::kWhole;
    }
  }
  if (m_count == 0) return ERange::kUnsatisfiable;
  if (IsWorthIt(fileBytes)) return ERange::kParts;
  m_count = 0;
  return ERange::kWhole;
}

bool CHttpRange::ReadOne(std::string_view spec, uint64_t fileBytes) {
  const size_t dash = spec.find('-');
  if (dash == std::string_view::npos) return false;
  const std::string_view before = spec.substr(0, dash);
  const std::string_view after = spec.substr(dash + 1);
  uint64_t first = 0;
  uint64_t last = UINT64_MAX;
  if (before.empty()) {
    uint64_t suffix = 0;
    if (!ReadNumber(after, suffix)) return false;
    const uint64_t bytes = std::min(suffix, fileBytes);
    if (bytes != 0) m_parts[m_count++] = {fileBytes - bytes, bytes};
    return true;
  }
  if (!ReadNumber(before, first) || (!after.empty() && !ReadNumber(after, last)) || last < first) return false;
  if (first < fileBytes) m_parts[m_count++] = {first, std::min(last, fileBytes - 1) - first + 1};
  return true;
}

bool CHttpRange::IsWorthIt(uint64_t fileBytes) const {
  uint64_t sum = 0;
  size_t overlaps = 0;
  for (size_t i = 0; i < m_count; ++i) {
    const SByteRange& part = m_parts[i];
    if (part.bytes > fileBytes - sum) return false;
    sum += part.bytes;
    overlaps += std::any_of(m_parts.begin(), m_parts.begin() + static_cast<std::ptrdiff_t>(i),
                            [&part](const SByteRange& other) {
                              return part.begin < other.begin + other.bytes && other.begin < part.begin + part.bytes;
                            })
                    ? 1
                    : 0;
  }
  return overlaps <= kMaxOverlaps;
}

}  // namespace switchboard
