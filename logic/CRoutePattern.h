#pragma once

#include <optional>
#include <string_view>

namespace switchboard {

// The path of a route, of whose parts some may be "{name}": any one part that isn't empty.
// Threads: any.
class CRoutePattern {
 public:
  // What is wrong with it and the mend; empty when nothing is.
  static std::string_view Mistake(std::string_view pattern);
  static bool HasNames(std::string_view pattern) { return pattern.find('{') != std::string_view::npos; }
  static bool Fits(std::string_view pattern, std::string_view path);
  // The part of a path that fits for which {name} stands; nullopt when there is none of that name.
  static std::optional<std::string_view> Value(std::string_view pattern, std::string_view path, std::string_view name);
  // Of two that may fit the same path, whether the first goes first; false for both when they fit the same paths.
  static bool GoesFirst(std::string_view pattern, std::string_view other);
};

}  // namespace switchboard
