#include "logic/CRoutePattern.h"

#include <algorithm>
#include <set>

namespace switchboard {

namespace {

// Takes the first part of a path: what is before the next '/'.
std::string_view TakePart(std::string_view& path) {
  const std::string_view part = path.substr(0, path.find('/'));
  path.remove_prefix(part.size() < path.size() ? part.size() + 1 : path.size());
  return part;
}

bool IsName(std::string_view part) { return part.starts_with('{'); }

size_t Parts(std::string_view path) { return static_cast<size_t>(std::count(path.begin(), path.end(), '/')); }

}  // namespace

std::string_view CRoutePattern::Mistake(std::string_view pattern) {
  if (pattern.find('*') != std::string_view::npos) {
    return "there is no '*': write \"{name}\" for one part, and a route for each number of parts";
  }
  std::set<std::string_view> names;
  while (!pattern.empty()) {
    const std::string_view part = TakePart(pattern);
    if (part.find_first_of("{}") == std::string_view::npos) continue;
    const std::string_view inner = part.size() > 2 ? part.substr(1, part.size() - 2) : std::string_view{};
    const bool isName =
        IsName(part) && part.ends_with('}') && !inner.empty() && inner.find_first_of("{}") == std::string_view::npos;
    if (!isName) return "a name stands for a whole part of the path: \"/{name}\", and not \"/a{name}\" or \"/{}\"";
    if (!names.insert(inner).second) return "it has the same {name} twice";
  }
  return {};
}

bool CRoutePattern::Fits(std::string_view pattern, std::string_view path) {
  if (Parts(pattern) != Parts(path)) return false;
  for (size_t left = Parts(pattern) + 1; left > 0; --left) {
    const std::string_view part = TakePart(pattern);
    const std::string_view given = TakePart(path);
    if (IsName(part) ? given.empty() : part != given) return false;
  }
  return true;
}

std::optional<std::string_view> CRoutePattern::Value(std::string_view pattern, std::string_view path,
                                                     std::string_view name) {
  while (!pattern.empty()) {
    const std::string_view part = TakePart(pattern);
    const std::string_view given = TakePart(path);
    if (IsName(part) && part.substr(1, part.size() - 2) == name) return given;
  }
  return std::nullopt;
}

bool CRoutePattern::GoesFirst(std::string_view pattern, std::string_view other) {
  while (!pattern.empty() && !other.empty()) {
    const std::string_view part = TakePart(pattern);
    const std::string_view others = TakePart(other);
    if (IsName(part) != IsName(others)) return !IsName(part);
  }
  return false;
}

}  // namespace switchboard
