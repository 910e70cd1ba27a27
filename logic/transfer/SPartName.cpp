#include "logic/transfer/SPartName.h"

#include <fmt/format.h>

#include <charconv>
#include <span>

namespace switchboard {

namespace {

constexpr size_t kDigits = 2 * sizeof(Sha256Bytes);

}  // namespace

SPartName SPartName::Of(std::string_view path, uint64_t size) {
  return {CDigest::Sha256Of(std::as_bytes(std::span(path))), size};
}

std::optional<SPartName> SPartName::Parse(std::string_view name) {
  if (name.size() < kDigits + 2 || name[kDigits] != '-') return std::nullopt;
  SPartName part;
  for (size_t i = 0; i < part.path.size(); ++i) {
    const char* const p_digits = name.data() + 2 * i;
    const auto [p_rest, error] = std::from_chars(p_digits, p_digits + 2, part.path[i], 16);
    if (error != std::errc{} || p_rest != p_digits + 2) return std::nullopt;
  }
  const char* const p_end = name.data() + name.size();
  const auto [p_rest, error] = std::from_chars(name.data() + kDigits + 1, p_end, part.size);
  if (error != std::errc{} || p_rest != p_end) return std::nullopt;
  return part;
}

std::string SPartName::Path() const { return fmt::format("{}/{}-{}", kPartsFolder, CDigest::Hex(path), size); }

}  // namespace switchboard
