#include "misc/config/CConfigSchema.h"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "misc/config/SConfigSection.h"

namespace switchboard {

SConfigSection& CConfigSchema::Add(std::string_view name, std::string_view about, bool isList, std::type_index type,
                                   std::function<std::shared_ptr<void>()> make) {
  SConfigSection section{std::string(name), std::string(about), isList, type, std::move(make)};
  const size_t dot = section.name.rfind('.');
  const bool isInner = dot != std::string::npos;
  if (!IsConfigName(std::string_view(section.name).substr(isInner ? dot + 1 : 0))) {
    throw std::logic_error(fmt::format("\"{}\" is no name of a section", section.name));
  }
  if (isInner) {
    const auto p_outer = Find(std::string_view(section.name).substr(0, dot));
    if (p_outer == nullptr || p_outer->isList)
      throw std::logic_error(fmt::format("[{}] is in no section", section.name));
  }
  for (const auto& p_other : m_sections) {
    if (m_isCompleting && p_other->name == section.name && p_other->type == section.type) {
      return *m_repeated.emplace_back(std::make_shared<SConfigSection>(std::move(section)));
    }
    if (p_other->name == section.name) throw std::logic_error(fmt::format("[{}] is there already", section.name));
    if (p_other->type == section.type) {
      throw std::logic_error(fmt::format("[{}] and [{}] have the same type", p_other->name, section.name));
    }
  }
  return *m_sections.emplace_back(std::make_shared<SConfigSection>(std::move(section)));
}

void CConfigSchema::Complete(void (*p_describe)(CConfigSchema&)) {
  m_isCompleting = true;
  p_describe(*this);
  m_isCompleting = false;
  m_repeated.clear();
}

std::shared_ptr<const SConfigSection> CConfigSchema::Find(std::string_view section) const {
  for (const auto& p_section : m_sections) {
    if (p_section->name == section) return p_section;
  }
  return nullptr;
}

std::vector<std::string> CConfigSchema::Keys() const {
  std::vector<std::string> keys;
  for (const auto& p_section : m_sections) {
    for (const SConfigKey& key : p_section->keys) keys.push_back(p_section->name + "." + key.name);
  }
  return keys;
}

std::string CConfigSchema::Help() const {
  std::string help = "A reload applies what is not marked as fixed.\n";
  for (const auto& p_section : m_sections) {
    const std::string title = p_section->isList ? "[[" + p_section->name + "]]" : "[" + p_section->name + "]";
    help += fmt::format("\n{}  {}\n", title, p_section->about);
    for (const SConfigKey& key : p_section->keys) {
      help += fmt::format("  {} = {}{}\n      {}\n      allowed: {}\n", key.name, key.initial,
                          key.isFixed ? "  (fixed until the next start)" : "", key.about, key.allowed);
    }
  }
  return help;
}

}  // namespace switchboard
