#include "misc/config/SConfigSection.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace switchboard {

bool IsConfigName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

const SConfigKey* SConfigSection::Find(std::string_view key) const {
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const SConfigKey& one) { return one.name == key; });
  return found == keys.end() ? nullptr : &*found;
}

void SConfigSection::Add(SConfigKey key) {
  if (!IsConfigName(key.name)) throw std::logic_error(fmt::format("[{}]: \"{}\" is no name of a key", name, key.name));
  if (Find(key.name) != nullptr) throw std::logic_error(fmt::format("{}.{} is declared twice", name, key.name));
  key.initial = key.show(make().get());
  keys.push_back(std::move(key));
}

}  // namespace switchboard
