#pragma once

#include "misc/config/CConfigSection.h"
#include "misc/config/SConfigValue.h"

namespace switchboard {

// How a kind of value is read into a member, whose address is all that is known of it, and shown.
// Threads: any, once it is made.
struct CConfigRules::SRule {
  std::string allowed;
  std::function<ConfigComplaint(const SConfigValue& value, void* p_member)> read;
  std::function<std::string(const void* p_member)> show;
};

template <class T>
template <class ReadValue, class ShowValue>
CConfigSection<T>& CConfigSection<T>::Special(std::string_view name, std::string_view allowed, std::string_view about,
                                              ReadValue read, ShowValue show) {
  SRule rule{std::string(allowed),
             [read](const SConfigValue& value, void* p) { return read(value, *static_cast<T*>(p)); },
             [show](const void* p) { return show(*static_cast<const T*>(p)); }};
  Declare(name, about, std::make_shared<SRule>(std::move(rule)), nullptr,
          [part = m_part](void* p) -> void* { return &part(p); });
  return *this;
}

}  // namespace switchboard
